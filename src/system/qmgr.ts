import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isForbidden } from '../core/errors.ts';
import { daemonsIn, nameOf } from './processes.ts';

/** Milliseconds for an answer; it takes a few. One that has much to do is known by its process. */
const PATIENCE = 2_500;

/** What a master says to it now and then: look whether there is mail (mail_proto.h). */
const WAKE_UP = 'W';

/**
 * Whether Postfix's qmgr(8) is at work. Without it mail is taken and never delivered, and everything else answers as ever.
 * @returns undefined for who may not ask it
 */
export async function queueManagerWorks(queueDirectory: string): Promise<boolean | undefined> {
  const socket = `${queueDirectory}/public/qmgr`;
  const first = await answersWithin(socket, PATIENCE);
  if (first !== false) return first;
  const before = queueManagers(queueDirectory);
  if (await answersWithin(socket, PATIENCE)) return true;
  // A process that cannot read its settings ends within a second.
  return queueManagers(queueDirectory).some((pid) => before.includes(pid));
}

function queueManagers(queueDirectory: string): readonly number[] {
  return daemonsIn(queueDirectory).filter((pid) => nameOf(pid)?.endsWith('qmgr') === true);
}

async function answersWithin(socket: string, milliseconds: number): Promise<boolean | undefined> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const left = end - performance.now();
    if (left <= 0) return false;
    try {
      return await answers(socket, left);
    } catch (error) {
      if (isForbidden(error)) return undefined;
      // Its master makes the socket when it begins.
      await sleep(Math.min(20, left));
    }
  }
}

/** The master takes the connection, and who reads from it closes it. */
function answers(path: string, milliseconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => socket.write(WAKE_UP));
    const decide = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => decide(() => resolve(false)), milliseconds);
    socket.on('error', (error) => decide(() => reject(error)));
    socket.on('end', () => decide(() => resolve(true)));
    socket.resume();
  });
}
