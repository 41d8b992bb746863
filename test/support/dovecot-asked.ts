import { setTimeout as sleep } from 'node:timers/promises';
import { isKnownUser } from '../../src/system/dovecot-auth.ts';

/** Dovecot is asked for an account all the time while something is done, so that it has always looked at its files lately. */
export async function whileDovecotIsAsked(root: string, name: string, work: () => Promise<void>): Promise<void> {
  let working = true;
  const asking = async (): Promise<void> => {
    while (working) {
      // While it is reloaded it does not answer.
      await isKnownUser(name, `${root}/run/dovecot`).catch(() => undefined);
      await sleep(20);
    }
  };
  const doing = async (): Promise<void> => {
    try {
      await work();
    } finally {
      working = false;
    }
  };
  await Promise.all([asking(), doing()]);
}
