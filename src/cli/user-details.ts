import { readState } from '../app/state/load-state.ts';
import type { MailboxSize } from '../app/mailboxes/archive.ts';
import { mailboxFacts, type MailboxFacts } from '../app/mailboxes/mailbox-facts.ts';
import { addressArgument, normalAddress } from '../core/edits/names.ts';
import { sectionOf } from '../core/edits/sections.ts';
import { requireUserKey } from '../core/edits/users.ts';
import { modelOf } from '../core/state/model-of.ts';
import { approximateSize, formatSize } from '../core/units.ts';
import { showFields } from '../ui/table.ts';
import { printJson, type Context } from './context.ts';

/** Everything that the state says about a user, and the machine about the mailbox; of the password only its scheme. */
export async function showUser(context: Context, text: string): Promise<undefined> {
  const state = await readState(context.place);
  const key = requireUserKey(state, text);
  const address = addressArgument(text, state);
  const { model, directory } = modelOf(state);
  const user = model.users.get(address);
  const entry = sectionOf(state, 'users')[key] ?? {};
  const quota = user?.quota === undefined ? model.limits.mailbox : user.quota;
  const aliases = [...model.aliases.keys()].filter((alias) => directory.resolve(alias).accounts.includes(address));
  const groups = Object.entries(sectionOf(state, 'groups'))
    .filter(([, group]) => group.members.some((member) => normalAddress(member) === address))
    .map(([name]) => name);
  const account = entry.account ?? true;
  const { usage, lastLogin, notes } = account ? mailboxFacts(context.place, state, address) : NO_MAILBOX;
  const details = {
    address,
    name: entry.name ?? null,
    account,
    password: passwordKind(entry.password),
    quota: entry.quota ?? 'default',
    effectiveQuota: formatSize(quota),
    quotaFrom: user?.quota === undefined ? 'server' : 'user',
    usage: usage ?? null,
    lastLogin: lastLogin ?? null,
    aliases,
    groups,
    domainAliases: directory.namesOf(address.split('@')[1] ?? '').slice(1),
    notes,
  };
  if (context.json) {
    printJson(context, details);
    return undefined;
  }
  showFields(context.terminal, [
    ['Address', address],
    ['Name', details.name ?? '(none)'],
    ['Mail account', details.account ? 'yes' : 'no'],
    ['Password', details.password],
    ['Quota', `${details.effectiveQuota} (${details.quotaFrom === 'user' ? 'of this user' : 'default of the server'})`],
    ['In use', usage === undefined ? '(unknown)' : usageText(usage, quota)],
    ['Last login', lastLogin === null ? '(never)' : (lastLogin ?? '(unknown)')],
    ['Aliases', aliases.join(', ') || '(none)'],
    ['Groups', groups.join(', ') || '(none)'],
    ['Also in', details.domainAliases.join(', ') || '(no domain alias)'],
  ]);
  for (const note of notes) context.terminal.say(note);
  return undefined;
}

const NO_MAILBOX: MailboxFacts = { usage: undefined, lastLogin: undefined, notes: [] };

function usageText({ messages, bytes }: MailboxSize, quota: number | null): string {
  const count = messages === 1 ? '1 message' : `${messages} messages`;
  const share = quota === null ? '' : ` (${Math.round((100 * bytes) / quota)} %)`;
  return `${count}, ${approximateSize(bytes)}${share}`;
}

function passwordKind(password: string | { readonly file: string } | undefined): string {
  if (password === undefined) return 'not set';
  if (typeof password !== 'string') return `in the file ${password.file}`;
  return /^\{[^}]*\}/.exec(password)?.[0] ?? 'set';
}
