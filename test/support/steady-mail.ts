import { setTimeout as sleep } from 'node:timers/promises';
import { whileDovecotIsAsked } from './dovecot-asked.ts';
import { sendAsStranger } from './mail.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Mail for an address, one after the other, while Dovecot is asked for an account all the time.
 * @returns the tokens of those that Postfix accepted
 */
export async function whileMailComes(
  sandbox: Sandbox,
  { to, asked }: { readonly to: string; readonly asked: string },
  work: () => Promise<void>,
): Promise<string[]> {
  const accepted: string[] = [];
  let working = true;
  const sending = async (): Promise<void> => {
    while (working) {
      await sendAsStranger(sandbox, to).then(
        (token) => accepted.push(token),
        () => undefined,
      );
      await sleep(10);
    }
  };
  const doing = async (): Promise<void> => {
    try {
      await work();
      await sleep(300);
    } finally {
      working = false;
    }
  };
  await whileDovecotIsAsked(sandbox.root, asked, async () => {
    await Promise.all([sending(), doing()]);
  });
  return accepted;
}
