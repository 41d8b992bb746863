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

/** `mail older than 30 days in Trash, …`, for people. */
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
