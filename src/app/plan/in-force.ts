import { failed } from '../../core/errors.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import { nameInForceOf } from '../../core/render/dovecot/in-force.ts';
import { postfixSockets } from '../../core/render/dovecot/postfix-sockets.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { isGone } from '../../system/directories.ts';
import { lstat, readIfPresent } from '../../system/files.ts';
import { waitUntil } from '../../system/processes.ts';

/** Milliseconds in which a running Dovecot has read its configuration anew. */
const PATIENCE = 5_000;

/** Whether a running Dovecot goes by this dovecot.conf; also when it is none of ours, of which nobody can tell. */
export function isDovecotConfInForce(facts: HostFacts, text: string): boolean {
  const name = nameInForceOf(text);
  return name === undefined || lstat(`${below(facts, PATHS.dovecotRun)}/${name}`) !== undefined;
}

/**
 * Sockets that a running Dovecot made for Postfix by this dovecot.conf of ours and that have gone since: it makes them only when
 * it is started. Who may not look into the queue sees none of them gone.
 */
export function lostSockets(facts: HostFacts, text: string): readonly string[] {
  if (nameInForceOf(text) === undefined || !isDovecotConfInForce(facts, text)) return [];
  return postfixSockets(text, below(facts, PATHS.queue)).filter(isGone);
}

/** Whether it goes by the dovecot.conf in place, of which Dovecot was told just now. */
export async function becomesInForce(facts: HostFacts): Promise<boolean> {
  const text = readIfPresent(below(facts, PATHS.dovecotConf)) ?? '';
  return waitUntil(() => isDovecotConfInForce(facts, text), PATIENCE);
}

/** @throws failed when Dovecot goes on by what it had before, with what it says about that */
export async function requireDovecotConfInForce(facts: HostFacts): Promise<void> {
  if (await becomesInForce(facts)) return;
  const reason = whyNotReloaded(facts);
  throw failed(
    `Dovecot does not take the new configuration${reason === undefined ? '' : `: ${reason}`}`,
    facts.root === '' ? 'why: journalctl -u dovecot' : `why: ${below(facts, PATHS.dovecotLog)}`,
  );
}

/** From the log of Dovecot, where it writes that itself. */
function whyNotReloaded(facts: HostFacts): string | undefined {
  const log = facts.root === '' ? '' : (readIfPresent(below(facts, PATHS.dovecotLog)) ?? '');
  return [...log.matchAll(/Config reload failed: (.*)/g)].at(-1)?.[1];
}
