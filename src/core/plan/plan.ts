import {
  DAEMONS,
  forEachDaemon,
  isEssential,
  type DaemonAction,
  type DaemonActions,
  type DaemonName,
} from '../daemons.ts';
import { HEADER, type RenderedFile } from '../render/rendered-file.ts';
import { PATHS } from '../render/paths.ts';
import type { DirectoryChange } from './directory-changes.ts';
import { mergeOwnedLine } from './owned-line.ts';
import { removalsOf, type MailboxFates, type Removals } from './removals.ts';
import type { StateChange } from './state-words.ts';

/** What is at a managed path now. */
export interface InstalledFile {
  readonly content: string;
  /** Set where the bytes are no UTF-8 and none may be lost: each is a character of `content`. */
  readonly encoding?: 'latin1' | undefined;
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** SHA-256 of the indexed form beside it, when there is one. */
  readonly indexSha256: string | undefined;
  /** Its mode. */
  readonly indexMode?: number | undefined;
  readonly indexOwner?: string | undefined;
}

/** What the last apply wrote, by path. */
export interface AppliedFile {
  readonly sha256: string;
  readonly indexSha256: string | undefined;
  /** Mode of its index; absent in the record of an earlier version. */
  readonly indexMode?: number | undefined;
}

/** What an apply that did not come to its end was about to do. */
export interface Unfinished {
  /** SHA-256 of what it was to write, by path; with those of the ones before, when several in a row were cut off. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly daemons: DaemonActions;
  /** SHA-256 of the text of the state that it was about; absent in the record of an earlier version. */
  readonly state?: string | undefined;
}

export interface PlanInput {
  readonly changes: readonly StateChange[];
  readonly rendered: readonly RenderedFile[];
  readonly installed: ReadonlyMap<string, InstalledFile>;
  readonly applied: ReadonlyMap<string, AppliedFile>;
  readonly running: Readonly<Record<DaemonName, boolean>>;
  /** Daemons that run and go by other settings than those in their file. */
  readonly stale?: ReadonlySet<DaemonName>;
  /** Daemons that run and have lost a socket by which others reach them. */
  readonly cutOff?: ReadonlySet<DaemonName>;
  /** Daemons that should run; the others are stopped. */
  readonly wanted: ReadonlySet<DaemonName>;
  /** Directories of ours whose owner or mode is another one; none when absent. */
  readonly directories?: readonly DirectoryChange[];
  /** Timers that do not run though they should; none when absent. */
  readonly timers?: readonly IdleTimer[];
  readonly unfinished?: Unfinished | undefined;
  /** Path of the certificate, when its content is not what the daemons have read. */
  readonly renewedCertificate?: string | undefined;
  /** What becomes of mailboxes; nothing when absent. */
  readonly mailboxes?: MailboxFates;
  /** What the last apply wrote, for files that are no longer so. */
  readonly written?: ReadonlyMap<string, string>;
}

export interface Plan {
  /** What changes for people, since the last apply. */
  readonly changes: readonly StateChange[];
  readonly files: readonly FileChange[];
  readonly directories: readonly DirectoryChange[];
  /** Those that are started though their files are as they should be. */
  readonly timers: readonly IdleTimer[];
  readonly removals: Removals;
  readonly daemons: DaemonActions;
  /** Path of a certificate that has new content: the daemons have to read it again. */
  readonly renewedCertificate?: string | undefined;
  /** What an apply that was cut off has put in place is still to be proven and written down, also where nothing else is to do. */
  readonly finishes?: boolean;
}

/** A timer of ours that somebody has stopped or disabled. */
export interface IdleTimer {
  /** Of its unit. */
  readonly name: string;
  /** systemd's word for it. */
  readonly state: string;
}

export interface FileChange {
  readonly path: string;
  readonly reason: string;
  readonly change: 'new' | 'changed' | 'removed' | 'permissions' | 'index';
  /**
   * Whose content would be replaced: ours (as the last apply left it), edited (by hand since then), or foreign (never
   * ours). Only ours goes without consent.
   */
  readonly present: 'nothing' | 'ours' | 'edited' | 'foreign';
  readonly before: string | undefined;
  /** SHA-256 of the bytes that are there; absent where there are none. */
  readonly beforeSha256?: string | undefined;
  /** What the last apply wrote there, where the file was edited since then and that is still known. */
  readonly written?: string | undefined;
  readonly after: string | undefined;
  /** How `before` and `after` stand for bytes; as UTF-8 when absent. */
  readonly encoding?: 'latin1' | undefined;
  /** There was an index beside it, and there is none now. */
  readonly lostIndex?: boolean;
  /** Absent for a file that is removed. */
  readonly file: RenderedFile | undefined;
}

/** Settings of main.cf that a running master does not take up by itself (postconf(5), inet_interfaces). */
const RESTART_SETTINGS = ['inet_interfaces', 'inet_protocols', 'queue_directory'] as const;

/** Compares what should be with what is. Pure: everything about the machine is in the input. */
export function makePlan(input: PlanInput): Plan {
  const files = [...input.rendered.flatMap((file) => changeOf(file, input)), ...removals(input)].map((file) =>
    file.present === 'edited' ? { ...file, written: input.written?.get(file.path) } : file,
  );
  return {
    changes: input.changes,
    files,
    directories: input.directories ?? [],
    timers: input.timers ?? [],
    removals: removalsOf(files, input.rendered, input.mailboxes ?? { moved: new Set(), putAway: [] }),
    daemons: forEachDaemon((name) => actionFor(name, files, input)),
    renewedCertificate: input.renewedCertificate,
    finishes: isUnrecorded(files, input),
  };
}

/** A change that touches no file, such as that of a person's name, still has to be recorded. */
export function isEmpty({ changes, files, directories, timers, daemons, finishes }: Plan): boolean {
  const isQuiet = [changes, files, directories, timers].every(({ length }) => length === 0);
  return isQuiet && finishes !== true && DAEMONS.every((name) => daemons[name] === 'nothing');
}

/** Whether files are as they should be, and an apply that was cut off made them so: the last one that came to its end knows nothing of it. */
function isUnrecorded(files: readonly FileChange[], { installed, applied, unfinished }: PlanInput): boolean {
  const changing = new Set(files.map(({ path }) => path));
  return [...(unfinished?.files ?? [])].some(([path, due]) => {
    const now = changing.has(path) ? undefined : installed.get(path)?.sha256;
    return now !== undefined && now !== applied.get(path)?.sha256 && due.includes(now);
  });
}

function changeOf(file: RenderedFile, { installed, applied, unfinished }: PlanInput): readonly FileChange[] {
  const found = installed.get(file.path);
  const last = applied.get(file.path);
  const written = { last: last?.sha256, due: unfinished?.files.get(file.path) ?? [] };
  const after = file.ownsLine ? mergeOwnedLine(found?.content, file.ownsLine.begins, file.content) : file.content;
  const { content: before, sha256: beforeSha256, encoding } = found ?? {};
  const lostIndex = last?.indexSha256 !== undefined && found?.indexSha256 === undefined;
  const common = { path: file.path, reason: file.reason, before, beforeSha256, after, encoding, lostIndex, file };
  if (found === undefined) return [{ ...common, change: 'new', present: 'nothing' }];
  const present = presence(file, found, written);
  if (found.content !== after) return [{ ...common, change: 'changed', present }];
  // Somebody else wrote it there, and neither are the daemons known to have read it, nor was it proven.
  if (last !== undefined && present === 'edited') return [{ ...common, change: 'changed', present: 'ours' }];
  if (found.mode !== file.mode || found.owner !== file.owner || found.group !== file.group) {
    return [{ ...common, change: 'permissions', present: 'ours' }];
  }
  // The index must be ours and made of this source: lines of which we own none may have been added by hand.
  const indexed =
    found.indexSha256 !== undefined && found.indexSha256 === last?.indexSha256 && found.sha256 === last.sha256;
  // Its mode is up to the program that builds it.
  const opened = last?.indexMode !== undefined && found.indexMode !== last.indexMode;
  // Its owner is that of its source (postmap(1)).
  const given = found.indexOwner !== undefined && found.indexOwner !== file.owner;
  if (file.index !== undefined && (!indexed || opened || given))
    return [{ ...common, change: 'index', present: 'ours' }];
  return [];
}

/** @param written hashes of what eboxmail wrote there, and was about to write when it was cut off */
function presence(
  file: RenderedFile,
  found: InstalledFile,
  { last, due }: { readonly last: string | undefined; readonly due: readonly string[] },
): FileChange['present'] {
  if (file.ownsLine !== undefined || found.sha256 === last || due.includes(found.sha256)) return 'ours';
  // Without a record of it, a file with our first line was ours once.
  return last !== undefined || found.content.startsWith(HEADER) ? 'edited' : 'foreign';
}

function removals({ rendered, installed, applied, unfinished }: PlanInput): readonly FileChange[] {
  const wanted = new Set(rendered.map(({ path }) => path));
  return [...applied].flatMap(([path, last]): readonly FileChange[] => {
    const found = installed.get(path);
    if (wanted.has(path) || found === undefined) return [];
    const due = unfinished?.files.get(path) ?? [];
    const present = [last.sha256, ...due].includes(found.sha256) ? 'ours' : 'edited';
    const reason = 'nothing refers to it any more';
    const { content: before, sha256: beforeSha256 } = found;
    return [{ path, reason, change: 'removed', present, before, beforeSha256, after: undefined, file: undefined }];
  });
}

function actionFor(
  name: DaemonName,
  files: readonly FileChange[],
  { running, wanted, unfinished, renewedCertificate, stale, cutOff }: PlanInput,
): DaemonAction {
  if (!wanted.has(name)) return running[name] ? 'stop' : 'nothing';
  if (!running[name]) return 'start';
  if (cutOff?.has(name) === true) return 'restart';
  // What an apply that did not finish may not have done yet.
  const due = unfinished?.daemons[name];
  const touched = files.filter((change) => change.file?.onChange === `reload-${name}` || isLostTable(change, name));
  const mainCf = touched.find(({ path }) => path === PATHS.mainCf);
  const asked = files.some(({ file }) => file?.onChange === `restart-${name}`);
  if (asked || due === 'restart' || (mainCf !== undefined && needsRestart(mainCf))) return 'restart';
  const masterCf = touched.find(({ path }) => path === PATHS.masterCf);
  if (masterCf !== undefined && movesPort(masterCf)) return 'restart';
  const renewed = renewedCertificate !== undefined && isEssential(name);
  const isStale = stale?.has(name) === true;
  return touched.length > 0 || due === 'reload' || renewed || isStale ? 'reload' : 'nothing';
}

/** A program of Postfix that has found no index goes on without the table as long as it runs (dict_surrogate in dict_open.c). */
function isLostTable({ file, lostIndex }: FileChange, name: DaemonName): boolean {
  return name === 'postfix' && lostIndex === true && file?.index !== undefined && file.index.builder !== 'sievec';
}

function needsRestart({ before, after }: FileChange): boolean {
  return RESTART_SETTINGS.some((name) => setting(before, name) !== setting(after, name));
}

/** A reload opens new listeners before it closes old ones, and one port cannot be open at an address and at all of them. */
function movesPort({ before, after }: FileChange): boolean {
  const hosts = hostsByPort(after);
  return [...hostsByPort(before)].some(([port, old]) => hosts.has(port) && hosts.get(port) !== old);
}

function hostsByPort(masterCf: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, host = '', port = ''] of (masterCf ?? '').matchAll(/^(\S*?):?(\d+) +inet /gm)) {
    found.set(port, `${found.get(port) ?? ''} ${host}`);
  }
  return found;
}

function setting(text: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name} *= *(.*)$`, 'm').exec(text ?? '')?.[1];
}
