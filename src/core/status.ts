import type { DaemonName } from './daemons.ts';
import type { ExpiryRun } from './expiry.ts';
import type { FetchStatus } from './fetch/report.ts';
import type { MailFilter } from './model.ts';

/** What `status` finds, as data: one entry for each concern. What is not well makes it end with 1. */
export interface Status {
  readonly daemons: DaemonsStatus;
  readonly ports: PortsStatus;
  readonly certificate: CertificateStatus;
  readonly queue: QueueStatus;
  readonly pending: PendingStatus;
  readonly expiry: ExpiryStatus;
  readonly fetching: FetchingStatus;
  readonly filter: FilterStatus;
}

export interface DaemonsStatus {
  readonly well: boolean;
  /** Those that should run, and those others that do. */
  readonly daemons: readonly {
    readonly name: DaemonName;
    /** Of what is installed; absent where it is not known. */
    readonly version?: string;
    readonly process: number | null;
    readonly wanted: boolean;
    /** Why it is of no use though it runs. */
    readonly problem?: string;
  }[];
}

export interface PortsStatus {
  readonly well: boolean;
  /** Each port of each address: whether it should answer, and whether it does. */
  readonly ports: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly wanted: boolean;
    readonly answers: boolean;
  }[];
}

export interface CertificateStatus {
  readonly well: boolean;
  readonly path: string;
  /** Null when the file holds no certificate. */
  readonly file: null | {
    readonly fingerprint: string;
    /** ISO 8601. */
    readonly until: string;
    readonly daysLeft: number;
    readonly fewDays: boolean;
    readonly selfSigned: boolean;
    /** Whether it is for the mailname. */
    readonly forName: boolean;
  };
  /** What each port with TLS shows. */
  readonly served: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly same: boolean;
    readonly problem?: string;
  }[];
}

export interface QueueStatus {
  readonly well: boolean;
  readonly messages: number;
  /** By the name of the queue: active, deferred, hold, … */
  readonly queues: Readonly<Record<string, number>>;
  readonly problem?: string;
}

export interface PendingStatus {
  readonly well: boolean;
  /** What apply would change for people, in words. */
  readonly changes: readonly string[];
  /** Files that apply would write, and those of them that were edited by hand. */
  readonly files: readonly string[];
  readonly edited: readonly string[];
  /** Directories of which it would put owner and mode right. */
  readonly directories: readonly string[];
  /** Those that have gone, which it would make again. */
  readonly gone: readonly string[];
  /** Those of both kinds in which mailboxes should be and none is. */
  readonly lackMail: readonly string[];
  /** Timers that it would start, by the names of their units. */
  readonly timers: readonly string[];
  /** Path of a certificate that the daemons have not read yet. */
  readonly renewedCertificate: string | null;
  /** Whether apply has anything to do, and be it to start a daemon. */
  readonly empty: boolean;
  /** Why it cannot be said: the state is invalid, or names what is not there. */
  readonly problem?: string;
}

export interface ExpiryStatus {
  readonly well: boolean;
  /** What is removed and when, in words. */
  readonly removes: string;
  /** What runs it every day; `none` in a sandbox. */
  readonly by: 'systemd' | 'cron' | 'none';
  readonly last: ExpiryRun | null;
  readonly problem?: string;
}

export interface FetchingStatus {
  readonly well: boolean;
  /** Accounts elsewhere. What fails there is no fault of this server. */
  readonly accounts: readonly (FetchStatus & { readonly user: string; readonly address: string })[];
}

export interface FilterStatus {
  readonly well: boolean;
  readonly mode: MailFilter['mode'];
  /** Everything that has to answer for mail to pass: the filter, and what it asks. */
  readonly parts: readonly { readonly name: string; readonly at: string; readonly answers: boolean }[];
}

export function allIsWell(status: Status): boolean {
  return Object.values(status).every(({ well }: { readonly well: boolean }) => well);
}
