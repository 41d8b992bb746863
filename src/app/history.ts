import { dirname } from 'node:path';
import { failed, notFound, withHint } from '../core/errors.ts';
import { PATHS } from '../core/render/paths.ts';
import { bytesIfPresent, lstat, makeDirectory, resolveLinks, writeAtomically } from '../system/files.ts';
import { listGenerations, readContent, readGeneration, type Generation } from '../system/generations.ts';
import { applyLocked, type Applied, type ApplyOptions } from './apply.ts';
import { withApplyLock } from './apply-lock.ts';
import type { Place } from './place.ts';
import { withStateLock } from './state-lock.ts';
import { noteWayBack } from './way-back.ts';

/** Every configuration that was in force and is still known, the newest first. */
export function history({ root }: Place): readonly Generation[] {
  return listGenerations(`${root}/${PATHS.lib}`);
}

/** @throws exit 4 when there is no such generation */
export function generation(place: Place, number: number): Generation {
  const found = readGeneration(`${place.root}/${PATHS.lib}`, number);
  if (found !== undefined) return found;
  throw notFound(`there is no generation ${number}`, 'see which there are with: eboxmail history');
}

/** The text of the state that a generation came from. */
export function stateOfGeneration({ root }: Place, { number, state }: Generation): string {
  const text = readContent(`${root}/${PATHS.lib}`, state);
  if (text === undefined) throw failed(`the state of generation ${number} is no longer readable`, 'choose another one');
  return text;
}

/** The one that a rollback without a number goes to: the one before that in force. @throws exit 4 when there is none */
export function previousGeneration(place: Place): Generation {
  const [, previous] = history(place);
  if (previous !== undefined) return previous;
  throw notFound('there is no earlier generation', 'each apply that changes something makes one');
}

/**
 * Puts the state of an earlier generation in place of today's and applies it, by the same way as any apply. A state that
 * was not applied yet is kept; when the apply fails, today's state is put back. Nothing is written before this may apply.
 * @returns what was applied, and where a state that was never applied is kept
 */
export function rollback(place: Place, to: Generation, options: ApplyOptions): Promise<Applied & { kept?: string }> {
  return withApplyLock(place, async (describe) => {
    const text = stateOfGeneration(place, to);
    describe();
    const replaced = await replaceState(place, to, text);
    const { kept } = replaced;
    try {
      const applied = await applyLocked(place, { ...options, reason: `back to generation ${to.number}` });
      return { ...applied, ...(kept === undefined ? {} : { kept }) };
    } catch (error) {
      throw await putStateBack(place, text, replaced, error);
    }
  });
}

/** What was the state before a rollback. */
interface Replaced {
  readonly before: Buffer | undefined;
  /** Where it is kept, when no generation has it. */
  readonly kept: string | undefined;
}

/** Whoever holds the lock writes down whose mailbox is whose, and then the state. */
function replaceState(place: Place, to: Generation, text: string): Promise<Replaced> {
  return withStateLock(place, async () => {
    const path = resolveLinks(place.statePath);
    const before = bytesIfPresent(path);
    const kept = before === undefined ? undefined : keepUnapplied(place, before.toString('utf8'));
    noteWayBack(place, to, text);
    writeState(path, text);
    return { before, kept };
  });
}

/**
 * The state as it was before a rollback that failed, unless somebody has changed it since: that change would be lost.
 * @returns the error to end with
 */
async function putStateBack(place: Place, text: string, { before, kept }: Replaced, cause: unknown): Promise<unknown> {
  const path = resolveLinks(place.statePath);
  const where = kept ?? 'the history ("eboxmail history")';
  try {
    const isBack = await withStateLock(place, async () => {
      if (before !== undefined && bytesIfPresent(path)?.equals(Buffer.from(text)) !== true) return false;
      if (before !== undefined) writeState(path, before);
      return true;
    });
    return isBack
      ? cause
      : withHint(cause, `${path} was changed meanwhile and stays so; as it was before, it is in ${where}`);
  } catch (error) {
    return withHint(cause, `${path} could not be put back (${(error as Error).message}); as it was, it is in ${where}`);
  }
}

function writeState(path: string, content: string | Buffer): void {
  const { uid, gid } = lstat(path) ?? { uid: 0, gid: 0 };
  writeAtomically({ path, content, mode: 0o600, uid, gid });
}

/** A state that no generation has would be lost. */
function keepUnapplied(place: Place, text: string): string | undefined {
  const lib = `${place.root}/${PATHS.lib}`;
  if (history(place).some(({ state }) => readContent(lib, state) === text)) return undefined;
  const path = `${lib}/backup/state.yaml.${new Date().toISOString().replace(/[:.]/g, '-')}`;
  makeDirectory(dirname(path), 0o700);
  writeAtomically({ path, content: text, mode: 0o600, uid: 0, gid: 0 });
  return path;
}
