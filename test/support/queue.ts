import { execFile } from 'node:child_process';
import { chown, copyFile, mkdir, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { QueueMessage } from '../../src/core/queue/message.ts';
import { eventually, type Sandbox } from './sandbox.ts';

/** Runs one of Postfix's or Dovecot's own tools. */
export async function tool(program: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  return (await promisify(execFile)(program, args, { env, maxBuffer: 256 * 1024 * 1024 })).stdout;
}

/** Makes the next hop unreachable: Postfix defers what it would hand to Dovecot. `apply` starts it again. */
export async function stopDovecot({ root }: Sandbox): Promise<void> {
  await tool('doveadm', '-c', `${root}/etc/dovecot/dovecot.conf`, 'stop');
}

/** What postqueue itself says. */
export async function postqueue({ root }: Sandbox): Promise<readonly QueueMessage[]> {
  const text = await tool('postqueue', '-c', `${root}/etc/postfix`, '-j');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as QueueMessage);
}

/** Waits until all of so many messages are deferred, each recipient with its reason. */
export async function deferred(sandbox: Sandbox, count: number): Promise<readonly QueueMessage[]> {
  let messages: readonly QueueMessage[] = [];
  await eventually(`${count} messages are deferred`, async () => {
    messages = (await postqueue(sandbox)).filter(({ queue_name }) => queue_name === 'deferred');
    return messages.length === count && messages.every(({ recipients }) => recipients.every((one) => one.delay_reason));
  });
  return messages;
}

/** Digits and consonants, as Postfix counts in long queue ids (mail_queue.h). */
const LETTERS = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';

/** Copies a deferred message under so many new ids, an hour before it is tried again; a year's mail in a second. */
export async function forge({ root }: Sandbox, id: string, count: number): Promise<void> {
  const queue = `${root}/var/spool/postfix/deferred`;
  const all = await readdir(queue, { recursive: true });
  const source = join(queue, all.find((name) => name.endsWith(id)) ?? '');
  const { uid, gid } = await stat(source);
  const later = Date.now() / 1000 + 3600;
  for (let n = 0; n < count; n += 1) {
    // Ten thousand to a microsecond apart, so that they share few of the hashed directories.
    const microseconds = n * 100;
    const hash = microseconds.toString(16).toUpperCase().padStart(5, '0').charAt(0);
    const path = join(queue, hash, `3zzzzz${inLetters(microseconds, 52, 4)}z${inLetters(n + 1_000_000, 51, 5)}`);
    await mkdir(join(queue, hash), { recursive: true, mode: 0o700 });
    await chown(join(queue, hash), uid, 0);
    await copyFile(source, path);
    await chown(path, uid, gid);
    await utimes(path, later, later);
  }
}

function inLetters(number: number, base: number, width: number): string {
  let text = '';
  for (let rest = number; rest > 0; rest = Math.floor(rest / base)) text = (LETTERS[rest % base] ?? '') + text;
  return text.padStart(width, '0');
}
