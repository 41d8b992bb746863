import { rmSync } from 'node:fs';
import {
  bytesIfPresent,
  duplicate,
  lstat,
  makeDirectory,
  moveBack,
  readIfPresent,
  syncDirectories,
  writeAtomically,
} from './files.ts';
import { sha256 } from './hash.ts';
import { readJsonFile } from './json-file.ts';

/** A file as it was before an apply: with a copy, or absent. */
interface Before {
  readonly target: string;
  /** Name of the copy; absent when there was no such file. A copy that is not there any more has been put back. */
  readonly copy?: string;
  /** SHA-256 of the copy. */
  readonly sha256?: string;
}

interface Journal {
  readonly version: 1;
  readonly files: readonly Before[];
  /** Daemons that ran before the first file changed. */
  readonly running: readonly string[];
}

/**
 * What is needed to go back: a copy of every file that an apply is about to replace, and a journal of them that is on the
 * disk before the first one changes. It stays until the apply has proven itself. When one is found at the beginning, an
 * apply was killed: its copies are the last configuration that was proven, so they are kept and only added to.
 */
export interface Undo {
  /** Absolute paths of all that is to be replaced, each with the SHA-256 of what was there; absent where nothing was. */
  readonly files: readonly { readonly target: string; readonly sha256?: string }[];
  /** Daemons that ran before the first file changed. */
  readonly running: readonly string[];
  /**
   * Puts every file back as it was, those that others refer to first, and removes those that were not there. It needs no room
   * on the disk, and does what is left to do when it was cut off. What never changed is not touched: it may be that it cannot be.
   * @param which of them, by absolute path; all when absent
   */
  restore(which?: (target: string) => boolean): void;
  /** Text of a file as it was, empty when there was none; undefined when it was not to be replaced, or is back. */
  textBefore(target: string): string | undefined;
  /** The apply has come to its end: nothing is left to go back to. */
  end(): void;
}

/**
 * @param lib absolute path of var/lib/eboxmail
 * @param now daemons that run now
 */
export function beginUndo(lib: string, targets: readonly string[], now: readonly string[]): Undo {
  const directory = directoryIn(lib);
  makeDirectory(directory, 0o700);
  const before = readJournal(lib);
  const running = before?.running ?? now;
  const known = before?.files ?? [];
  let files: readonly Before[];
  try {
    files = keepAll(directory, known, targets);
    if (before === undefined || files.some((file, number) => file !== known[number])) {
      writeJournal(directory, { version: 1, files, running });
    }
  } catch (error) {
    if (before === undefined) endUndo(lib);
    throw error;
  }
  return {
    files,
    running,
    restore: (which = () => true) => {
      const wanted = files.filter(({ target }) => which(target));
      for (const { target, copy } of wanted) if (copy !== undefined) putBack(`${directory}/${copy}`, target);
      for (const { target, copy } of wanted) if (copy === undefined) rmSync(target, { force: true });
      syncDirectories(wanted.map(({ target }) => target));
    },
    textBefore: (path) => {
      const file = files.find(({ target }) => target === path);
      if (file === undefined) return undefined;
      return file.copy === undefined ? '' : readIfPresent(`${directory}/${file.copy}`);
    },
    end: () => endUndo(lib),
  };
}

/** Whether an apply was killed before it came to its end. */
export function undoIsLeft(lib: string): boolean {
  return lstat(`${directoryIn(lib)}/journal.json`) !== undefined;
}

export function endUndo(lib: string): void {
  // The journal goes first: copies without it mean nothing.
  rmSync(`${directoryIn(lib)}/journal.json`, { force: true });
  rmSync(directoryIn(lib), { recursive: true, force: true });
}

export function directoryIn(lib: string): string {
  return `${lib}/undo`;
}

/** Whether a file is as it was before an apply that was cut off and was about to replace it. */
export function isUntouched(lib: string, target: string): boolean {
  const hash = readJournal(lib)?.files.find((file) => file.target === target)?.sha256;
  const now = hash === undefined ? undefined : bytesIfPresent(target);
  return now !== undefined && sha256(now) === hash;
}

/** Copies what is about to be replaced and has no copy: it is new here, or was put back. */
function keepAll(directory: string, known: readonly Before[], targets: readonly string[]): readonly Before[] {
  const wanted = new Set(targets);
  const kept = known.map((file, number) => {
    const isBack = file.copy !== undefined && lstat(`${directory}/${file.copy}`) === undefined;
    return isBack && wanted.has(file.target) ? keep(directory, file.target, number) : file;
  });
  const names = new Set(known.map(({ target }) => target));
  const added = targets.filter((target) => !names.has(target));
  return [...kept, ...added.map((target, index) => keep(directory, target, known.length + index))];
}

function keep(directory: string, target: string, number: number): Before {
  if (lstat(target) === undefined) return { target };
  const copy = String(number);
  return { target, copy, sha256: sha256(duplicate(target, `${directory}/${copy}`)) };
}

/** A file that is the same still, because it was not replaced yet or cannot be, needs its copy no more. */
function putBack(copy: string, target: string): void {
  if (isSame(copy, target)) rmSync(copy, { force: true });
  else moveBack(copy, target);
}

function isSame(copy: string, target: string): boolean {
  const [was, is] = [lstat(copy), lstat(target)];
  if (was === undefined || is?.isFile() !== true) return false;
  const alike = was.mode === is.mode && was.uid === is.uid && was.gid === is.gid && was.size === is.size;
  return alike && bytesIfPresent(target)?.equals(bytesIfPresent(copy) ?? Buffer.alloc(0)) === true;
}

function writeJournal(directory: string, journal: Journal): void {
  const content = `${JSON.stringify(journal)}\n`;
  writeAtomically({ path: `${directory}/journal.json`, content, mode: 0o600, uid: 0, gid: 0 });
}

function readJournal(lib: string): Journal | undefined {
  const hint = [
    'an apply was cut off, and this says where the files belong that it has copied: move it away and run "eboxmail apply"',
    'what was before that one can only be gone back to with "eboxmail rollback" then',
  ].join('\n');
  return readJsonFile<Journal>(`${directoryIn(lib)}/journal.json`, { needs: { files: 'list', running: 'list' }, hint });
}
