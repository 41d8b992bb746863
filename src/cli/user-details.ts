import { readState } from '../app/load-state.ts';
import { addressArgument, normalAddress } from '../core/edits/names.ts';
import { sectionOf } from '../core/edits/sections.ts';
import { requireUserKey } from '../core/edits/users.ts';
import { modelOf } from '../core/state/model-of.ts';
import { formatSize } from '../core/units.ts';
import { showFields } from '../ui/table.ts';
import { printJson, type Context } from './context.ts';

/** Everything that the state says about a user; of the password only its scheme. */
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
  const details = {
    address,
    name: entry.name ?? null,
    account: entry.account ?? true,
    password: passwordKind(entry.password),
    quota: entry.quota ?? 'default',
    effectiveQuota: formatSize(quota),
    aliases,
    groups,
    domainAliases: directory.namesOf(address.split('@')[1] ?? '').slice(1),
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
    ['Quota', details.quota === 'default' ? `default (${details.effectiveQuota})` : details.effectiveQuota],
    ['Aliases', aliases.join(', ') || '(none)'],
    ['Groups', groups.join(', ') || '(none)'],
    ['Also in', details.domainAliases.join(', ') || '(no domain alias)'],
  ]);
  return undefined;
}

function passwordKind(password: string | { readonly file: string } | undefined): string {
  if (password === undefined) return 'not set';
  if (typeof password !== 'string') return `in the file ${password.file}`;
  return /^\{[^}]*\}/.exec(password)?.[0] ?? 'set';
}
