import { behindHop, COPY_DOMAIN, type Copies } from '../copies.ts';
import type { Directory } from '../directory.ts';
import { domainOf } from '../recipients.ts';
import { isNullSender, type QueueMessage } from './message.ts';

/**
 * Whether the archive of a domain gets a message once more when it is requeued: Postfix then looks at sender_bcc_maps and
 * recipient_bcc_maps again, and knows no longer to whom it has delivered already. Not when the copy itself is what is in the
 * queue or has still to be delivered: the copy that is added is the same recipient.
 */
export function makeCopiedAgain(copies: Copies, directory: Directory): (message: QueueMessage) => boolean {
  const owners = new Map<string, string>();
  for (const domain of copies.added.keys()) for (const name of directory.namesOf(domain)) owners.set(name, domain);
  if (owners.size === 0) return () => false;
  const copied = (address: string): readonly string[] => {
    const domain = owners.get(domainOf(address).toLowerCase());
    return domain === undefined ? [] : copies.recipientsOf(domain).map((one) => one.address);
  };
  return ({ sender, recipients }) => {
    const waiting = new Set(recipients.flatMap(({ address }) => [address, behindHop(address)]));
    // Behind the hop no copies are made, but the mail is there under its real address.
    const addresses = recipients.map(({ address }) => address).filter((one) => !one.endsWith(COPY_DOMAIN));
    const archives = [...(isNullSender(sender) ? [] : copied(sender)), ...addresses.flatMap(copied)];
    return archives.some((archive) => !waiting.has(archive));
  };
}
