import { domainOf, POSTMASTER_LOCAL_PARTS, postmasterRecipients } from '../recipients.ts';
import type { MailService, Recipient } from './explanation.ts';
import { isLocalDomain, withDetail } from './named-address.ts';

export interface FinalRecipients {
  readonly recipients: readonly Recipient[];
  /** Local addresses that mail is sent to and that the machine does not have: it comes back. */
  readonly lost: readonly string[];
  /** Local addresses that Postfix accepts mail for and drops. */
  readonly discarded: readonly string[];
}

/** What becomes of the addresses to which the tables lead. */
export function finalRecipientsOf(
  addresses: readonly string[],
  detail: string | undefined,
  service: MailService,
): FinalRecipients {
  const recipients = new Map<string, Recipient>();
  const lost: string[] = [];
  const discarded: string[] = [];
  for (const base of addresses) {
    if (isLocalDomain(domainOf(base), service.model) && isDiscarded(withDetail(base, detail))) {
      discarded.push(base);
      continue;
    }
    const found = isLocalDomain(domainOf(base), service.model)
      ? localRecipients(base, detail, service)
      : [recipient(base, detail, service)];
    for (const one of found) recipients.set(one.address, one);
    if (found.length === 0) lost.push(base);
  }
  return { recipients: [...recipients.values()], lost, discarded };
}

/** Postfix sends its last notices from it: accepted, and dropped by qmgr(8). */
export function isDiscarded(address: string): boolean {
  return address.slice(0, address.lastIndexOf('@')).toLowerCase() === 'double-bounce';
}

/** The machine's own names: two of them lead on to the postmaster, the others are the machine's business. */
function localRecipients(base: string, detail: string | undefined, service: MailService): readonly Recipient[] {
  const { model, directory, machine } = service;
  const name = localName(base);
  if (POSTMASTER_LOCAL_PARTS.includes(name)) {
    return postmasterRecipients(model, directory).map((address) => recipient(address, detail, service));
  }
  return machine.names.has(name) ? [recipient(base, detail, service)] : [];
}

/** Whoever gets copies gets all mail by the same way, on which a detail is dropped: see core/copies. */
function recipient(base: string, detail: string | undefined, { model, directory, copies }: MailService): Recipient {
  const address = copies.hops.has(base) ? base : withDetail(base, detail);
  if (directory.account(base) !== undefined) return { address, kind: 'mailbox' };
  return { address, kind: isLocalDomain(domainOf(base), model) ? 'local' : 'external' };
}

/** local(8) compares without case and without a detail. */
export function localName(address: string): string {
  return address.slice(0, address.lastIndexOf('@')).toLowerCase().split('+')[0] ?? '';
}
