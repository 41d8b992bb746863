import { alreadyThere, notThere, usageError } from '../errors.ts';
import type { RelayRule, SmarthostSection, StateFile } from '../generated/state-types.ts';
import type { RuleMatch } from '../model.ts';
import { DEFAULT_RELAY_PORT, splitRelay } from '../relay-host.ts';
import { matchText, parseMatch } from '../state/read/relay.ts';
import { readDomains } from '../state/read/domains.ts';
import { Findings } from '../state/read/findings.ts';
import { quoted } from '../state/schema-words.ts';
import { nearest, wordHint } from '../state/unknown-key.ts';
import { withRelay } from './networks.ts';

/** A server as it stands on a command line. */
export interface RelayArgument {
  /** `HOST` or `HOST:PORT`. */
  readonly target: string;
  readonly username?: string | undefined;
  readonly tls?: string | undefined;
  /** Where the password is; there is one when there is a user name. */
  readonly file?: string | undefined;
}

export function setSmarthost(state: StateFile, argument: RelayArgument): StateFile {
  return withRelay(state, { ...state.relay, smarthost: serverOf(argument) });
}

export function unsetSmarthost(state: StateFile): StateFile {
  if (state.relay?.smarthost === undefined) return state;
  const { smarthost: _, ...others } = state.relay;
  return withRelay(state, others);
}

/** @param to undefined for mail that goes directly */
export function addRule(state: StateFile, match: RuleMatch, to: RelayArgument | undefined): StateFile {
  const rules = state.relay?.rules ?? [];
  if (ruleIndex(state, match) >= 0) {
    const hint = `first: eboxmail relay rule remove ${matchText(match)}`;
    throw alreadyThere(`there is a rule for ${matchText(match)} already`, hint);
  }
  const written = match.kind === 'sender-address' ? { sender: match.address } : { [sideOf(match)]: match.domain };
  const rule: RelayRule = { ...written, ...(to === undefined ? { direct: true } : serverOf(to)) };
  return withRelay(state, { ...state.relay, rules: [...rules, rule] });
}

export function removeRule(state: StateFile, match: RuleMatch): StateFile {
  const index = ruleIndex(state, match);
  if (index < 0) throw notThere(`there is no rule for ${matchText(match)}`, ruleHint(state, match));
  const { rules = [], ...others } = state.relay ?? {};
  const left = rules.filter((_, position) => position !== index);
  return withRelay(state, left.length === 0 ? others : { ...others, rules: left });
}

function ruleHint(state: StateFile, match: RuleMatch): string {
  const known = (state.relay?.rules ?? []).map(({ sender, recipient }) =>
    sender === undefined ? `recipient ${recipient ?? ''}` : `sender ${sender}`,
  );
  const near = nearest(matchText(match), known);
  return near === undefined ? 'see them with: eboxmail relay rule list' : `did you mean ${near}?`;
}

/** What a rule is about, from the words of a command line. */
export function matchArgument(state: StateFile, side: string, text: string): RuleMatch {
  if (side !== 'sender' && side !== 'recipient') {
    throw usageError(
      `a rule is about a sender or a recipient, not ${quoted(side)}`,
      'write e.g. sender sales@example.com',
    );
  }
  const parsed = parseMatch(side, text, readDomains(state, new Findings()));
  if (!parsed.ok) throw usageError(`${quoted(text)} is no ${side} of a rule: it ${parsed.why}`);
  return parsed.value;
}

/**
 * The file for the password of the smarthost or of a rule: the one that it has, otherwise one of its own below secrets/.
 * @param match undefined for the smarthost
 */
export function secretFile(state: StateFile, match: RuleMatch | undefined): string {
  const { smarthost, rules = [] } = state.relay ?? {};
  const own = match === undefined ? smarthost : rules[ruleIndex(state, match)];
  const others = [smarthost, ...rules].flatMap((each) => (each === own || !each?.password ? [] : [each.password.file]));
  const users = Object.values(state.users ?? {}).flatMap((user) =>
    typeof user?.password === 'object' ? [user.password.file] : [],
  );
  const taken = new Set([...others, ...users]);
  const present = own?.password?.file;
  if (present !== undefined && !taken.has(present)) return present;
  const name = match === undefined ? 'smarthost' : `relay-${matchText(match).replace(/[^A-Za-z0-9@._-]/g, '-')}`;
  const free = (count: number): string => {
    const path = `secrets/${name}${count === 1 ? '' : `-${count}`}`;
    return taken.has(path) ? free(count + 1) : path;
  };
  return free(1);
}

function serverOf({ target, username, tls, file }: RelayArgument): SmarthostSection {
  const parsed = splitRelay(target);
  if (!parsed.ok) {
    const hint =
      'write HOST or HOST:PORT; HOST is a name, [name] for no MX look-up, an IPv4 address, or [IPv6 address]';
    throw usageError(`${quoted(target)} is no host: it ${parsed.why}`, hint);
  }
  const { host, port } = parsed.value;
  return {
    host,
    ...(port === undefined || port === DEFAULT_RELAY_PORT ? {} : { port }),
    ...(username === undefined || file === undefined ? {} : { username, password: { file } }),
    ...(tls === undefined ? {} : { tls: tlsWord(tls) }),
  };
}

function tlsWord(word: string): NonNullable<SmarthostSection['tls']> {
  if (word === 'opportunistic' || word === 'required' || word === 'verify') return word;
  throw usageError(`--tls cannot be ${quoted(word)}`, wordHint(word, ['opportunistic', 'required', 'verify']));
}

function sideOf(match: RuleMatch): 'sender' | 'recipient' {
  return match.kind === 'recipient-domain' ? 'recipient' : 'sender';
}

function ruleIndex(state: StateFile, match: RuleMatch): number {
  const index = readDomains(state, new Findings());
  const wanted = JSON.stringify(match);
  return (state.relay?.rules ?? []).findIndex(({ sender, recipient }) => {
    const parsed = parseMatch(sender === undefined ? 'recipient' : 'sender', sender ?? recipient ?? '', index);
    return parsed.ok && JSON.stringify(parsed.value) === wanted;
  });
}
