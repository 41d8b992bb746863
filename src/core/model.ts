import type { Network } from './network.ts';
import type { StatePath } from './problem.ts';
import type { RelayHost } from './relay-host.ts';

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
  readonly fetch: FetchSettings;
  readonly domains: ReadonlyMap<string, Domain>;
  readonly users: ReadonlyMap<string, User>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly aliases: ReadonlyMap<string, Alias>;
  readonly networks: ReadonlyMap<string, NetworkObject>;
  readonly relay: RelayPolicy;
  readonly filter: MailFilter;
  readonly overrides: Overrides;
}

export type MailFilter = { readonly mode: 'none' } | CustomFilter | BuiltinFilter;

/** The filter that eboxmail sets up: rspamd, asked while a message is being received. */
export interface BuiltinFilter {
  readonly mode: 'builtin';
  /** What happens to mail when the filter does not answer. */
  readonly onFailure: 'tempfail' | 'accept';
  readonly subjectTag: string | undefined;
  /** Socket of the ClamAV daemon. */
  readonly antivirus: string | undefined;
  /** Absent: nobody is asked to come again. */
  readonly greylisting: Greylisting | undefined;
  /** Absent: nothing is learned from what users move. */
  readonly learning: Learning | undefined;
  /** Without a dot, in lower case. */
  readonly bannedExtensions: readonly string[];
  /** MIME types, in lower case. */
  readonly bannedTypes: readonly string[];
  readonly server: FilterPolicy;
  /** By main domain; what a domain does not say is that of the server, except senders, which are in addition. */
  readonly domains: ReadonlyMap<string, FilterPolicy>;
}

export interface Greylisting {
  /** Seconds. */
  readonly delay: number;
  /** Score from which a message has to come again. */
  readonly score: number;
}

export interface Learning {
  /** How many messages of each kind must have been learned before that counts. */
  readonly messages: number;
}

export interface FilterPolicy {
  /** Score from which a message is spam. */
  readonly threshold: number;
  /** Score from which it is refused; null: never. */
  readonly reject: number | null;
  /** By address, or by domain with @ before it. */
  readonly senders: ReadonlyMap<string, SenderPolicy>;
}

export type SenderPolicy = 'allow' | 'block';

/** A filter of the administrator's own, which takes mail by SMTP and hands it back by SMTP. */
export interface CustomFilter {
  readonly mode: 'custom';
  /** IPv4 or IPv6, as it is compared. */
  readonly address: string;
  readonly port: number;
  /** Our port, before the offset of all ports. */
  readonly returnPort: number;
}

/** Raw settings, as they are to stand in main.cf by name and in dovecot.conf. */
export interface Overrides {
  readonly postfix: ReadonlyMap<string, string>;
  readonly dovecot: string;
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

/** Whether and how often mail is fetched from accounts elsewhere; the interval is in minutes. */
export interface FetchSettings {
  readonly enabled: boolean;
  readonly interval: number;
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
  readonly fetch: readonly FetchEntry[];
}

/** An account elsewhere whose mail is fetched. */
export interface FetchEntry {
  readonly address: string;
  /** As it is connected to: a name in A-labels or an IP address without brackets. */
  readonly server: string;
  readonly protocol: 'pop3' | 'pop3s' | 'imap' | 'imaps';
  readonly port: number;
  readonly username: string;
  readonly password: { readonly file: string };
  readonly keep: boolean;
  readonly insecure: boolean;
  readonly path: StatePath;
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

/** A network object: addresses that relay policies speak of. */
export interface NetworkObject {
  readonly name: string;
  readonly key: string;
  /** It may be as wide as the internet is. */
  readonly open: boolean;
  readonly members: readonly NetworkMember[];
}

export interface NetworkMember {
  readonly network: Network;
  readonly path: StatePath;
}

/** By which way mail to the outside leaves, and who may send it without a login. */
export interface RelayPolicy {
  readonly smarthost: Relay | undefined;
  /** By name of the network object. */
  readonly networks: ReadonlyMap<string, NetworkPolicy>;
  readonly rules: readonly RelayRule[];
}

export interface NetworkPolicy {
  readonly policy: 'allow' | 'deny';
  readonly path: StatePath;
}

/** A server elsewhere that takes mail of ours, as it is reached. */
export interface Relay {
  readonly host: RelayHost;
  readonly port: number;
  readonly tls: RelayTls;
  readonly login: RelayLogin | undefined;
  readonly path: StatePath;
}

/** required: under TLS, with any certificate; verify: with one that is valid for the host. */
export type RelayTls = 'opportunistic' | 'required' | 'verify';

export interface RelayLogin {
  readonly username: string;
  /** Name of the secret file that holds the password, relative to etc/eboxmail. */
  readonly file: string;
}

export interface RelayRule {
  readonly match: RuleMatch;
  /** Absent: directly to the servers of the recipients. */
  readonly relay: Relay | undefined;
  readonly path: StatePath;
}

/** Addresses and domains as they are compared. */
export type RuleMatch =
  | { readonly kind: 'sender-address'; readonly address: string }
  | { readonly kind: 'sender-domain'; readonly domain: string }
  | { readonly kind: 'recipient-domain'; readonly domain: string };
