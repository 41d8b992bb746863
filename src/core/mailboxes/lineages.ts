import type { BackEvent, MailboxEvent, StateSigns, UserSigns } from './events.ts';

/**
 * From which states the state has come: from that of the last apply, or from one that a rollback has put in place and that was
 * not applied. Each has the number of its `back`, 0 for that of the last apply. Any of them may be put back by hand
 * at any time, also after other rollbacks, and in each of them the same address may be another person's.
 */

/** What the log says since the last apply. */
export interface Log {
  readonly backs: readonly BackEvent[];
  readonly numbers: readonly number[];
  /** What happened to that state, and nothing that happened to others. */
  readonly eventsOf: (lineage: number) => readonly MailboxEvent[];
  readonly seen: readonly Seen[];
  readonly arrivals: readonly Arrival[];
}

/** Of a user at an address, with what the user logs in with. */
interface Arrival {
  readonly lineage: number;
  readonly address: string;
  readonly login: string;
}

/** A state as it once was, or was about to be. */
interface Seen {
  readonly lineage: number;
  readonly state: StateSigns;
}

/** Where the state may have come from. */
export interface Origins {
  /** More than one where it cannot be told. */
  readonly nearest: readonly number[];
  /** Those of the states to which whoever logs in as this user belongs. */
  readonly of: (address: string) => readonly number[];
}

/** @param events of the log; @param seq number of the last that an apply has taken up; @param since time of that apply */
export function readLog(events: readonly MailboxEvent[], seq: number, since: string): Log {
  const fresh = events.filter((event) => event.seq > seq);
  const isBack = (event: MailboxEvent): event is BackEvent => event.kind === 'back' && event.since === since;
  const backs = fresh.filter(isBack);
  const known = new Set(backs.map((event) => event.seq));
  const tags = new Map<MailboxEvent, ReadonlySet<number>>();
  let last = 0;
  for (const event of fresh) {
    if (isBack(event)) last = event.seq;
    // What an apply has taken up is what is in force; what was withdrawn is nothing.
    const after = (event.after ?? [last]).map((one) => (one <= seq ? 0 : one));
    tags.set(event, new Set(after.filter((one) => one === 0 || known.has(one))));
  }
  const seen = fresh.flatMap((event): Seen[] => {
    const after = [...(tags.get(event) ?? [])];
    if (event.kind === 'seen') return after.map((lineage) => ({ lineage, state: event.state }));
    if (!isBack(event)) return [];
    const { before, then } = event;
    return [
      ...(before === undefined ? [] : after.map((lineage) => ({ lineage, state: before }))),
      ...(then === undefined ? [] : [{ lineage: event.seq, state: then }]),
    ];
  });
  const arrivals = fresh.flatMap((event): Arrival[] => {
    if (event.kind === 'back' || event.kind === 'seen' || event.login === undefined) return [];
    const address = event.kind === 'new' ? event.address : event.to;
    const { login } = event;
    return [...(tags.get(event) ?? [])].map((lineage) => ({ lineage, address, login }));
  });
  const eventsOf = (lineage: number): readonly MailboxEvent[] =>
    fresh.filter((event) =>
      event.kind === 'back' ? event.seq === lineage && known.has(lineage) : tags.get(event)?.has(lineage) === true,
    );
  return { backs, numbers: [0, ...known], eventsOf, seen, arrivals };
}

/**
 * A state that is one of those that were seen is known by that. Otherwise it is one that somebody has edited: the nearest is
 * meant, and a user who logs in as in another one belongs to that one; one who logs in as in none may belong to any.
 * @param appliedAt the user's signs at the last apply; @param applied of that state as a whole
 */
export function originsOf(
  log: Log,
  now: StateSigns,
  applied: string,
  appliedAt: (address: string) => UserSigns | null,
): Origins {
  const states: readonly Seen[] = [{ lineage: 0, state: { whole: applied, users: {} } }, ...log.seen];
  const signsAt = ({ users }: StateSigns, address: string): UserSigns | null =>
    Object.hasOwn(users, address) ? (users[address] ?? null) : appliedAt(address);
  // What was written by an earlier version cannot be compared, and was always in force.
  const old = log.backs.findLast(({ then }) => then === undefined)?.seq;
  const same = states.findLast(({ state }) => state.whole === now.whole);
  const differ = [...new Set([now, ...states.map(({ state }) => state)].flatMap(({ users }) => Object.keys(users)))];
  const distance = ({ state }: Seen): number => {
    let [logins, entries] = [0, 0];
    for (const address of differ) {
      const [one, other] = [signsAt(state, address), signsAt(now, address)];
      if (one?.login !== other?.login) logins += 1;
      else if (one?.entry !== other?.entry) entries += 1;
    }
    return logins * (differ.length + 1) + entries;
  };
  const nearest = (): readonly number[] => {
    if (same !== undefined) return [same.lineage];
    if (old !== undefined) return [old];
    const distances = states.map(distance);
    const least = Math.min(...distances);
    return [...new Set(states.flatMap(({ lineage }, at) => (distances[at] === least ? [lineage] : [])))];
  };
  const found = nearest();
  const of = (address: string): readonly number[] => {
    const { login = '' } = signsAt(now, address) ?? {};
    if (login === '') return found;
    const isTheirs = (one: Arrival): boolean => one.address === address && one.login === login;
    const theirs = [
      ...new Set([
        ...states.filter(({ state }) => signsAt(state, address)?.login === login).map(({ lineage }) => lineage),
        ...log.arrivals.filter(isTheirs).map(({ lineage }) => lineage),
      ]),
    ];
    const both = found.filter((lineage) => theirs.includes(lineage));
    // Who logs in with the same password in each of them gets at the mail of all of them anyway.
    if (both.length > 0) return [Math.max(...both)];
    // A password that was never seen tells nothing of whose it is, however near the rest of the state may be.
    return theirs.length > 0 ? theirs : log.numbers;
  };
  return { nearest: found, of };
}
