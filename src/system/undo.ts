import { rmSync } from 'node:fs';
import {
  bytesIfPresent,
  duplicate,
  lstat,
  makeDirectory,
  readIfPresent,
  syncDirectories,
  writeAtomically,
} from './files.ts';

/** A file as it was before an apply: with a copy, or absent. */
interface Before {
  readonly target: string;
  /** Name of the copy; absent when there was no such file. */
  readonly copy?: string;
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
  /** Daemons that ran before the first file changed. */
  readonly running: readonly string[];
  /**
   * Puts every file back as it was, those that others refer to first, and removes those that were not there.
   * @param which of them, by absolute path; all when absent
   */
  restore(which?: (target: string) => boolean): void;
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
  const { files: known, running } = readJournal(lib) ?? { files: [], running: now };
  const names = new Set(known.map(({ target }) => target));
  const added = targets
    .filter((target) => !names.has(target))
    .map((target, index) => keep(directory, target, known.length + index));
  const files = [...known, ...added];
  const journal: Journal = { version: 1, files, running };
  writeAtomically({
    path: `${directory}/journal.json`,
    content: `${JSON.stringify(journal)}\n`,
    mode: 0o600,
    uid: 0,
    gid: 0,
  });
  return {
    running,
    restore: (which = () => true) => {
      const wanted = files.filter(({ target }) => which(target));
      for (const { target, copy } of wanted) if (copy !== undefined) duplicate(`${directory}/${copy}`, target);
      for (const { target, copy } of wanted) if (copy === undefined) rmSync(target, { force: true });
      syncDirectories(wanted.map(({ target }) => target));
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
  const copy = readJournal(lib)?.files.find((file) => file.target === target)?.copy;
  const now = bytesIfPresent(target);
  return copy !== undefined && now !== undefined && bytesIfPresent(`${directoryIn(lib)}/${copy}`)?.equals(now) === true;
}

function keep(directory: string, target: string, number: number): Before {
  if (lstat(target) === undefined) return { target };
  const copy = String(number);
  duplicate(target, `${directory}/${copy}`);
  return { target, copy };
}

function readJournal(lib: string): Journal | undefined {
  const text = readIfPresent(`${directoryIn(lib)}/journal.json`);
  return text === undefined ? undefined : (JSON.parse(text) as Journal);
}
