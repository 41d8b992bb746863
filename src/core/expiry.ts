import type { Expiry } from './model.ts';

/** A folder of every mailbox from which mail is removed when its time is over. */
export interface ExpiringFolder {
  readonly folder: 'Trash' | 'Spam';
  readonly days: number;
}

export function expiringFolders({ trash, spam }: Expiry): readonly ExpiringFolder[] {
  return [
    ...(trash === null ? [] : [{ folder: 'Trash', days: trash } as const]),
    ...(spam === null ? [] : [{ folder: 'Spam', days: spam } as const]),
  ];
}

/** `mail in Trash after 30 d …`, for people. */
export function expiryWords(expiry: Expiry): string {
  const since = expiry.basis === 'saved' ? 'since it came there' : 'by its own date';
  const folders = expiringFolders(expiry).map(({ folder, days }) => `${folder} after ${days} d`);
  return folders.length === 0 ? 'nothing' : `mail in ${folders.join(' and in ')} (${since})`;
}

/**
 * The search query of Dovecot for what is due (doveadm-search-query(7)).
 * @param now milliseconds since 1970
 */
export function dueQuery({ folder, days }: ExpiringFolder, basis: Expiry['basis'], now: number): readonly string[] {
  const before = Math.floor(now / 1000) - days * 24 * 60 * 60;
  return ['mailbox', folder, basis === 'saved' ? 'savedbefore' : 'sentbefore', String(before)];
}

/** What the last run of `expire` did, for `status`. */
export interface ExpiryRun {
  /** ISO 8601. */
  readonly time: string;
  /** Messages removed, by folder. */
  readonly removed: Readonly<Record<string, number>>;
  /** How many users lost mail. */
  readonly users: number;
  /** Some of them, when there are many; empty when all went well. */
  readonly errors: readonly ExpiryFailure[];
}

export interface ExpiryFailure {
  readonly user: string;
  readonly folder: string;
  readonly message: string;
}
