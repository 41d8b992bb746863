import type { StatePath } from './problem.ts';

/**
 * The mail service as the state describes it: defaults filled in, sizes in bytes, names in lower case and A-labels.
 * Rendering, checks and explanations read this and never the file. `key` fields hold what the user wrote, for messages
 * and for finding the place in the file again.
 */
export interface MailModel {
  readonly mailname: string;
  /** `root`, or an address. */
  readonly postmaster: string;
  readonly tls: CertificatePaths | undefined;
  readonly smtp: { readonly tls: SmtpTls; readonly authentication: boolean };
  readonly limits: Limits;
  readonly expiry: Expiry;
  readonly retrieval: Retrieval;
  readonly domains: ReadonlyMap<string, Domain>;
  readonly users: ReadonlyMap<string, User>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly aliases: ReadonlyMap<string, Alias>;
}

/** Absolute paths on the machine, not below the root. */
export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

export type SmtpTls = 'off' | 'opportunistic' | 'required';

/** Bytes; null means unlimited. */
export interface Limits {
  readonly mailbox: number | null;
  readonly message: number | null;
}

/** Days that mail stays in a folder; null means for ever. */
export interface Expiry {
  readonly trash: number | null;
  readonly spam: number | null;
  /** From when they count: since the message came into the folder, or from its own date. */
  readonly basis: 'saved' | 'date';
}

export interface Retrieval {
  readonly imap: boolean;
  readonly imaps: boolean;
  readonly pop3: boolean;
  readonly pop3s: boolean;
  readonly managesieve: boolean;
  readonly cleartext: 'refuse' | 'allow';
}

export interface Domain {
  readonly name: string;
  readonly key: string;
  readonly aliases: readonly DomainAlias[];
  readonly catchAll: CatchAll | undefined;
}

/** Both meanings of the word: a copy of all mail of a domain, and a home for mail to unknown addresses. */
export interface CatchAll {
  readonly copyTo: Target | undefined;
  /** Who hears of it when a copy cannot be delivered. */
  readonly onBounce: 'sender' | 'postmaster' | 'none';
  readonly unknownTo: Target | undefined;
}

export interface DomainAlias {
  readonly name: string;
  readonly key: string;
}

export interface User {
  readonly address: string;
  readonly key: string;
  readonly name: string | undefined;
  readonly password: Password | undefined;
  /** False: a person without a mailbox, who can be a member of groups and gets no mail. */
  readonly account: boolean;
  /** Bytes, null for unlimited, undefined for the server's limit. */
  readonly quota: number | null | undefined;
}

/** A hash in Dovecot's notation, or the name of the secret file that holds one (relative to etc/eboxmail). */
export type Password = { readonly hash: string } | { readonly file: string };

export interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

export interface Alias {
  readonly address: string;
  readonly key: string;
  readonly targets: readonly Target[];
}

/** `path` is its place in the state. */
export type Target = { readonly path: StatePath } & (
  | { readonly kind: 'local'; readonly address: string }
  | { readonly kind: 'external'; readonly address: string }
  | { readonly kind: 'group'; readonly name: string }
);
