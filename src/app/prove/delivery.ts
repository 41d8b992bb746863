import { failed } from '../../core/errors.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent } from '../../system/files.ts';
import { queueManagerWorks } from '../../system/qmgr.ts';

/** @throws failed when mail would be taken and never delivered, with what Postfix says about that */
export async function proveQueueManager(facts: HostFacts): Promise<void> {
  if ((await queueManagerWorks(below(facts, PATHS.queue))) !== false) return;
  const reason = lastWords(facts);
  throw failed(
    `no mail is delivered: qmgr of Postfix does not work${reason === undefined ? '' : `: ${reason}`}`,
    facts.root === '' ? 'why: journalctl -t postfix/qmgr' : `why: ${below(facts, PATHS.mailLog)}`,
  );
}

/** From the log, where Postfix writes that itself. */
function lastWords(facts: HostFacts): string | undefined {
  const log = facts.root === '' ? '' : (readIfPresent(below(facts, PATHS.mailLog)) ?? '');
  return [...log.matchAll(/\/qmgr\[\d+\]: (?:fatal|panic): (.*)/g)].at(-1)?.[1];
}
