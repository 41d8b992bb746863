import type { MailboxIds } from '../../core/mailboxes/holders.ts';
import { EboxmailError, isSystemError } from '../../core/errors.ts';
import { once } from '../../core/memoized.ts';
import type { AppliedFile, FileChange, InstalledFile, Unfinished } from '../../core/plan/plan.ts';
import { certificateOf, PATHS } from '../../core/render/paths.ts';
import { readAppliedRecord, writeAppliedRecord, writeUnfinished } from '../../system/applied-record.ts';
import { bytesIfPresent } from '../../system/files.ts';
import {
  newestGeneration,
  readContent,
  readGeneration,
  saveGeneration,
  type Generation,
  type GenerationSecret,
} from '../../system/generations.ts';
import { sha256 } from '../../system/hash.ts';
import { bytesAfter, indexPath, readIndex } from '../../system/installed.ts';
import { readOriginals, rememberOriginals } from '../../system/originals.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { authorName } from './author.ts';
import { idsFor } from '../mailboxes/mailbox-ids.ts';
import type { MailboxPlan } from '../mailboxes/mailbox-plan.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';

/** What an apply writes down about itself, before, after and for the history. */

/** What stands in the files when the apply has come to its end, by path; hashed once, because some are big. */
export type FilesAfter = ReadonlyMap<string, FileAfter>;

interface FileAfter {
  readonly content: Buffer;
  readonly sha256: string;
  /** Absent until the apply has built it. */
  index?: Pick<InstalledFile, 'indexSha256' | 'indexMode'>;
}

export function filesAfter({ rendered, plan, installed }: Prepared): FilesAfter {
  const changes = new Map(plan.files.map((change) => [change.path, change]));
  return new Map(
    rendered.flatMap(({ path }): readonly (readonly [string, FileAfter])[] => {
      const change = changes.get(path);
      const content = change === undefined ? undefined : bytesAfter(change);
      if (content !== undefined) return [[path, { content, sha256: sha256(content) }]];
      const there = installed.get(path);
      if (there === undefined) return [];
      const { indexSha256, indexMode } = there;
      const bytes = Buffer.from(there.content, there.encoding ?? 'utf8');
      return [[path, { content: bytes, sha256: there.sha256, index: { indexSha256, indexMode } }]];
    }),
  );
}

/** What was built for a file: what stands there when the apply ends may be somebody else's. @param index where it is now */
export function noteIndex(files: FilesAfter, path: string, index: string): void {
  const file = files.get(path);
  if (file !== undefined) file.index = readIndex(index);
}

/** Before a file is ours for the first time: what an uninstall gives back. */
export function rememberWhatWasThere({ root }: Place, { plan, applied }: Prepared): void {
  const lib = `${root}/${PATHS.lib}`;
  const known = once(() => readOriginals(lib));
  // The record may have been lost: what is in the history is no original.
  const isWritten = (hash: string | undefined): boolean => hash !== undefined && readContent(lib, hash) !== undefined;
  const isOurs = ({ path, beforeSha256 }: FileChange): boolean =>
    applied?.files.has(path) === true ||
    applied?.unfinished?.files.has(path) === true ||
    (known().has(path) && isWritten(beforeSha256));
  const fresh = plan.files.filter((change) => change.file !== undefined && !isOurs(change));
  // The index of that one may be somebody else's as well: in directories of our own nobody else has any.
  const indexOf = ({ path, file }: FileChange): readonly string[] =>
    path === PATHS.aliases && file?.index !== undefined ? [indexPath(path, file.index.type)] : [];
  const paths = fresh.flatMap((change) => [change.path, ...indexOf(change)]);
  rememberOriginals(root, lib, paths);
}

/**
 * Written down before the first file changes: whoever comes after a crash knows what is ours and what is still to do.
 * @param steps what stands in some files only during the apply, by path
 */
export function announce(
  { root }: Place,
  { plan, applied, textSha256 }: Prepared,
  after: FilesAfter,
  steps: ReadonlyMap<string, readonly string[]>,
): void {
  const written = [
    ...[...steps].flatMap(([path, texts]) => texts.map((text) => [path, sha256(text)] as const)),
    ...plan.files.flatMap(({ path }) => {
      const file = after.get(path);
      return file === undefined ? [] : [[path, file.sha256] as const];
    }),
  ];
  writeUnfinished(`${root}/${PATHS.lib}`, applied?.time ?? '', {
    // Those of one that was cut off as well: what it had put in place may still be there when this one is cut off, too.
    files: withHashes(applied?.unfinished?.files, written),
    daemons: plan.daemons,
    state: textSha256,
  });
}

/**
 * Puts in place, on the way back, what `announce` did not know of. It is written down first: whoever finds it after a crash must
 * not take it for an edit by hand.
 * @returns whether it is in place: not without an apply under way, and a full disk is no reason to stop
 */
export function writeMeanwhile(root: string, path: string, content: string, write: () => void): boolean {
  try {
    if (!alsoWrites(root, path, content)) return false;
    write();
    return true;
  } catch {
    return false;
  }
}

function alsoWrites(root: string, path: string, content: string): boolean {
  const lib = `${root}/${PATHS.lib}`;
  const before = readAppliedRecord(lib);
  if (before?.unfinished === undefined) return false;
  const { unfinished } = before;
  const files = withHashes(unfinished.files, [[path, sha256(content)]]);
  writeUnfinished(lib, before.time, { ...unfinished, files });
  return true;
}

function withHashes(
  known: Unfinished['files'] | undefined,
  written: readonly (readonly [string, string])[],
): Unfinished['files'] {
  const files = new Map(known);
  for (const [path, hash] of written) files.set(path, [...new Set([...(files.get(path) ?? []), hash])]);
  return files;
}

/** What is in force now. @returns what its mailboxes are known by */
export function record(
  { root }: Place,
  { rendered, state, model, facts, certificate, mailboxes }: Prepared,
  files: FilesAfter,
): MailboxIds {
  const hashes = rendered.flatMap(({ path }): readonly (readonly [string, AppliedFile])[] => {
    const { sha256: hash, index = { indexSha256: undefined } } = files.get(path) ?? {};
    const { indexSha256, indexMode } = index;
    return hash === undefined ? [] : [[path, { sha256: hash, indexSha256, indexMode }]];
  });
  const { upTo: seq, former, tracks, known } = mailboxes;
  const ids = idsFor([...model.users.keys()], tracks, known);
  writeAppliedRecord(`${root}/${PATHS.lib}`, {
    time: new Date().toISOString(),
    state,
    files: new Map(hashes),
    listening: { listen: facts.listen, portOffset: facts.portOffset },
    // As it was before the daemons were told to read it: when it was replaced meanwhile, the next apply sees that.
    certificate: certificate.toBeMade
      ? sha256(bytesIfPresent(certificateOf(model, facts).certificate) ?? '')
      : certificate.hash,
    mailboxes: { seq, former: Object.fromEntries(former), ids },
  });
  return ids;
}

interface Known {
  readonly after: FilesAfter;
  readonly ids: MailboxIds;
}

/** For the history: what it came from and what it consists of. Without room for that the apply is none the worse. */
export function remember(
  { root }: Place,
  { rendered, text, textSha256: state, plan, mailboxes, facts }: Prepared,
  { after, ids, reason, progress }: Known & Pick<ApplyOptions, 'reason' | 'progress'>,
): void {
  const files = rendered.flatMap(({ path, mode, owner, group }) => {
    const { content, sha256: hash } = after.get(path) ?? {};
    return content === undefined || hash === undefined
      ? []
      : [{ content, file: { path, sha256: hash, mode, owner, group } }];
  });
  const lib = `${root}/${PATHS.lib}`;
  const secrets = [...facts.secrets].map(([name, content]) => ({ name, sha256: sha256(content) }));
  const known = JSON.stringify(ids);
  const mailboxIds = sha256(known);
  const contents = new Map<string, string | Buffer>([
    [state, text],
    [mailboxIds, known],
    ...files.map(({ content, file }) => [file.sha256, content] as const),
    ...[...facts.secrets.values()].map((content) => [sha256(content), content] as const),
  ]);
  const changes = [
    ...(reason === undefined ? [] : [reason]),
    ...plan.changes.map((change) => change.text),
    ...changedPasswords(lib, secrets),
  ];
  const kinds = ['files', 'directories', 'timers'] as const;
  const putRight = kinds.find((kind) => plan[kind].length > 0) ?? 'files';
  const summary = changes.length > 0 ? changes : [`${putRight} put right`];
  const whose = { moves: movesOf(mailboxes), mailboxes: mailboxIds };
  const about = { time: new Date().toISOString(), author: authorName(), summary, state, ...whose };
  try {
    saveGeneration(lib, { ...about, files: files.map(({ file }) => file), secrets }, contents);
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof EboxmailError)) throw error;
    progress(`the configuration is in force, but the history could not be written: ${error.message}`);
  }
}

/** In words: the state says only where they are. */
function changedPasswords(lib: string, secrets: readonly GenerationSecret[]): readonly string[] {
  const before = readGeneration(lib, newestGeneration(lib))?.secrets ?? [];
  const isOther = ({ name, sha256: hash }: GenerationSecret): boolean =>
    before.some((one) => one.name === name && one.sha256 !== hash);
  return secrets.filter(isOther).map(({ name }) => `password in ${name}`);
}

/** Mailboxes that got another address, for a way back. */
function movesOf({ tracks }: MailboxPlan): Generation['moves'] {
  return tracks.flatMap(({ origin, to, archived }) =>
    archived || to === undefined || to === origin ? [] : [{ from: origin, to }],
  );
}
