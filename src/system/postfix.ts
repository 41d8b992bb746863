import { existsSync, readdirSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { exec, MissingProgram, type Finished } from './exec.ts';
import { argumentsOf, daemonsIn, endProcesses, nameOf, processOf, signal } from './processes.ts';
import { lstat, readIfPresent } from './files.ts';
import { missingPackage } from './packages.ts';

/** Postfix's own commands on one configuration directory. */

/** What Postfix says about a configuration; empty when it is content. Anything on standard error is a complaint. */
export async function checkPostfix(configDirectory: string): Promise<readonly string[]> {
  const complaints = await Promise.all([
    // Unknown parameters and undefined names are told only here, with exit status 0 (postconf(1)).
    exec('postconf', ['-c', configDirectory, '-n']),
    exec('postconf', ['-c', configDirectory, '-Mf']),
    exec('postconf', ['-c', configDirectory, '-P']),
  ]);
  return complaints.flatMap(complaintsOf);
}

/**
 * `postfix check` has find(1) look through the queue and the data directory of the Postfix that runs, and its files come and
 * go: find says so when one that it was about to look at has gone, which is no fault of anything.
 */
const WENT_MEANWHILE =
  /^find: \S*\/(?:(?:saved|incoming|active|defer|deferred|bounce|hold|trace|corrupt|public|private|flush)|\.)\/\S+: No such file or directory$/;

/** Ownership, modes and directories of the installation; it makes the queue's directories. */
export async function checkInstallation(configDirectory: string): Promise<readonly string[]> {
  const result = await exec('postfix', ['-c', configDirectory, 'check']);
  if (result.code === 0 && result.stderr.trim() === '') return [];
  const isOfTheOneInForce = await aboutTheOneInForce(configDirectory);
  const said = complaintsOf({ ...result, code: 0 }).filter((line) => !isOfTheOneInForce(line));
  if (result.code === 0) return said.filter((line) => !WENT_MEANWHILE.test(line));
  if (said.length > 0) return said;
  // Without a terminal it tells only the log why it failed, and there may be none; script(1) is a terminal. The path has
  // passed the renderer, which lets only harmless characters into it.
  const { stdout } = await exec('script', ['-qec', `postfix -c ${configDirectory} check`, '/dev/null']);
  const lines = stdout.replaceAll('\r', '').split('\n');
  return complaintsOf({ ...result, stderr: lines.filter((line) => !isOfTheOneInForce(line)).join('\n') });
}

/**
 * `postfix check` asks the configuration of the default instance, too, whether there are several, and what is wrong with
 * that is no fault of the one that it is to look at, which may be what puts it right.
 */
async function aboutTheOneInForce(checked: string): Promise<(line: string) => boolean> {
  const { stdout } = await exec('postconf', ['-c', checked, '-dh', 'config_directory']);
  const files = ['main.cf', 'master.cf'].map((name) => `${stdout.trim()}/${name}`);
  return (line) => {
    const [, file = ''] = /^\S*postconf: (?:warning|error|fatal): (?:open |file )?([^\s,:]+)/.exec(line) ?? [];
    return files.includes(file);
  };
}

/** Postfix logs in elsewhere by plugins of a library, and says only in its log, message by message, that it has none. */
export function requireLoginPlugins(configDirectory: string): void {
  if (readIfPresent(`${configDirectory}/master.cf`)?.includes('smtp_sasl_auth_enable=yes') !== true) return;
  const libraries = ['/usr/lib', '/usr/lib64'].filter((path) => existsSync(path));
  const places = libraries.flatMap((path) => [path, ...readdirSync(path).map((name) => `${path}/${name}`)]);
  const found = places.some(
    (path) => existsSync(`${path}/sasl2/libplain.so`) || existsSync(`${path}/sasl2/libplain.so.2`),
  );
  if (!found) throw missingPackage(new MissingProgram('libplain.so'));
}

function complaintsOf({ code, stderr }: Finished): readonly string[] {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  if (code !== 0 && lines.length === 0) return [`it ended with status ${code} and said nothing`];
  return lines;
}

/**
 * Builds the indexed form of a table or of aliases(5); `source` and the result are beside each other. For a table of ours
 * every complaint is a refusal. In aliases(5) others write as well, and Postfix passes over what is wrong there.
 * @param target where the source is going to be: what complaints name
 * @returns what Postfix passes over
 */
export async function buildIndex(
  builder: 'postmap' | 'postalias',
  type: string,
  { source, target }: { readonly source: string; readonly target: string },
  config: string,
): Promise<readonly string[]> {
  const { code, stderr } = await exec(builder, ['-c', config, `${type}:${source}`]);
  const complaints = stderr.split('\n').filter((line) => line.trim() !== '');
  const named = [...new Set(complaints)].map((line) => line.replaceAll(source, target));
  if (code === 0 && (builder === 'postalias' || named.length === 0))
    return named.map((line) => line.replace(/^\S*postalias: warning: /, ''));
  throw failed(`${builder} refuses ${target}: ${named.join('\n')}`);
}

export async function startPostfix(configDirectory: string): Promise<void> {
  await control(configDirectory, 'start');
}

export async function stopPostfix(configDirectory: string): Promise<void> {
  await control(configDirectory, 'stop');
}

export async function reloadPostfix(configDirectory: string): Promise<void> {
  await control(configDirectory, 'reload');
}

/** `postfix reload` and the like take a tenth of a second; a long active queue is looked through. */
const PATIENCE = 15_000;

async function control(configDirectory: string, action: 'start' | 'stop' | 'reload'): Promise<void> {
  const { code } = await exec('postfix', ['-c', configDirectory, action], { detached: true, patience: PATIENCE });
  if (code !== 0) throw failed(`postfix ${action} ended with status ${code}`, 'its log says why');
}

/** The process id of a running master, from the pid file of its queue; undefined when none runs. */
export function postfixProcess(queueDirectory: string): number | undefined {
  return processOf(`${queueDirectory}/pid/master.pid`, 'master', queueDirectory);
}

/** SMTP and LMTP clients that have processes: the arguments of each, by which its service can be told. */
export function runningClients(queueDirectory: string): readonly (readonly string[])[] {
  const clients = daemonsIn(queueDirectory).filter((pid) => ['smtp', 'lmtp'].includes(nameOf(pid) ?? ''));
  return clients.map(argumentsOf).filter((args) => args.length > 0);
}

/** Programs of Postfix that outlive their master hold its ports for up to two minutes, and can take no mail any more. */
export async function endOrphans(queueDirectory: string): Promise<void> {
  if (lstat(queueDirectory) === undefined) return;
  const left = daemonsIn(queueDirectory);
  if (left.some((pid) => nameOf(pid) === 'master')) return;
  signal(left, 'SIGTERM');
  await endProcesses(() => left, 2_000);
}
