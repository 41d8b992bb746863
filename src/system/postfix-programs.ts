import { programsOf, transportServices } from '../core/master-services.ts';
import { transportSettings, type TransportSetting } from '../core/transport-settings.ts';
import { exec } from './exec.ts';

/**
 * Postfix's programs read numbers, times and yes or no when they begin, each its own, and end at once at a value that they do not
 * understand; its master then waits for a minute. Nothing else of Postfix looks at these values.
 */

/**
 * With these a program reads its settings, runs its "debugger" and is gone, before it has touched anything: `-D` is meant for that
 * (DEBUG_README); `-l`, `-z` and `-t` say what master(8) says. It has no place for a log, and none is wanted: `-o` wins over main.cf.
 */
const ONLY_READS = [
  ...['-D', '-l', '-z', '-t', 'unix'],
  // virtual(8) wants one, also where nobody uses it.
  ...['-o', 'virtual_mailbox_base=/nonexistent'],
  ...['-o', 'debugger_command=echo started; kill -9 $process_id'],
  ...['-o', 'queue_directory=/nonexistent', '-o', 'maillog_file_prefixes=/var', '-o', 'maillog_file=/var/log/none'],
];

/** It writes the log of the others. */
const LOGGER = 'postlogd';

/**
 * Overrides at whose values programs of Postfix would end at once, in sentences that begin with the name.
 * @param staged the directory of main.cf and master.cf
 */
export async function refusedValues(
  staged: string,
  overrides: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  if (overrides.size === 0) return [];
  const [{ stdout: place }, { stdout: services }] = await Promise.all([
    exec('postconf', ['-c', staged, '-hx', 'daemon_directory']),
    exec('postconf', ['-c', staged, '-M']),
  ]);
  const look: Look = { staged, directory: place.trim() };
  const programs = programsOf(services).filter((program) => program !== LOGGER);
  const ofTransports = transportSettings(overrides.keys(), transportServices(services));
  const [silent, doubtful] = await Promise.all([
    only(programs, async (program) => !(await starts(look, program))),
    only(
      await withValues(staged, ofTransports),
      async (one) => !(await starts(look, 'qmgr', [[one.general, one.value]])),
    ),
  ]);
  if (silent.length + doubtful.length === 0) return [];
  const defaults = await defaultValues(staged);
  const among: Among = { look, names: [...overrides.keys()].filter((name) => defaults.has(name)), defaults };
  const refused = [...(await refusedByProgram(among, silent)), ...(await refusedByTransport(among, doubtful))];
  return refused.map(({ program, setting, general = setting }) => {
    const value = defaults.get(general) ?? '';
    const usual = value === '' ? '' : ` (the default is ${value})`;
    return `${setting}: ${program} would end at once with this value${usual}`;
  });
}

interface Look {
  readonly staged: string;
  /** Of the programs. */
  readonly directory: string;
}

/** What is to be told apart once something is wrong. */
interface Among {
  readonly look: Look;
  /** Of the overrides. */
  readonly names: readonly string[];
  readonly defaults: ReadonlyMap<string, string>;
}

interface Refused {
  readonly program: string;
  readonly setting: string;
  readonly general?: string;
}

interface TransportValue extends TransportSetting {
  readonly value: string;
}

/** Whether a program gets past reading its settings, with some that are other than in main.cf. */
async function starts(
  { staged, directory }: Look,
  program: string,
  others: readonly (readonly [string, string])[] = [],
): Promise<boolean> {
  const options = others.flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const { stdout } = await exec(`${directory}/${program}`, [...options, ...ONLY_READS], {
    directory: staged,
    variables: { MAIL_CONFIG: staged },
  });
  return stdout === 'started\n';
}

/** Which overrides it is that programs end at: each is looked at alone, the others at their defaults. */
async function refusedByProgram(
  { look, names, defaults }: Among,
  programs: readonly string[],
): Promise<readonly Refused[]> {
  const found: Refused[] = [];
  const unless = (kept: (name: string) => boolean): readonly (readonly [string, string])[] =>
    names.filter((name) => !kept(name)).map((name) => [name, defaults.get(name) ?? '']);
  for (const program of programs) {
    if (
      await starts(
        look,
        program,
        unless((name) => found.every(({ setting }) => setting !== name)),
      )
    )
      continue;
    // Otherwise it is no fault of the overrides.
    if (
      !(await starts(
        look,
        program,
        unless(() => false),
      ))
    )
      continue;
    const guilty = await only(
      names,
      async (name) =>
        !(await starts(
          look,
          program,
          unless((one) => one === name),
        )),
    );
    found.push(...guilty.map((setting) => ({ program, setting })));
  }
  return found;
}

/** qmgr(8) reads those of a transport only when there is mail for it, so it is asked about the same value for all of them. */
async function refusedByTransport(
  { look, names, defaults }: Among,
  doubtful: readonly TransportValue[],
): Promise<readonly Refused[]> {
  const usual = names.map((name) => [name, defaults.get(name) ?? ''] as const);
  if (doubtful.length === 0 || !(await starts(look, 'qmgr', usual))) return [];
  const refused = await only(
    doubtful,
    async ({ general, value }) => !(await starts(look, 'qmgr', [...usual, [general, value]])),
  );
  return refused.map(({ setting, general }) => ({ program: 'qmgr', setting, general }));
}

/** With every $name in them expanded. */
function withValues(staged: string, settings: readonly TransportSetting[]): Promise<readonly TransportValue[]> {
  const valueOf = async (setting: string): Promise<string> =>
    (await exec('postconf', ['-c', staged, '-hx', setting])).stdout.trim();
  return Promise.all(settings.map(async (one) => ({ ...one, value: await valueOf(one.setting) })));
}

async function defaultValues(staged: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await exec('postconf', ['-c', staged, '-d']);
  return new Map([...stdout.matchAll(/^(\S+) = ?(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

async function only<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const results = await Promise.all(all.map(holds));
  return all.filter((_, number) => results[number]);
}
