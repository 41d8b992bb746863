import { alreadyExists, alreadyThere, EboxmailError, EXIT, notThere, usageError } from '../errors.ts';
import type { NetworkEntry, StateFile } from '../generated/state-types.ts';
import { formatNetwork, parseNetwork, type Network } from '../network.ts';
import { modelOf } from '../state/model-of.ts';
import { whyNotGroupName } from '../state/read/groups.ts';
import { quoted } from '../state/schema-words.ts';
import { nearest } from '../state/unknown-key.ts';
import { missing } from './names.ts';
import { sectionOf, withEntry, withoutEntries } from './sections.ts';

export function addNetwork(state: StateFile, name: string): StateFile {
  const wrong = whyNotGroupName(name);
  if (wrong !== undefined) throw usageError(`${quoted(name)} is no name of a network object: it ${wrong}`);
  const key = networkKey(state, name);
  if (key !== undefined) throw alreadyThere(`the network ${key} is already there`);
  return withEntry(state, 'networks', name, { members: {} });
}

/** @throws in use (exit 5) while a relay policy names the object */
export function removeNetwork(state: StateFile, name: string): StateFile {
  const key = requireNetworkKey(state, name);
  const policy = policyOf(state, key);
  if (policy !== undefined) {
    const hint = `first: eboxmail relay unset ${key}`;
    throw new EboxmailError(EXIT.exists, `the network ${key} is in use: its relay policy is ${policy}`, hint);
  }
  return withoutEntries(state, 'networks', [key]);
}

/** @param force marks the object as one that may be as wide as the internet, when that is needed */
export function addMember(state: StateFile, name: string, member: string, text: string, force: boolean): StateFile {
  const key = requireNetworkKey(state, name);
  const wrong = whyNotGroupName(member);
  if (wrong !== undefined) throw usageError(`${quoted(member)} is no name of a member: it ${wrong}`);
  const network = networkArgument(text);
  const entry = entryOf(state, key);
  const written = memberKey(entry, member);
  const old = written === undefined ? undefined : entry.members[written];
  if (old !== undefined && sameNetwork(old, network))
    throw alreadyThere(`${text} is already in the network ${key}, as ${member}`);
  if (old !== undefined) {
    const hint = `first: eboxmail network member remove ${key} ${member}`;
    throw alreadyExists(`the network ${key} already has a member ${member}, which is ${old}`, hint);
  }
  const members = { ...entry.members, [member]: formatNetwork(network) };
  const changed = withEntry(state, 'networks', key, { ...entry, members });
  return force ? opened(changed, key) : changed;
}

export function removeMember(state: StateFile, name: string, member: string): StateFile {
  const key = requireNetworkKey(state, name);
  const entry = entryOf(state, key);
  const written = memberKey(entry, member);
  if (written === undefined) {
    const names = Object.keys(entry.members);
    const near = nearest(member, names);
    const all = names.length === 0 ? 'it has none' : `there is: ${names.join(', ')}`;
    const hint = near === undefined ? all : `did you mean ${near}?`;
    throw notThere(`the network ${key} has no member ${quoted(member)}`, hint);
  }
  const members = Object.entries(entry.members).filter(([other]) => other !== written);
  const changed = withEntry(state, 'networks', key, { ...entry, members: Object.fromEntries(members) });
  return closedAgain(state, changed, key);
}

/** Whether an object may be as wide as the internet. */
export function isOpen(state: StateFile, name: string): boolean {
  const key = networkKey(state, name);
  return key !== undefined && entryOf(state, key).open === true;
}

/** @param policy undefined takes the policy away */
export function setPolicy(
  state: StateFile,
  name: string,
  policy: 'allow' | 'deny' | undefined,
  force: boolean,
): StateFile {
  const key = requireNetworkKey(state, name);
  const { networks = {}, ...relay } = state.relay ?? {};
  const written = Object.keys(networks).find((other) => other.toLowerCase() === key.toLowerCase());
  const others = Object.entries(networks).filter(([other]) => other !== written);
  if (policy === undefined) {
    if (written === undefined) return state;
    const left = others.length === 0 ? relay : { ...relay, networks: Object.fromEntries(others) };
    return closedAgain(state, withRelay(state, left), key);
  }
  const changed = withRelay(state, { ...relay, networks: { ...networks, [written ?? key]: policy } });
  return force ? opened(changed, key) : changed;
}

/** A relay section that is left empty goes. */
export function withRelay(state: StateFile, relay: NonNullable<StateFile['relay']>): StateFile {
  const { relay: _before, ...others } = state;
  return Object.keys(relay).length === 0 ? others : { ...state, relay };
}

/** The key of a network object that must exist. */
export function requireNetworkKey(state: StateFile, name: string): string {
  return networkKey(state, name) ?? missing('network', name, state, 'networks', `eboxmail network add ${name}`);
}

export function policyOf(state: StateFile, key: string): 'allow' | 'deny' | undefined {
  return Object.entries(state.relay?.networks ?? {}).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
}

function networkKey(state: StateFile, name: string): string | undefined {
  return Object.keys(sectionOf(state, 'networks')).find((key) => key.toLowerCase() === name.toLowerCase());
}

function entryOf(state: StateFile, key: string): NetworkEntry {
  return sectionOf(state, 'networks')[key] ?? { members: {} };
}

/** Marks an object as one that may be as wide as the internet, when the state is an open relay without that. */
function opened(state: StateFile, key: string): StateFile {
  return isOpenRelay(state) ? withEntry(state, 'networks', key, { ...entryOf(state, key), open: true }) : state;
}

/** Takes the mark away when an edit took away what needed it: nothing too wide may slip in later. */
function closedAgain(before: StateFile, after: StateFile, key: string): StateFile {
  if (entryOf(after, key).open !== true) return after;
  const closed = (state: StateFile): StateFile => {
    const { open: _, ...others } = entryOf(state, key);
    return withEntry(state, 'networks', key, others);
  };
  return isOpenRelay(closed(before)) && !isOpenRelay(closed(after)) ? closed(after) : after;
}

function isOpenRelay(state: StateFile): boolean {
  return modelOf(state).problems.some(({ rule, severity }) => rule === 'open-relay' && severity === 'error');
}

function memberKey({ members }: NetworkEntry, name: string): string | undefined {
  return Object.hasOwn(members, name) ? name : undefined;
}

function sameNetwork(written: string, network: Network): boolean {
  const parsed = parseNetwork(written);
  return parsed.ok && formatNetwork(parsed.value) === formatNetwork(network);
}

function networkArgument(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed.ok) return parsed.value;
  const hint =
    parsed.meant === undefined
      ? 'write e.g. 192.0.2.10, 198.51.100.0/24 or 2001:db8::/48'
      : `did you mean ${parsed.meant}?`;
  throw usageError(`${quoted(text)} is no network: it ${parsed.why}`, hint);
}
