import { withHint } from '../../core/errors.ts';
import { readIfPresent } from '../../system/files.ts';
import { PATHS } from '../../core/render/paths.ts';
import type { Generation } from '../../system/generations.ts';
import {
  readRollbackRecord,
  removeRollbackRecord,
  writeRollbackRecord,
  type ReplacedFile,
  type RollbackRecord,
} from '../../system/rollback-record.ts';
import { applyLocked, type Applied } from './apply.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { InForceError } from './conclude.ts';
import { withApplyLock } from './apply-lock.ts';
import { stateOfGeneration } from './history.ts';
import type { Place } from '../state/place.ts';
import { isThere, keepReplaced, putBack, replace, replacementsFor, STATE, type Replacement } from './replacements.ts';
import { withStateLock } from '../state/state-lock.ts';
import { noteWayBack, type WayBack } from '../mailboxes/way-back.ts';

/** What a rollback did. */
export interface RolledBack extends Applied {
  /** The state and the secrets that were replaced, and where they are as they were. */
  readonly replaced: readonly ReplacedFile[];
  /** In words: who begins with an empty mailbox, and why. */
  readonly empty: readonly string[];
}

/** @throws when what a generation came from is no longer readable */
export function requireWayBack(place: Place, to: Generation): void {
  replacementsFor(place, to);
}

/**
 * Puts the state of an earlier generation in place of today's, and the secrets that it was rendered from, and applies it, by
 * the same way as any apply. What was not applied yet is kept; when the apply fails, today's state and secrets are put back.
 * Nothing is written before this may apply.
 */
export function rollback(place: Place, to: Generation, options: ApplyOptions): Promise<RolledBack> {
  return withApplyLock(place, async (describe) => {
    requireWayBack(place, to);
    describe();
    const way = await goBackTo(place, to);
    try {
      const again = `eboxmail rollback ${to.number}`;
      const applied = await applyLocked(place, { ...options, reason: `back to generation ${to.number}`, again });
      return { ...applied, replaced: way.replaced, empty: way.mailboxes.empty };
    } catch (error) {
      // It is in force: what is written down for it stays for the apply that brings it to its end.
      throw error instanceof InForceError ? error : await putAllBack(place, way, error);
    }
  });
}

/** What was replaced, and what is needed to put it back. */
interface Way {
  readonly files: readonly Replacement[];
  readonly replaced: readonly ReplacedFile[];
  /** What a rollback that was killed had left: this one may end without having taken its place. */
  readonly earlier: RollbackRecord | undefined;
  readonly mailboxes: WayBack;
}

/** Whoever holds the lock writes down whose mailbox is whose, and then the secrets and the state. */
function goBackTo(place: Place, to: Generation): Promise<Way> {
  const lib = `${place.root}/${PATHS.lib}`;
  return withStateLock(place, async () => {
    const earlier = readRollbackRecord(lib);
    const files = replacementsFor(place, to);
    const replaced = keepReplaced(place, files);
    const mailboxes = noteWayBack(place, to, stateOfGeneration(place, to), readIfPresent(place.statePath));
    try {
      if (files.length > 0) writeRollbackRecord(lib, { to: to.number, replaced });
      for (const file of files) replace(place, file);
    } catch (error) {
      for (const file of files) if (isThere(file)) putBack(place, file);
      mailboxes.withdraw();
      endRecord(lib, earlier);
      throw error;
    }
    return { files, replaced, earlier, mailboxes };
  });
}

/**
 * State and secrets as they were before a rollback that failed, unless somebody has changed them since: that change would be
 * lost. Secrets belong to the state: they stay when it does, as does what is written down about mailboxes.
 * @returns the error to end with
 */
async function putAllBack(place: Place, way: Way, cause: unknown): Promise<unknown> {
  const { files, earlier, mailboxes } = way;
  try {
    const hints = await withStateLock(place, async () => {
      const changed = files.filter((file) => !isThere(file));
      const left = changed.some(({ name }) => name === STATE) ? files : changed;
      for (const file of files) if (!left.includes(file)) putBack(place, file);
      if (!left.some(({ name }) => name === STATE)) mailboxes.withdraw();
      return left.map((file) => {
        const what = changed.includes(file) ? 'was changed meanwhile and stays so' : 'stays with it';
        return `${file.path} ${what}; as it was before, it is in ${whereIs(file, way)}`;
      });
    });
    endRecord(`${place.root}/${PATHS.lib}`, earlier);
    return hints.length === 0 ? cause : withHint(cause, hints.join('\n'));
  } catch (error) {
    // The record stays: every command says where to find them.
    const { message } = error as Error;
    const lost = files.filter(isThere).map((file) => `${file.path} as it was is in ${whereIs(file, way)}`);
    return withHint(cause, [`what was replaced could not be put back (${message})`, ...lost].join('\n'));
  }
}

function whereIs({ name }: Replacement, { replaced }: Way): string {
  const found = replaced.find((one) => one.name === name);
  if (found === undefined) return 'no place: there was none';
  return found.kept ?? `the history (generation ${found.generation ?? '?'})`;
}

function endRecord(lib: string, earlier: RollbackRecord | undefined): void {
  if (earlier === undefined) removeRollbackRecord(lib);
  else writeRollbackRecord(lib, earlier);
}
