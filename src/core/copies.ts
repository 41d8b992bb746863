import type { Directory } from './directory.ts';
import type { CatchAll, MailModel } from './model.ts';
import { targetRecipients } from './recipients.ts';

/**
 * Copies of all mail of a domain (catch_all.copy_to): who gets them and by which way.
 *
 * Postfix's own way, sender_bcc_maps and recipient_bcc_maps, adds recipients with NOTIFY=NEVER, so a copy that fails is
 * never reported (postconf(5)), and a message that is both for the archive and copied to it may inherit that. So whoever
 * gets copies is reached through addresses of an internal domain: a hop over loopback, behind which a second cleanup(8)
 * writes the real address back and makes no copies. All other mail for that recipient takes the same way, so that Postfix
 * sees one recipient there and delivers once. For the same reason the detail of a plus-address is dropped on that way.
 *
 * The hop of on_bounce `sender` drops the DSN keyword, that of `postmaster` changes the sender as well. That of `none`
 * keeps NOTIFY=NEVER for copies; what is addressed to the archive has another name there, which sorts before theirs and
 * is therefore the one that stays when the second cleanup finds both to be one (qmgr(8) sorts the recipients of a message).
 */
export interface Copies {
  /** For each domain whose mail is copied, the address that is added to its messages; none whose archive leads to nobody. */
  readonly added: ReadonlyMap<string, string>;
  /** Those who get copies of a domain's mail. */
  recipientsOf(this: void, domain: string): readonly CopyRecipient[];
  /** Everyone who gets copies, by address. */
  readonly hops: ReadonlyMap<string, CopyRecipient>;
  /** The address under which Postfix sends mail for a recipient on its way. */
  wayTo(this: void, recipient: string): string;
  /** What internal addresses stand for before the hop: those of whole archives. */
  readonly archives: ReadonlyMap<string, readonly string[]>;
}

export interface CopyRecipient {
  readonly address: string;
  /** Who hears of a copy that cannot be delivered. */
  readonly bounces: CatchAll['onBounce'];
}

/** Internal, and never a real domain (RFC 2606). */
export const COPY_DOMAIN = 'copy.eboxmail.invalid';

/** Whether nobody may have this domain, because it is the internal one. */
export function isCopyDomain(domain: string): boolean {
  return domain === COPY_DOMAIN || domain.endsWith(`.${COPY_DOMAIN}`);
}

/** Bounces that go to different people take different hops. */
export type HopKind = CatchAll['onBounce'];

export const HOP_KINDS: readonly HopKind[] = ['sender', 'postmaster', 'none'];

export function hopDomain(kind: HopKind): string {
  return `${kind}.${COPY_DOMAIN}`;
}

export function copiesOf(model: Pick<MailModel, 'domains'>, directory: Directory): Copies {
  const hops = new Map<string, CopyRecipient>();
  const recipients = new Map<string, readonly CopyRecipient[]>();
  const added = new Map<string, string>();
  const archives = new Map<string, readonly string[]>();
  for (const { name, catchAll } of model.domains.values()) {
    if (catchAll?.copyTo === undefined || catchAll.copyTo.kind === 'group') continue;
    const found = targetRecipients(catchAll.copyTo, directory);
    for (const address of found) if (!hops.has(address)) hops.set(address, { address, bounces: catchAll.onBounce });
    recipients.set(
      name,
      found.map((address) => hops.get(address) ?? { address, bounces: catchAll.onBounce }),
    );
    if (found.length === 0) continue;
    if (catchAll.onBounce === 'none') {
      const archive = internal('archive.', catchAll.copyTo.address, 'none');
      archives.set(
        archive,
        found.map((address) => internal('copied.', address, 'none')),
      );
      added.set(name, archive);
    } else {
      added.set(name, catchAll.copyTo.address);
    }
  }
  const wayTo = (address: string): string => {
    const hop = hops.get(address);
    if (hop === undefined) return address;
    return internal(hop.bounces === 'none' ? 'addressed.' : '', address, hop.bounces);
  };
  return { added, recipientsOf: (domain) => recipients.get(domain) ?? [], hops, wayTo, archives };
}

/** What the internal addresses of `none` begin with. */
type Role = 'archive.' | 'copied.' | 'addressed.';

function internal(role: Role | '', address: string, kind: HopKind): string {
  return `${role}${address.replace('@', '=')}@${hopDomain(kind)}`;
}

/**
 * The way back from every internal address there can be to the real one: an extended regular expression (regex(7)) for each
 * kind of hop, whose last two groups are the local part and the domain. No table is needed behind the hop, so mail that
 * waits there finds its way however the state has changed meanwhile. A detail that came with it is dropped.
 */
export const INTERNAL_ADDRESSES: readonly { readonly pattern: string; readonly groups: readonly [number, number] }[] =
  HOP_KINDS.map((kind) => {
    const domain = hopDomain(kind).replaceAll('.', '\\.');
    const role = kind === 'none' ? '(archive|copied|addressed)\\.' : '';
    return { pattern: `^${role}(.+)=([^=@+]+)(\\+.*)?@${domain}$`, groups: kind === 'none' ? [2, 3] : [1, 2] };
  });

/** Whom an internal address stands for behind the hop; any other address is itself. */
export function behindHop(address: string): string {
  for (const { pattern, groups } of INTERNAL_ADDRESSES) {
    const found = new RegExp(pattern).exec(address);
    if (found !== null) return `${found[groups[0]] ?? ''}@${found[groups[1]] ?? ''}`;
  }
  return address;
}
