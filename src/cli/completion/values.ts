import type { StateFile } from '../../core/generated/state-types.ts';
import type { Place } from './places.ts';

/** A word that can stand there, and what it is. */
export interface Candidate {
  readonly value: string;
  readonly about?: string;
}

/** The kinds of names that are looked up; `files` is left to the shell. */
type Kind =
  | 'domains'
  | 'users'
  | 'aliases'
  | 'addresses'
  | 'targets'
  | 'groups'
  | 'networks'
  | 'members'
  | 'queue ids'
  | 'files'
  | 'topics'
  | readonly string[]
  | { readonly schema: string };

/** What an argument is: by its name behind the commands, or by its name alone. */
const ARGUMENTS: Readonly<Record<string, Kind>> = {
  'group name': 'groups',
  'network name': 'networks',
  'network member member': 'members',
  'alias address': 'aliases',
  'explain address': 'addresses',
  'explain user': 'users',
  'queue id': 'queue ids',
  'queue ids': 'queue ids',
  'log what': 'addresses',
  'help words': 'topics',
  'relay side': ['sender', 'recipient'],
  'filter policy': ['allow', 'block', 'unset'],
  'filter mode': { schema: 'filter.mode' },
  address: 'users',
  user: 'users',
  member: 'users',
  old: 'users',
  domain: 'domains',
  network: 'networks',
  target: 'targets',
  dir: 'files',
  file: 'files',
};

const OPTIONS: Readonly<Record<string, Kind>> = {
  '--state': 'files',
  '--root': 'files',
  '--file': 'files',
  '--domain': 'domains',
  '--user': 'users',
  '--send': 'users',
  '--copy-to': 'addresses',
  '--unknown-to': 'addresses',
  '--postmaster': 'addresses',
  '--sender': 'addresses',
  '--recipient': 'addresses',
  '--on-bounce': { schema: 'domains.*.catch_all.on_bounce' },
  '--smtp-tls': { schema: 'server.smtp.tls' },
  '--tls': { schema: 'relay.smarthost.tls' },
  '--protocol': { schema: 'users.*.fetch.[].protocol' },
  '--on-failure': { schema: 'filter.builtin.on_failure' },
  '--cleartext': { schema: 'server.retrieval.cleartext' },
  '--expiry-basis': { schema: 'server.expiry.basis' },
  '--queue': ['active', 'deferred', 'hold', 'incoming', 'maildrop'],
  '--tls-certificate': 'files',
  '--tls-key': 'files',
  ...Object.fromEntries(
    ['authentication', 'imap', 'imaps', 'pop3', 'pop3s', 'managesieve', 'fetch'].map((name) => [
      `--${name}`,
      ['on', 'off', 'default'],
    ]),
  ),
};

/** What can stand at a place where a value belongs; `files` where the shell knows better. */
export async function valuesAt(
  place: Place,
  root: string,
  state: () => Promise<StateFile>,
): Promise<'files' | readonly Candidate[]> {
  const kind = kindAt(place);
  if (kind === undefined) return [];
  if (kind === 'files') return 'files';
  if (kind === 'topics') return topics(place);
  if (kind === 'queue ids') return named(await (await import('./queue-ids.ts')).queueIds(root));
  if (typeof kind === 'object' && 'schema' in kind) {
    const { valueFacts } = await import('../../core/generated/state-keys.ts');
    return named(valueFacts[kind.schema]?.enum ?? []);
  }
  return typeof kind === 'string' ? namesIn(await state(), kind, place) : named(kind);
}

function kindAt({ command, path, args, option }: Place): Kind | undefined {
  if (option !== undefined) return option.argChoices ?? OPTIONS[option.long ?? ''];
  const all = command.registeredArguments;
  const last = all.at(-1);
  const argument = all[args.length] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return undefined;
  // What is added has a new name.
  if (path.at(-1) === 'add' && args.length === 0 && ['group', 'network', 'domain', 'user'].includes(path.at(-2) ?? ''))
    return path[0] === 'domain' && path.length === 3 ? 'domains' : undefined;
  const name = argument.name();
  const keys = path.map((_, at) => [...path.slice(0, path.length - at), name].join(' '));
  return argument.argChoices ?? [...keys, name].map((key) => ARGUMENTS[key]).find((kind) => kind !== undefined);
}

async function topics({ program, args }: Place): Promise<readonly Candidate[]> {
  const { TOPICS } = await import('../topics.ts');
  const commands = program.commands.map((each) => ({ value: each.name(), about: each.description() }));
  return args.length > 0 ? [] : [...TOPICS.map(({ name, summary }) => ({ value: name, about: summary })), ...commands];
}

function namesIn(state: StateFile, kind: string, { args }: Place): readonly Candidate[] {
  const users = Object.entries(state.users ?? {}).map(([value, user]) => ({ value, about: user?.name ?? 'user' }));
  const aliases = Object.keys(state.aliases ?? {}).map((value) => ({ value, about: 'alias' }));
  const groups = Object.keys(state.groups ?? {}).map((value) => ({ value, about: 'group' }));
  switch (kind) {
    case 'users':
      return users;
    case 'aliases':
      return aliases;
    case 'addresses':
      return [...users, ...aliases];
    case 'targets':
      return [...users, ...groups, ...aliases];
    case 'groups':
      return groups;
    case 'domains':
      return Object.entries(state.domains ?? {}).flatMap(([value, domain]) => [
        { value, about: 'domain' },
        ...(domain?.aliases ?? []).map((alias) => ({ value: alias, about: `alias of ${value}` })),
      ]);
    case 'networks':
      return named(Object.keys(state.networks ?? {}));
    default:
      return named(Object.keys(state.networks?.[args[0] ?? '']?.members ?? {}));
  }
}

function named(values: readonly string[]): readonly Candidate[] {
  return values.map((value) => ({ value }));
}
