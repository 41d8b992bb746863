/**
 * What rendering must know of the machine. Everything that differs between two machines with the same state is here, so
 * that rendering stays a pure function; `system/host` finds it out.
 */
export interface HostFacts {
  /** Absolute path without a trailing slash; empty for the machine itself. */
  readonly root: string;
  /** IP addresses to listen on; empty for all. */
  readonly listen: readonly string[];
  /** Added to every standard port. */
  readonly portOffset: number;
  readonly postfix: PostfixFacts;
  readonly dovecot: DovecotFacts;
  /** Owner of the mail in var/vmail. */
  readonly mailOwner: {
    readonly uid: number;
    readonly gid: number;
    /** Absent when the number has no name on this machine. */
    readonly name?: string;
  };
  /** Set when this root is a sandbox: where mail that would leave the machine goes, relative to the root. */
  readonly sandbox: { readonly outbound: string } | undefined;
  /** What runs our daily work, and how this program is started for it. Nothing does in a sandbox. */
  readonly jobs: { readonly by: 'systemd' | 'cron' | 'none'; readonly command: readonly string[] };
  /** Certificates of authorities that are trusted besides the machine's own where mail is fetched; absolute. */
  readonly caFile: string | undefined;
  /** Contents of the secret files that the state names, by that name, without the final line break. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Addresses that users had before they were renamed, with those that they have now. */
  readonly former?: ReadonlyMap<string, string>;
}

export interface PostfixFacts {
  readonly version: string;
  readonly commandDirectory: string;
  readonly daemonDirectory: string;
  /** Kind of indexed table that this Postfix has and that is replaced by rename (postmap(1)). */
  readonly tableType: TableType;
}

export type TableType = 'cdb' | 'lmdb' | 'hash';

export interface DovecotFacts {
  readonly version: string;
  readonly dialect: DovecotDialect;
}

/** The language of dovecot.conf changed with 2.4; neither version reads the other's files. */
export type DovecotDialect = '2.3' | '2.4';

export const STANDARD_PORTS = {
  smtp: 25,
  submission: 587,
  smtps: 465,
  imap: 143,
  imaps: 993,
  pop3: 110,
  pop3s: 995,
  managesieve: 4190,
} as const;

export type PortName = keyof typeof STANDARD_PORTS;

/** Loopback only: where Dovecot hands mail that Sieve scripts send to Postfix. */
export const LOCAL_SUBMISSION_PORT = 10027;

/** Loopback only: where mail that was fetched from accounts elsewhere comes in. */
export const FETCHED_PORT = 10031;

/** Loopback only: where copies of a domain's mail come back, by who hears of a bounce. */
export const COPY_PORTS = { sender: 10026, postmaster: 10028, none: 10029 } as const;

export function portsOf(portOffset: number): Readonly<Record<PortName, number>> {
  const shifted = Object.entries(STANDARD_PORTS).map(([name, port]) => [name, port + portOffset] as const);
  return Object.fromEntries(shifted) as Record<PortName, number>;
}
