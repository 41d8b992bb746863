import { readdirSync, rmSync } from 'node:fs';
import { EboxmailError, isForbidden } from '../core/errors.ts';
import type { MailboxIds } from '../core/mailboxes/holders.ts';
import { bytesIfPresent, lstat, makeDirectory, stageFile, syncDirectories, writeAtomically } from './files.ts';
import { sha256 } from './hash.ts';
import { readJsonFile } from './json-file.ts';

/** A configuration that was in force: what it came from, what it consisted of, and who made it when. */
export interface Generation {
  readonly number: number;
  /** ISO 8601. */
  readonly time: string;
  /** The login name of whoever ran the apply, also behind sudo. */
  readonly author: string;
  /** What changed for people, a line each. */
  readonly summary: readonly string[];
  /** SHA-256 of the text of the state. */
  readonly state: string;
  readonly files: readonly GenerationFile[];
  /** What the secret files held that the state refers to. Absent in generations of earlier versions. */
  readonly secrets?: readonly GenerationSecret[];
  /** Mailboxes that got another address by it. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  /** SHA-256 of what the mailboxes are known by, which is among the contents. Absent in generations of earlier versions. */
  readonly mailboxes?: string | undefined;
}

export interface GenerationFile {
  /** Relative to the root. */
  readonly path: string;
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface GenerationSecret {
  /** As the state has it: relative to the directory of the state. */
  readonly name: string;
  /** SHA-256 of its line, which is among the contents. */
  readonly sha256: string;
}

/** How many are kept. */
export const KEPT_GENERATIONS = 50;

/** Not waited for until it is on the disk: a content that the power took is noticed by its hash. */
const PRIVATE = { mode: 0o600, uid: 0, gid: 0, volatile: true } as const;

/**
 * Writes a generation down. Contents are kept once, by their hash, so that a change of one user costs what it changed.
 * @param lib absolute path of var/lib/eboxmail
 * @param contents the state's text, the files and the secrets, by their SHA-256
 * @returns its number, one more than that of the newest
 */
export function saveGeneration(
  lib: string,
  generation: Omit<Generation, 'number'>,
  contents: ReadonlyMap<string, string | Buffer>,
): number {
  const number = newestGeneration(lib) + 1;
  makeDirectory(manifests(lib), 0o700);
  makeDirectory(objects(lib), 0o700);
  for (const [hash, content] of contents) {
    // One of another length was not on the disk yet when the power went.
    if (lstat(object(lib, hash))?.size !== Buffer.byteLength(content))
      stageFile({ path: object(lib, hash), content, ...PRIVATE }).commit();
  }
  syncDirectories([object(lib, generation.state)]);
  const content = `${JSON.stringify({ number, ...generation })}\n`;
  writeAtomically({ path: manifest(lib, number), content, ...PRIVATE });
  prune(lib);
  return number;
}

/** Its number; 0 when there is none yet. */
export function newestGeneration(lib: string): number {
  return generationNumbers(lib)[0] ?? 0;
}

/** All of them, the newest first. */
export function listGenerations(lib: string): readonly Generation[] {
  return generationNumbers(lib).flatMap((number) => readGeneration(lib, number) ?? []);
}

/** Undefined also for one that is damaged: it may be that the power took it before it was on the disk. */
export function readGeneration(lib: string, number: number): Generation | undefined {
  try {
    return requireReadable(lib, number);
  } catch (error) {
    if (error instanceof EboxmailError && !isForbidden(error)) return undefined;
    throw error;
  }
}

/** The same. @throws exit 1 for one that is damaged */
export function requireReadable(lib: string, number: number): Generation | undefined {
  const needs = {
    number: 'number',
    time: 'string',
    author: 'string',
    summary: 'list',
    state: 'string',
    files: 'list',
  } as const;
  const hint = 'it is left out of the history; choose another generation, or bring the file back from a backup';
  return readJsonFile<Generation>(manifest(lib, number), { needs, hint });
}

/** A content by its hash; undefined when it is gone or is no longer what it was. */
export function readContent(lib: string, hash: string): string | undefined {
  const bytes = bytesIfPresent(object(lib, hash));
  return bytes !== undefined && sha256(bytes) === hash ? bytes.toString('utf8') : undefined;
}

/** What the mailboxes of a generation are known by; undefined when it is not readable, or was never written down. */
export function mailboxIdsOf(lib: string, { mailboxes }: Generation): MailboxIds | undefined {
  const text = mailboxes === undefined ? undefined : readContent(lib, mailboxes);
  return text === undefined ? undefined : (JSON.parse(text) as MailboxIds);
}

/** Removes the oldest generations, and the contents that none of the others has. */
function prune(lib: string): void {
  const old = generationNumbers(lib).slice(KEPT_GENERATIONS);
  if (old.length === 0) return;
  for (const number of old) rmSync(manifest(lib, number), { force: true });
  const used = new Set(
    listGenerations(lib).flatMap(({ state, files, secrets = [], mailboxes }) => [
      state,
      ...(mailboxes === undefined ? [] : [mailboxes]),
      ...[...files, ...secrets].map((one) => one.sha256),
    ]),
  );
  for (const name of readdirSync(objects(lib))) {
    if (!name.startsWith('.') && !used.has(name)) rmSync(object(lib, name), { force: true });
  }
}

/** Of all, the newest first, those that are damaged included. */
export function generationNumbers(lib: string): readonly number[] {
  if (lstat(manifests(lib)) === undefined) return [];
  return readdirSync(manifests(lib))
    .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

function manifests(lib: string): string {
  return `${lib}/generations`;
}

function manifest(lib: string, number: number): string {
  return `${manifests(lib)}/${number}.json`;
}

function objects(lib: string): string {
  return `${lib}/contents`;
}

function object(lib: string, hash: string): string {
  return `${objects(lib)}/${hash}`;
}
