import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { failed } from '../core/errors.ts';
import { PATHS } from '../core/render/paths.ts';
import { MILTER_SOCKET } from '../core/render/postfix/milter.ts';
import { rspamdArguments } from '../core/render/rspamd/rspamd.ts';
import { exec } from './exec.ts';
import { answersAt } from './ports.ts';
import { endProcesses, gone, processOf, signal, waitUntil } from './processes.ts';

/** rspamd as Debian's package brings it, run on files of our own. */

/** Milliseconds that a start or reload may take: on its first start it compiles its patterns. */
const PATIENCE = 60_000;

export function isRspamdInstalled(): boolean {
  return existsSync('/usr/bin/rspamd');
}

/**
 * What rspamd says against a configuration; empty when it is content.
 * @param etc the directory that holds it
 */
export async function checkRspamd(root: string, etc: string): Promise<readonly string[]> {
  const [config = '', ...places] = rspamdArguments(root, etc);
  const { code, stdout, stderr } = await exec('rspamadm', [...places, 'configtest', '-c', config]);
  if (code === 0) return [];
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '' && !/\bINFO\b/.test(line));
  return lines.length === 0 ? [`rspamadm configtest ended with status ${code} and said nothing`] : lines;
}

export async function startRspamd(root: string): Promise<void> {
  const [config = '', ...places] = rspamdArguments(root);
  const args = ['-c', config, '-u', '_rspamd', '-g', '_rspamd', ...places];
  const { code } = await exec('rspamd', args, { detached: true, directory: `${root}/${PATHS.rspamdRun}` });
  if (code !== 0) throw failed(`rspamd ended with status ${code}`, 'its log says why');
}

export async function stopRspamd(root: string): Promise<void> {
  const main = rspamdProcess(`${root}/${PATHS.rspamdRun}`);
  if (main === undefined) return;
  const all = [main, ...childrenOf(main)];
  signal([main], 'SIGTERM');
  await endProcesses(() => all, 10_000);
}

/** Ends when the processes that work by the former settings have ended: what comes then is judged by the new ones. */
export async function reloadRspamd(root: string): Promise<void> {
  const main = rspamdProcess(`${root}/${PATHS.rspamdRun}`);
  if (main === undefined) return startRspamd(root);
  const former = childrenOf(main);
  signal([main], 'SIGHUP');
  if (await waitUntil(() => former.every(gone), PATIENCE)) return;
  throw failed('rspamd goes on with its former settings', 'its log says why');
}

/** Whether rspamd takes questions, waiting for it as long as a start may take. */
export function rspamdAnswers(root: string, milliseconds = PATIENCE): Promise<boolean> {
  return waitUntil(() => answersAt(`${root}/${MILTER_SOCKET}`), milliseconds);
}

/** The process id of a running main process, from its pid file; undefined when none runs. */
export function rspamdProcess(runDirectory: string): number | undefined {
  return processOf(`${runDirectory}/rspamd.pid`, 'rspamd', runDirectory);
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        // After the name in brackets: the state, then the parent (proc(5)).
        const after = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '');
        return Number(after.split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}
