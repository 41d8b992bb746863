import { eventOf, followAll, standingOf, type Followed, type Situation } from '../../core/mailboxes/followed.ts';
import type { MailboxEvent } from '../../core/mailboxes/events.ts';
import type { PlaceOf } from '../../core/mailboxes/tracks.ts';
import type { JsonObject } from '../../core/json.ts';
import { PATHS } from '../../core/render/paths.ts';
import { sameJson } from '../../core/state/edit/changes.ts';
import { parseState } from '../../core/state/parse.ts';
import { lastRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { readIfPresent } from '../../system/files.ts';
import { appendToMailboxLog, readMailboxLog } from '../../system/mailbox-log.ts';
import type { Place } from './place.ts';
import {
  secretsApplied,
  secretsNow,
  loginOf,
  loginsOf,
  passwordIn,
  signsOf,
  userSigns,
  wholeSign,
  type Whole,
} from './state-signs.ts';
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
  const [before, after] = [usersOf(applied?.state ?? {}), usersOf(state)];
  return {
    before,
    after,
    events,
    seq: applied?.mailboxes?.seq ?? 0,
    since: applied?.time ?? '',
    placeOf,
    logins: loginsOf(place, before, after),
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
 * Writes down what the state tells of whose mailboxes are before a command changes it, where that would not be known later.
 * Call it under the lock of the state, before anything else is written down for the edit.
 */
export function noteStanding(place: Place, before: JsonObject, after: JsonObject): void {
  const lib = `${place.root}/${PATHS.lib}`;
  const log = logOf(lib);
  const leaving = before['users'] === after['users'] ? [] : leavingIn(usersOf(before), usersOf(after));
  if (log.length === 0 && leaving.length === 0) return;
  const applied = process.getuid?.() === 0 ? lastRecord(lib) : undefined;
  if (applied === undefined || log.some((event) => isFoundLater(event, applied))) return;
  const situation = situationOf(place, applied, before, log);
  const { standing, lineages } = standingOf(situation);
  const left = new Set(leaving);
  const missing = standing.filter((one) => !one.isWritten || ((!one.isQuiet || left.has(one.to)) && !one.isKnown()));
  if (missing.length === 0) return;
  const events = missing.map((one) => ({ ...eventOf(one), login: situation.logins.now(one.to), after: lineages }));
  appendToMailboxLog(lib, applied.mailboxes?.seq ?? 0, applied.time, ...events);
}

/** Where that mailbox is by now, since an apply was at work then, is for the plan to find. */
function isFoundLater(event: MailboxEvent, { time }: AppliedRecord): boolean {
  return (event.kind === 'kept' || event.kind === 'restored') && event.mailbox !== undefined && event.since !== time;
}

/** Who is not there any more, or not by the same login: of a batch it may be somebody else. */
function leavingIn(before: JsonObject, after: JsonObject): readonly string[] {
  return Object.keys(before).filter(
    (address) =>
      before[address] !== after[address] && !sameJson(passwordIn(before[address]), passwordIn(after[address])),
  );
}

/**
 * Writes down a new password of a user whose mailbox would otherwise not be known by it.
 * Call it under the lock of the state, before that is written. @param state as it is before
 */
export function notePassword(place: Place, state: JsonObject, address: string, password: string): void {
  const lib = `${place.root}/${PATHS.lib}`;
  const events = logOf(lib);
  if (!events.some((event) => speaksOf(event, address))) return;
  const applied = lastRecord(lib);
  if (applied === undefined || events.some((event) => isFoundLater(event, applied))) return;
  const { standing, lineages } = standingOf(situationOf(place, applied, state, events));
  const found = standing.find(({ to, isWritten }) => to === address && isWritten);
  if (found === undefined) return;
  const login = loginOf({ password }, secretsNow(place));
  const event = { ...eventOf(found), login, after: lineages };
  appendToMailboxLog(lib, applied.mailboxes?.seq ?? 0, applied.time, event);
}

function speaksOf(event: MailboxEvent, address: string): boolean {
  if (event.kind === 'back') return true;
  if (event.kind === 'seen') return false;
  if (event.kind === 'new') return event.address === address;
  return event.to === address || (event.kind === 'renamed' && (event.from === address || event.origin === address));
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
