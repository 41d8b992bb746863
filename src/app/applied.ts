import type { MailboxIds } from '../core/mailboxes/holders.ts';
import { EboxmailError, isSystemError } from '../core/errors.ts';
import { certificateOf, PATHS } from '../core/render/paths.ts';
import { readAppliedRecord, writeAppliedRecord } from '../system/applied-record.ts';
import { bytesIfPresent } from '../system/files.ts';
import {
  newestGeneration,
  readGeneration,
  saveGeneration,
  type Generation,
  type GenerationSecret,
} from '../system/generations.ts';
import { sha256 } from '../system/hash.ts';
import { bytesAfter, readIndex } from '../system/installed.ts';
import { rememberOriginals } from '../system/originals.ts';
import type { ApplyOptions } from './apply.ts';
import { authorName } from './author.ts';
import { idsFor } from './mailbox-ids.ts';
import type { MailboxPlan } from './mailbox-plan.ts';
import type { Place } from './place.ts';
import type { Prepared } from './prepare.ts';
import { indexOf } from './stage.ts';

/** What an apply writes down about itself, before, after and for the history. */

/** Before a file is ours for the first time: what an uninstall gives back. */
export function rememberWhatWasThere({ root }: Place, { plan, applied }: Prepared): void {
  const isOurs = (path: string): boolean =>
    applied?.files.has(path) === true || applied?.unfinished?.files.has(path) === true;
  const fresh = plan.files.filter(({ path, file }) => file !== undefined && !isOurs(path));
  const paths = fresh.map(({ path }) => path);
  rememberOriginals(root, `${root}/${PATHS.lib}`, paths);
}

/**
 * Written down before the first file changes: whoever comes after a crash knows what is ours and what is still to do.
 * @param steps what stands in some files only during the apply, by path
 */
export function announce(
  { root }: Place,
  { plan, applied, text }: Prepared,
  steps: ReadonlyMap<string, readonly string[]>,
): void {
  const { time = '', state = {}, files = new Map<string, never>(), unfinished } = applied ?? {};
  const { listening, certificate, mailboxes } = applied ?? {};
  const before = unfinished?.files ?? new Map<string, readonly string[]>();
  // Those of one that was cut off as well: what it had put in place may still be there when this one is cut off, too.
  const hashesOf = (path: string, after: Buffer): readonly string[] => [...(steps.get(path) ?? []), after].map(sha256);
  const about = plan.files.flatMap((change) => {
    const { path } = change;
    const after = bytesAfter(change);
    return after === undefined
      ? []
      : [[path, [...new Set([...(before.get(path) ?? []), ...hashesOf(path, after)])]] as const];
  });
  writeAppliedRecord(`${root}/${PATHS.lib}`, {
    time,
    state,
    files,
    listening,
    certificate,
    mailboxes,
    unfinished: {
      files: new Map([...before, ...about]),
      daemons: plan.daemons,
      state: sha256(text),
    },
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
  const hashes = [...(unfinished.files.get(path) ?? []), sha256(content)];
  const files = new Map([...unfinished.files, [path, hashes]]);
  writeAppliedRecord(lib, { ...before, unfinished: { ...unfinished, files } });
  return true;
}

/** What is in force now. @returns what its mailboxes are known by */
export function record(
  { root }: Place,
  { rendered, state, model, facts, certificate, mailboxes }: Prepared,
): MailboxIds {
  const files = rendered.map((file) => {
    const hash = sha256(bytesIfPresent(`${root}/${file.path}`) ?? '');
    return [file.path, { sha256: hash, ...readIndex(indexOf(root, file)) }] as const;
  });
  const { upTo: seq, former, tracks, known } = mailboxes;
  const ids = idsFor([...model.users.keys()], tracks, known);
  writeAppliedRecord(`${root}/${PATHS.lib}`, {
    time: new Date().toISOString(),
    state,
    files: new Map(files),
    listening: { listen: facts.listen, portOffset: facts.portOffset },
    // As it was before the daemons were told to read it: when it was replaced meanwhile, the next apply sees that.
    certificate: certificate.toBeMade
      ? sha256(bytesIfPresent(certificateOf(model, facts).certificate) ?? '')
      : certificate.hash,
    mailboxes: { seq, former: Object.fromEntries(former), ids },
  });
  return ids;
}

/** For the history: what it came from and what it consists of. Without room for that the apply is none the worse. */
export function remember(
  { root }: Place,
  { rendered, text, plan, mailboxes, facts }: Prepared,
  { reason, progress, ids }: Pick<ApplyOptions, 'reason' | 'progress'> & { readonly ids: MailboxIds },
): void {
  const files = rendered.map(({ path, mode, owner, group }) => {
    const content = bytesIfPresent(`${root}/${path}`) ?? '';
    return { content, file: { path, sha256: sha256(content), mode, owner, group } };
  });
  const state = sha256(text);
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
  const summary = changes.length > 0 ? changes : ['files put right'];
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
