import { existsSync } from 'node:fs';
import { namedTables, namedTypes, type NamedTable } from '../core/named-tables.ts';
import { programsByService, transportServices } from '../core/master-services.ts';
import { isServiceName, namedTransports, type NamedTransport } from '../core/named-transports.ts';
import { exec } from './exec.ts';

/**
 * Tables and transports that a configuration names and that are not there, in sentences. Postfix's own checks look for none
 * of them: it would answer every question about such a table with a temporary error, and keep what is for such a transport
 * in its queue.
 * @param staged the directory of main.cf and master.cf
 * @param live the directory that they are meant for, as $config_directory will be
 * @param coming files that will be there
 */
export async function missingParts(
  staged: string,
  live: string,
  coming: ReadonlySet<string>,
): Promise<readonly string[]> {
  const [general = '', ofServices = '', services = '', types = ''] = await Promise.all(
    [['-n', '-x'], ['-P', '-x'], ['-M'], ['-m']].map(
      async (args) => (await exec('postconf', ['-c', staged, ...args])).stdout,
    ),
  );
  const listed = `${general}\n${ofServices}`.replaceAll(`${staged}/`, `${live}/`);
  const there = (path: string): boolean => coming.has(path) || existsSync(path);
  const transports = transportServices(services);
  const known = new Set(types.split('\n'));
  const isKnown = (type: string): boolean => types === '' || known.has(type);
  const named = namedTransports(listed);
  return [
    ...namedTypes(listed)
      .filter(({ type }) => !isKnown(type))
      .map(
        ({ setting, table, type }) =>
          `${setting} names the table ${table}, and this Postfix has no tables of type ${type}; install postfix-${type}, if there is one`,
      ),
    ...namedTables(listed)
      .filter(({ type, file }) => isKnown(type) && !there(file))
      .map((table) => describe(table, live, there)),
    ...(await otherPrograms(staged, named, services)),
    ...named
      .filter(({ transport }) => !transports.has(transport))
      .map(
        ({ setting, transport }) => `${setting} names the transport ${transport}, and master.cf has no such service`,
      ),
  ];
}

/** A part of Postfix that is asked in another's place never answers, and who waits for it is not even reached by a reload. */
async function otherPrograms(
  staged: string,
  named: readonly NamedTransport[],
  services: string,
): Promise<readonly string[]> {
  const parts = named.filter(({ setting }) => isServiceName(setting));
  if (parts.length === 0) return [];
  const { stdout } = await exec('postconf', ['-c', staged, '-d', ...parts.map(({ setting }) => setting)]);
  const defaults = namedTransports(stdout);
  const programs = programsByService(services);
  const meant = new Map(defaults.map(({ setting, transport }) => [setting, programs.get(transport)]));
  return parts.flatMap(({ setting, transport }) => {
    const [is, should] = [programs.get(transport), meant.get(setting)];
    return is === undefined || should === undefined || is === should
      ? []
      : [`${setting} names the service ${transport}, which is ${is} and not ${should}`];
  });
}

function describe(
  { setting, table, file, source }: NamedTable,
  live: string,
  there: (path: string) => boolean,
): string {
  const said = `${setting} names the table ${table}, but there is no ${file}`;
  if (source === undefined || !there(source)) return said;
  const builder = setting.startsWith('alias_') ? 'postalias' : 'postmap';
  return `${said}; make it: ${builder} ${live === '/etc/postfix' ? '' : `-c ${live} `}${table}`;
}
