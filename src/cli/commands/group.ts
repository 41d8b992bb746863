import { readState } from '../../app/state/load-state.ts';
import { consequencesOf } from '../../core/edits/consequences.ts';
import {
  addGroup,
  addMembers,
  aliasesOfGroup,
  membersOf,
  removeGroup,
  removeMembers,
  requireGroupKey,
} from '../../core/edits/groups.ts';
import { addressKey, normalAddress } from '../../core/edits/names.ts';
import { sectionOf } from '../../core/edits/sections.ts';
import { EXIT, Unneeded } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { showFields, showTable } from '../../ui/table.ts';
import { agreesTo, agreesToRemoval } from '../consequences.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (group, action) => {
  group.addHelpText('after', example('eboxmail group add staff alice@example.com', 'eboxmail group list'));
  editOptions(group.command('add <name> [member...]'), 'add')
    .description('add a group of users')
    .addHelpText('after', example('eboxmail group add staff alice@example.com bob@example.com'))
    .action(action(add));
  editOptions(group.command('remove <name>'), 'remove')
    .description('remove a group, and take it out of the aliases that go to it')
    .addHelpText('after', example('eboxmail group remove staff'))
    .action(action(remove));
  group
    .command('list')
    .description('list the groups')
    .addHelpText('after', example('eboxmail group list', 'eboxmail group list --json'))
    .action(action(list));
  group
    .command('show <name>')
    .description('show a group: who is in it and which aliases go to it')
    .addHelpText('after', example('eboxmail group show staff'))
    .action(action(show));
  const member = group
    .command('member')
    .description('who is in a group')
    .addHelpText('after', example('eboxmail group member add staff alice@example.com'));
  editOptions(member.command('add <name> <user...>'), 'add')
    .description('put users into a group')
    .addHelpText('after', example('eboxmail group member add staff carol@example.com'))
    .action(action(addMember));
  editOptions(member.command('remove <name> <user...>'), 'remove')
    .description('take users out of a group')
    .addHelpText('after', example('eboxmail group member remove staff carol@example.com'))
    .action(action(removeMember));
};

async function add(context: Context, name: string, members: string[], options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => addGroup(state, name, members), {
    done: `added the group ${name}`,
    next: [`give it an address: eboxmail alias add ADDRESS ${name}`],
    data: { group: name, members },
  });
}

async function remove(context: Context, name: string, options: EditOptions): Promise<number> {
  const consequences = removalEffects(await readState(context.place), name);
  if (!(await agreesToRemoval(context, name, consequences, `the group ${name}`))) return EXIT.cancelled;
  return runEdit(context, options, (state) => removeGroup(state, name).state, {
    done: `removed the group ${name}`,
    data: { group: name, consequences },
  });
}

/** What else would change; a group that is not there changes nothing, and the edit says so. */
function removalEffects(state: StateFile, name: string): readonly string[] {
  return whereThere(() => {
    const { state: after, effects } = removeGroup(state, name);
    return [...effects, ...consequencesOf(state, after)];
  });
}

function whereThere(effects: () => readonly string[]): readonly string[] {
  try {
    return effects();
  } catch (error) {
    if (error instanceof Unneeded) return [];
    throw error;
  }
}

interface Member {
  readonly address: string;
  readonly account: boolean;
}

function membersWithAccounts(state: StateFile, key: string): readonly Member[] {
  return membersOf(state, key).map((written) => {
    const address = normalAddress(written);
    const user = sectionOf(state, 'users')[addressKey(state, 'users', address) ?? ''];
    return { address, account: user?.account ?? true };
  });
}

async function list(context: Context): Promise<undefined> {
  const state = await readState(context.place);
  const rows = Object.keys(sectionOf(state, 'groups')).map((group) => ({
    group,
    members: membersOf(state, group).map(normalAddress),
    aliases: aliasesOfGroup(state, group),
  }));
  if (context.json) printJson(context, rows);
  else {
    const cells = rows.map(({ group, members, aliases }) => [group, members.join(', '), aliases.join(', ')]);
    await showTable(context.terminal, ['GROUP', 'MEMBERS', 'ALIASES'], cells);
  }
  return undefined;
}

async function show(context: Context, name: string): Promise<undefined> {
  const state = await readState(context.place);
  const group = requireGroupKey(state, name);
  const members = membersWithAccounts(state, group);
  const aliases = aliasesOfGroup(state, group);
  if (context.json) printJson(context, { group, members, aliases });
  else {
    const words = members.map(({ address, account }) => (account ? address : `${address} (no mail account)`));
    showFields(context.terminal, [
      ['Group', group],
      ['Members', words.join(', ') || '(none)'],
      ['Aliases', aliases.join(', ') || '(none)'],
    ]);
  }
  return undefined;
}

async function addMember(context: Context, name: string, users: string[], options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => addMembers(state, name, users), {
    done: `${users.join(', ')} ${users.length === 1 ? 'is' : 'are'} now in the group ${name}`,
    data: { group: name, added: users },
  });
}

async function removeMember(context: Context, name: string, users: string[], options: EditOptions): Promise<number> {
  const state = await readState(context.place);
  const consequences = whereThere(() => consequencesOf(state, removeMembers(state, name, users)));
  const change = `taking ${users.join(', ')} out of the group ${name}`;
  if (!(await agreesTo(context, change, consequences))) return EXIT.cancelled;
  return runEdit(context, options, (current) => removeMembers(current, name, users), {
    done: `${users.join(', ')} ${users.length === 1 ? 'is' : 'are'} no longer in the group ${name}`,
    data: { group: name, removed: users, consequences },
  });
}
