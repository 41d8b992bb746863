import { followAll, startAgain, type Followed, type Situation } from '../../core/mailboxes/followed.ts';
import type { MailboxEvent } from '../../core/mailboxes/events.ts';
import type { PlaceOf } from '../../core/mailboxes/tracks.ts';
import type { JsonObject } from '../../core/json.ts';
import { PATHS } from '../../core/render/paths.ts';
import { parseState } from '../../core/state/parse.ts';
import { lastRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { readIfPresent } from '../../system/files.ts';
import { appendToMailboxLog, readMailboxLog } from '../../system/mailbox-log.ts';
import type { Place } from './place.ts';
import { secretsApplied, secretsNow, signOfEntry, signsOf, userSigns, wholeSign, type Whole } from './state-signs.ts';
import { usersOf } from './users-of.ts';

/** Where mailboxes belong by what is written down about them, for a state as it is or is about to be. */
export function followState(
  place: Place,
  applied: AppliedRecord | undefined,
  state: JsonObject,
  placeOf: PlaceOf,
): Followed {
  const events = readMailboxLog(`${place.root}/${PATHS.lib}`);
  return followAll(situationOf(place, applied, state, events, placeOf));
}

function situationOf(
  place: Place,
  applied: AppliedRecord | undefined,
  state: JsonObject,
  events: readonly MailboxEvent[],
  // Of no meaning for where a state has come from.
  placeOf: PlaceOf = () => undefined,
): Situation {
  return {
    before: usersOf(applied?.state ?? {}),
    after: usersOf(state),
    events,
    seq: applied?.mailboxes?.seq ?? 0,
    since: applied?.time ?? '',
    signOf: signOfEntry,
    placeOf,
    signs: () => {
      const before = appliedWhole(place, applied);
      return {
        now: signsOf({ state, secretOf: secretsNow(place) }, before),
        applied: wholeSign(before),
        appliedAt: (address) => userSigns(before, address),
      };
    },
  };
}

export function appliedWhole(place: Place, applied: AppliedRecord | undefined): Whole {
  return { state: applied?.state ?? {}, secretOf: secretsApplied(place) };
}

/** What states the one in the file may have come from. */
export function originsNow(place: Place, applied: AppliedRecord): Pick<Followed, 'lineages' | 'isSure'> {
  const events = readMailboxLog(`${place.root}/${PATHS.lib}`);
  const text = hasBack(events, applied) ? readIfPresent(place.statePath) : undefined;
  if (text === undefined) return { lineages: [0], isSure: true };
  return followAll(situationOf(place, applied, parseState(text).data, events));
}

/**
 * Writes down that what commands did since the last apply was undone by hand. Call it under the lock of the state, before anything
 * else is written down for an edit of it.
 */
export function noteUndone(place: Place, before: JsonObject): void {
  const lib = `${place.root}/${PATHS.lib}`;
  const [events, applied] = [logOf(lib), readAppliedIfLogged(lib)];
  if (events.length === 0 || applied === undefined) return;
  const again = startAgain(situationOf(place, applied, before, events));
  if (again !== undefined)
    appendToMailboxLog(lib, applied.mailboxes?.seq ?? 0, applied.time, { kind: 'back', ...again, after: [] });
}

/**
 * While there is a `back`, a state that a command writes is written down: what is put back, and
 * what is edited by hand later, is known by it. Call it under the lock of the state, before that is written.
 */
export function noteSeen(place: Place, before: JsonObject, after: JsonObject): void {
  const lib = `${place.root}/${PATHS.lib}`;
  const [events, applied] = [logOf(lib), readAppliedIfLogged(lib)];
  if (applied === undefined || !hasBack(events, applied)) return;
  const { isSure, lineages } = followAll(situationOf(place, applied, before, events));
  // Otherwise it would take away the doubt of whose a mailbox is.
  if (!isSure) return;
  const state = signsOf({ state: after, secretOf: secretsNow(place) }, appliedWhole(place, applied));
  appendToMailboxLog(lib, applied.mailboxes?.seq ?? 0, applied.time, { kind: 'seen', state, after: lineages });
}

/** Who may not read it may edit a state of their own. */
function logOf(lib: string): readonly MailboxEvent[] {
  return process.getuid?.() === 0 ? readMailboxLog(lib) : [];
}

function readAppliedIfLogged(lib: string): AppliedRecord | undefined {
  return logOf(lib).length === 0 ? undefined : lastRecord(lib);
}

function hasBack(events: readonly MailboxEvent[], { mailboxes }: AppliedRecord): boolean {
  return events.some(({ kind, seq }) => kind === 'back' && seq > (mailboxes?.seq ?? 0));
}
