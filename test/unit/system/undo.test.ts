import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginUndo, isUntouched, undoIsLeft } from '../../../src/system/undo.ts';

/** An apply writes files and goes back, cut off in between or not. */

let place = '';
let lib = '';
let one = '';
let two = '';
let fresh = '';

beforeEach(() => {
  place = mkdtempSync('/tmp/eboxmail-');
  [lib, one, two, fresh] = [`${place}/lib`, `${place}/one`, `${place}/two`, `${place}/fresh`];
  writeFileSync(one, 'one before');
  writeFileSync(two, 'two before');
  chmodSync(one, 0o640);
  utimesSync(one, 1_600_000_000, 1_500_000_000.25);
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

const text = (path: string): string => readFileSync(path, 'utf8');

/** As an apply does: a new file takes the name of the old one. */
function replace(path: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, 'new');
}

describe('going back', () => {
  it('moves the copies, with mode and time, and makes no file', () => {
    const undo = beginUndo(lib, [one, two, fresh], []);
    const copy = statSync(`${lib}/undo/0`);
    [one, two, fresh].forEach(replace);
    undo.restore();
    expect([text(one), text(two), existsSync(fresh)]).toEqual(['one before', 'two before', false]);
    const { ino, nlink, mode, mtimeMs } = statSync(one);
    expect({ ino, nlink, mode: mode & 0o777, mtimeMs }).toEqual({
      ino: copy.ino,
      nlink: 1,
      mode: 0o640,
      mtimeMs: 1_500_000_000_250,
    });
  });

  it('twice is no different, and what is to be replaced once more is copied anew', () => {
    beginUndo(lib, [one, two], ['postfix']).restore();
    replace(two);
    const again = beginUndo(lib, [], []);
    again.restore();
    expect([text(one), text(two), again.running]).toEqual(['one before', 'new', ['postfix']]);
    writeFileSync(two, 'two before');
    // Cut off, and the next apply goes on: it replaces one of them, which has no copy any more.
    const next = beginUndo(lib, [one, fresh], []);
    [one, fresh].forEach(replace);
    expect(isUntouched(lib, one)).toBe(false);
    next.restore();
    expect([text(one), text(two), existsSync(fresh)]).toEqual(['one before', 'two before', false]);
    next.end();
    expect(undoIsLeft(lib)).toBe(false);
  });

  it('a file that was not put back yet keeps its first copy', () => {
    beginUndo(lib, [one, two], []);
    replace(one);
    const next = beginUndo(lib, [one, two], []);
    replace(one);
    next.restore();
    expect(text(one)).toBe('one before');
  });

  it('leaves alone what is the same still, but not what has only its content', () => {
    const undo = beginUndo(lib, [one, two], []);
    const { ino } = statSync(one);
    chmodSync(two, 0o600);
    undo.restore();
    expect([statSync(one).ino, statSync(two).mode & 0o777]).toEqual([ino, 0o644]);
    expect([existsSync(`${lib}/undo/0`), existsSync(`${lib}/undo/1`), undoIsLeft(lib)]).toEqual([false, false, true]);
  });

  it('knows what is as it was, also when its copy has been put back', () => {
    const undo = beginUndo(lib, [one, two, fresh], []);
    expect([one, two, fresh].map((path) => isUntouched(lib, path))).toEqual([true, true, false]);
    replace(one);
    expect(isUntouched(lib, one)).toBe(false);
    undo.restore();
    expect(isUntouched(lib, one)).toBe(true);
    writeFileSync(two, 'edited since');
    expect(isUntouched(lib, two)).toBe(false);
  });

  it.skipIf(statSync('/dev/shm').dev === statSync('/tmp').dev)('across file systems copies', () => {
    const other = mkdtempSync('/dev/shm/eboxmail-');
    try {
      const undo = beginUndo(`${other}/lib`, [one], []);
      replace(one);
      undo.restore();
      undo.restore();
      expect([text(one), statSync(one).mtimeMs]).toEqual(['one before', 1_500_000_000_250]);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});
