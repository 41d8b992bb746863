import { rmSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { exec, MissingProgram, type Finished } from './exec.ts';
import { lstat, makeDirectory, readIfPresent } from './files.ts';
import { missingPackage } from './packages.ts';
import { processOf, waitUntil } from './processes.ts';

/** Dovecot's own commands on one configuration file. */

/**
 * What Dovecot says about a configuration (only its first error); empty when it is content.
 * @param withFiles also files whose content is a setting are read, as by `ssl_ca = <FILE`
 */
export async function checkDovecot(configFile: string, withFiles: boolean): Promise<readonly string[]> {
  const { code, stderr } = await exec('doveconf', ['-c', configFile, '-n', ...(withFiles ? ['-x'] : [])]);
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  if (code !== 0 && lines.length === 0) return [`doveconf ended with status ${code} and said nothing`];
  return lines;
}

/**
 * Dovecot's protocols are packages of their own, and doveconf does not miss most of them: the start would fail, or mail
 * would stay in the queue.
 */
export async function requireDovecotParts(configFile: string): Promise<void> {
  const ask = (config: string): Promise<Finished> => exec('doveconf', ['-c', config, 'libexec_dir', 'mail_plugin_dir']);
  // Dovecot 2.3 may not get through the new one where a part is missing, and 2.4 wants to be told a version.
  const byDefault = await ask('/dev/null');
  const { code, stdout } = byDefault.code === 0 ? byDefault : await ask(configFile);
  if (code !== 0) return;
  const [programs = '', plugins = ''] = stdout.split('\n').map((line) => line.replace(/^\S+ = /, ''));
  const protocols = /^protocols = (.*)$/m.exec(readIfPresent(configFile) ?? '')?.[1]?.split(' ') ?? [];
  const parts = protocols.map((name) => `${programs}/${name === 'sieve' ? 'managesieve' : name}`);
  const missing = [...parts, `${plugins}/lib90_sieve_plugin.so`].find((path) => lstat(path) === undefined);
  if (missing !== undefined) throw missingPackage(new MissingProgram(missing));
}

/** @param baseDirectory where a pid file may be left over: Dovecot would not start when its number is in use again */
export async function startDovecot(configFile: string, baseDirectory: string): Promise<void> {
  if (dovecotProcess(baseDirectory) === undefined) rmSync(`${baseDirectory}/master.pid`, { force: true });
  const { code } = await exec('dovecot', ['-c', configFile], { detached: true });
  if (code !== 0) throw failed(`dovecot ended with status ${code}`, 'its log says why');
}

/**
 * Dovecot 2.4 makes the directories of its programs' own sockets when it starts, and not when a reload is the first to ask
 * for a program: whoever connected to that would be turned away.
 */
export function makeSocketDirectories(baseDirectory: string): void {
  if (lstat(`${baseDirectory}/srv.indexer-worker`) === undefined) return;
  for (const protocol of ['imap', 'pop3', 'managesieve']) {
    for (const program of [protocol, `${protocol}-login`]) makeDirectory(`${baseDirectory}/srv.${program}`, 0o700);
  }
}

export async function reloadDovecot(configFile: string): Promise<void> {
  const { code, stderr } = await exec('doveadm', ['-c', configFile, 'reload']);
  if (code !== 0) throw failed(`doveadm reload ended with status ${code}: ${stderr.trim()}`);
}

/** The process id of a running master, from the pid file in its base directory; undefined when none runs. */
export function dovecotProcess(baseDirectory: string): number | undefined {
  return processOf(`${baseDirectory}/master.pid`, 'dovecot', baseDirectory);
}

/** Ends the sessions of these users and waits until they are over; without a running Dovecot there are none. */
export async function kickUsers(configFile: string, users: ReadonlySet<string>): Promise<void> {
  const logged = async (): Promise<readonly string[]> => {
    const { code, stdout } = await exec('doveadm', ['-c', configFile, '-f', 'tab', 'who', '-1']);
    if (code !== 0) return [];
    const names = stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
    return [...new Set(names)].filter((name) => users.has(name));
  };
  if (users.size === 0) return;
  await waitUntil(async () => {
    const names = await logged();
    for (const name of names) await exec('doveadm', ['-c', configFile, 'kick', name]);
    return names.length === 0;
  }, 5_000);
}

/** Whether no delivery is under way, which could still know a user by another name. */
export async function noDeliveryRuns(configFile: string): Promise<boolean> {
  const idle = async (): Promise<boolean> => {
    const { code, stdout } = await exec('doveadm', ['-c', configFile, '-f', 'tab', 'process', 'status', 'lmtp']);
    // name, pid, available_count, total_count, idle_start (0 while it works), …
    return code !== 0 || !stdout.split('\n').some((line) => line.split('\t')[4] === '0');
  };
  return waitUntil(idle, 3_000);
}
