import type { JsonObject } from '../../core/json.ts';
import type { Track } from '../../core/mailboxes/tracks.ts';
import { once } from '../../core/memoized.ts';
import { PATHS } from '../../core/render/paths.ts';
import { parseState } from '../../core/state/parse.ts';
import type { AppliedRecord } from '../../system/applied-record.ts';
import { listGenerations, mailboxIdsOf, readContent, type Generation } from '../../system/generations.ts';
import type { Place } from '../state/place.ts';
import { isTelling, loginOf, passwordIn, secretsNow, secretsThen, userSigns, wholeSign } from '../state/state-signs.ts';
import { usersOf } from '../state/users-of.ts';
import { archivedInOrder } from './archive.ts';
import { idOf, knownMailboxes } from './mailbox-ids.ts';

/**
 * What the history, and for longer the archive, tell of whoever logs in at the address of a mailbox as its user does by the state:
 * true when it was somebody with another mailbox, false when it was somebody with this one, undefined when they tell nothing.
 */
export function hadAnother(
  place: Place,
  applied: AppliedRecord | undefined,
  state: JsonObject,
): (track: Track) => boolean | undefined {
  const lib = `${place.root}/${PATHS.lib}`;
  const known = knownMailboxes(place.root, applied);
  const now = { state, secretOf: secretsNow(place) };
  const users = usersOf(state);
  const generations = listGenerations(lib).map((one) => readable(lib, one));
  const whole = once(() => wholeSign(now));
  const isArchived = once(() => archivedWith(place.root));
  return (track) => {
    const [id, address] = [idOf(known, track), track.to ?? ''];
    const signs = userSigns(now, address);
    if (id === undefined || signs === null || signs.login === '') return undefined;
    const password = passwordIn(users[address]);
    const isSure = isTelling(place, users[address]);
    let found: true | undefined;
    for (const { text, then, ids, secretOf, secrets } of generations) {
      const isIn = secrets.some(({ sha256 }) => sha256 === signs.login);
      if (!isIn && (typeof password !== 'string' || !text().includes(password))) continue;
      if (userSigns({ state: then(), secretOf }, address)?.login !== signs.login) continue;
      if (!isSure && wholeSign({ state: then(), secretOf }) !== whole()) continue;
      const theirs = ids()?.[address];
      if (theirs === id || theirs === undefined) return false;
      found = true;
    }
    // What comes out of it was asked for.
    return found ?? (isSure && !track.archived && isArchived()(address, signs.login) ? true : undefined);
  };
}

/** Those of new users who had a mailbox at their address with the password that they have now, and it is in the archive. */
export function comeBack(place: Place, users: JsonObject, newcomers: readonly string[]): readonly string[] {
  if (newcomers.length === 0) return [];
  const isArchived = archivedWith(place.root);
  const now = secretsNow(place);
  return newcomers.filter(
    (address) => isTelling(place, users[address]) && isArchived(address, loginOf(users[address], now)),
  );
}

/** Whether a mailbox of that address is in the archive whose user had that login. */
function archivedWith(root: string): (address: string, login: string) => boolean {
  const signOf = (address: string, login: string): string => `${address} ${login}`;
  const all = new Set(
    archivedInOrder(root).map((one) =>
      signOf(
        one.address,
        loginOf(one.entry, () => undefined),
      ),
    ),
  );
  return (address, login) => all.has(signOf(address, login));
}

function readable(lib: string, generation: Generation) {
  const text = once(() => readContent(lib, generation.state) ?? '');
  return {
    text,
    then: once(() => parseState(text()).data),
    ids: once(() => mailboxIdsOf(lib, generation)),
    secretOf: secretsThen(generation),
    secrets: generation.secrets ?? [],
  };
}
