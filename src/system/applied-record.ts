import { rmSync } from 'node:fs';
import type { HostFacts } from '../core/host-facts.ts';
import type { JsonObject } from '../core/json.ts';
import type { MailboxIds } from '../core/mailboxes/holders.ts';
import type { AppliedFile, Unfinished } from '../core/plan/plan.ts';
import { makeDirectory, readIfPresent, writeAtomically } from './files.ts';

/** What the last apply left behind: the state and a hash of every file. Generations will be many of these. */
export interface AppliedRecord {
  /** ISO 8601; empty when no apply has come to its end yet. */
  readonly time: string;
  readonly state: JsonObject;
  readonly files: ReadonlyMap<string, AppliedFile>;
  /** Where the daemons listen; absent in the record of a version that knew nothing of it. */
  readonly listening?: Pick<HostFacts, 'listen' | 'portOffset'> | undefined;
  /** SHA-256 of the certificate file that the daemons have read. */
  readonly certificate?: string | undefined;
  /** Set while an apply is at work; who finds it later knows that it was killed or failed. */
  readonly unfinished?: Unfinished | undefined;
  /** Absent in the record of a version that knew nothing of it. */
  readonly mailboxes?: AppliedMailboxes | undefined;
}

export interface AppliedMailboxes {
  /** Number of the last event of the mailbox log that was taken up. */
  readonly seq: number;
  /** Earlier addresses of users, with those that they have now. */
  readonly former: Readonly<Record<string, string>>;
  /** What the mailbox of each user is known by. Absent in the record of earlier versions. */
  readonly ids?: MailboxIds | undefined;
}

interface Stored {
  readonly version: 1;
  readonly time: string;
  readonly state: JsonObject;
  readonly files: Readonly<Record<string, AppliedFile>>;
  readonly listening?: Pick<HostFacts, 'listen' | 'portOffset'>;
  readonly certificate?: string;
  readonly mailboxes?: AppliedMailboxes;
  readonly unfinished?: Omit<Unfinished, 'files'> & { readonly files: Readonly<Record<string, readonly string[]>> };
}

/** `lib` is the absolute path of var/lib/eboxmail. */
export function readAppliedRecord(lib: string): AppliedRecord | undefined {
  const text = readIfPresent(fileIn(lib));
  if (text === undefined) return undefined;
  const { time, state, files, listening, certificate, unfinished, mailboxes } = JSON.parse(text) as Stored;
  return {
    time,
    state,
    files: new Map(Object.entries(files)),
    listening,
    certificate,
    unfinished: unfinished && { ...unfinished, files: new Map(Object.entries(unfinished.files)) },
    mailboxes,
  };
}

export function writeAppliedRecord(
  lib: string,
  { time, state, files, listening, certificate, unfinished, mailboxes }: AppliedRecord,
): void {
  makeDirectory(lib, 0o700);
  const stored: Stored = {
    version: 1,
    time,
    state,
    files: Object.fromEntries(files),
    ...(listening === undefined ? {} : { listening }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(mailboxes === undefined ? {} : { mailboxes }),
    ...(unfinished === undefined ? {} : { unfinished: { ...unfinished, files: Object.fromEntries(unfinished.files) } }),
  };
  writeAtomically({ path: fileIn(lib), content: `${JSON.stringify(stored)}\n`, mode: 0o600, uid: 0, gid: 0 });
}

/** There is no configuration of ours in force, and none is being put there. */
export function removeAppliedRecord(lib: string): void {
  rmSync(fileIn(lib), { force: true });
}

function fileIn(lib: string): string {
  return `${lib}/applied.json`;
}
