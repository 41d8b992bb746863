import { renameSync, rmSync } from 'node:fs';
import type { HostFacts } from '../core/host-facts.ts';
import type { JsonObject } from '../core/json.ts';
import type { MailboxIds } from '../core/mailboxes/holders.ts';
import type { AppliedFile, Unfinished } from '../core/plan/plan.ts';
import { lstat, makeDirectory, syncDirectories, writeAtomically } from './files.ts';
import { readJsonFile } from './json-file.ts';

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
  /** Where versions before this one wrote it. */
  readonly unfinished?: StoredUnfinished;
}

interface StoredUnfinished extends Omit<Unfinished, 'files'> {
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** Time of the record that it is to replace: with any other it is of no meaning, and so a new record ends it. */
  readonly since?: string;
}

/** `lib` is the absolute path of var/lib/eboxmail. */
export function readAppliedRecord(lib: string): AppliedRecord | undefined {
  // In this order: a record that is written meanwhile ends it.
  const announced = readAnnounced(lib);
  const stored = readStored(fileIn(lib), APPLY_ANEW) ?? (announced === undefined ? undefined : NOTHING);
  if (stored === undefined) return undefined;
  const { time, files, ...rest } = stored;
  const unfinished = announced?.since === time ? announced : stored.unfinished;
  return {
    ...rest,
    time,
    files: new Map(Object.entries(files)),
    unfinished: unfinished && { ...unfinished, files: new Map(Object.entries(unfinished.files)) },
  };
}

/**
 * What the last apply that came to its end left of mailboxes, also when an uninstall has come since: they are where they were.
 * @param applied the record in force
 */
export function lastRecord(lib: string, applied = readAppliedRecord(lib)): AppliedRecord | undefined {
  if (applied !== undefined && applied.time !== '') return applied;
  const stored = readStored(asideIn(lib), NOT_FOLLOWED);
  return stored === undefined ? applied : { ...stored, files: new Map(), unfinished: undefined };
}

/** Whether an apply is at work, or was cut off: who is a user by then, `lastRecord` need not know. */
export function isApplying(lib: string): boolean {
  return lstat(unfinishedIn(lib)) !== undefined;
}

/** Where `lastRecord` is to be found; undefined where there is none. */
export function lastRecordFile(lib: string): string | undefined {
  return [fileIn(lib), asideIn(lib)].find((path) => lstat(path) !== undefined);
}

/** What is in force from now on; nothing is unfinished any more. */
export function writeAppliedRecord(
  lib: string,
  { time, state, files, listening, certificate, mailboxes }: Omit<AppliedRecord, 'unfinished'>,
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
  };
  write(fileIn(lib), stored);
  rmSync(unfinishedIn(lib), { force: true });
  rmSync(asideIn(lib), { force: true });
}

/**
 * Before the first file changes. In a file of its own: the record of thousands of users is long, and stays as it is.
 * @param since time of the record that is in force; empty when there is none
 */
export function writeUnfinished(lib: string, since: string, unfinished: Unfinished): void {
  makeDirectory(lib, 0o700);
  const stored: StoredUnfinished = { ...unfinished, since, files: Object.fromEntries(unfinished.files) };
  write(unfinishedIn(lib), stored);
}

/** Nothing is about to change any more. @param before the record that is in force again, as it was read */
export function removeUnfinished(lib: string, before: AppliedRecord | undefined): void {
  // Where an earlier version began it, it is in the record.
  if (before?.time === '') rmSync(fileIn(lib), { force: true });
  else if (before?.unfinished !== undefined && readStored(fileIn(lib), APPLY_ANEW)?.unfinished !== undefined)
    writeAppliedRecord(lib, before);
  rmSync(unfinishedIn(lib), { force: true });
}

/** There is no configuration of ours in force, and none is being put there; whose mailbox is whose stays known. */
export function setRecordAside(lib: string): void {
  const stored = readStored(fileIn(lib), APPLY_ANEW);
  if (stored !== undefined && stored.time !== '') renameSync(fileIn(lib), asideIn(lib));
  else rmSync(fileIn(lib), { force: true });
  syncDirectories([fileIn(lib)]);
  rmSync(unfinishedIn(lib), { force: true });
}

const NOTHING: Stored = { version: 1, time: '', state: {}, files: {} };

const LOST = [
  'then nothing tells who was renamed, removed or added since the last apply, and whoever has an address gets the mailbox there:',
  'put the users in the state back first as they were then',
].join('\n');

const APPLY_ANEW = [
  'bring it back from a backup; or move it away, look at "eboxmail plan" and run "eboxmail apply --adopt"',
  `it replaces files that were edited by hand as well, and keeps them in backup\n${LOST}`,
].join('\n');

const NOT_FOLLOWED = `bring it back from a backup, or move it away: ${LOST}`;

const CUT_OFF = [
  'an apply was cut off, and this is what it was about to write: move it away and run "eboxmail apply"',
  'what it has put in place counts as edited by hand then, and is replaced with --adopt',
].join('\n');

function readStored(path: string, hint: string): Stored | undefined {
  return readJsonFile<Stored>(path, { needs: { time: 'string', state: 'map', files: 'map' }, hint });
}

function readAnnounced(lib: string): StoredUnfinished | undefined {
  return readJsonFile<StoredUnfinished>(unfinishedIn(lib), { needs: { files: 'map', daemons: 'map' }, hint: CUT_OFF });
}

function write(path: string, content: Stored | StoredUnfinished): void {
  writeAtomically({ path, content: `${JSON.stringify(content)}\n`, mode: 0o600, uid: 0, gid: 0 });
}

function fileIn(lib: string): string {
  return `${lib}/applied.json`;
}

/** The record that was in force before an uninstall. */
function asideIn(lib: string): string {
  return `${lib}/uninstalled.json`;
}

function unfinishedIn(lib: string): string {
  return `${lib}/unfinished.json`;
}
