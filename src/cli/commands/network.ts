import { readState } from '../../app/state/load-state.ts';
import {
  addMember,
  addNetwork,
  isOpen,
  policyOf,
  removeMember,
  removeNetwork,
  requireNetworkKey,
} from '../../core/edits/networks.ts';
import { sectionOf } from '../../core/edits/sections.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { showFields, showTable } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (network, action) => {
  network.addHelpText('after', example('eboxmail network add office', 'eboxmail network list'));
  editOptions(network.command('add <name>'), 'add')
    .description('add a network object, which has no members yet')
    .addHelpText('after', example('eboxmail network add office'))
    .action(action(add));
  editOptions(network.command('remove <name>'), 'remove')
    .description('remove a network object; refused while a relay policy names it')
    .addHelpText('after', example('eboxmail network remove office'))
    .action(action(remove));
  network
    .command('list')
    .description('list the network objects')
    .addHelpText('after', example('eboxmail network list', 'eboxmail network list --json'))
    .action(action(list));
  network
    .command('show <name>')
    .description('show a network object: who is in it, and whether that may relay')
    .addHelpText('after', example('eboxmail network show office'))
    .action(action(show));
  const member = network
    .command('member')
    .description('which machines and networks are in a network object')
    .addHelpText('after', example('eboxmail network member add office lan 198.51.100.0/24'));
  editOptions(member.command('add <name> <member> <cidr>'), 'add')
    .description('put a machine or a network into a network object, under a name of your choice')
    .option('--force', 'also when it is so wide that allowing it makes an open relay')
    .addHelpText(
      'after',
      example(
        'eboxmail network member add office printer 192.0.2.10',
        'eboxmail network member add office v6 2001:db8::/48',
      ),
    )
    .action(action(addOne));
  editOptions(member.command('remove <name> <member>'), 'remove')
    .description('take a member out of a network object')
    .addHelpText('after', example('eboxmail network member remove office printer'))
    .action(action(removeOne));
};

async function add(context: Context, name: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => addNetwork(state, name), {
    done: `added the network ${name}`,
    next: [
      `put somebody into it: eboxmail network member add ${name} MEMBER CIDR`,
      `let it send to the outside: eboxmail relay allow ${name}`,
    ],
    data: { network: name },
  });
}

async function remove(context: Context, name: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => removeNetwork(state, name), {
    done: `removed the network ${name}`,
    data: { network: name },
  });
}

async function addOne(
  context: Context,
  name: string,
  member: string,
  cidr: string,
  options: EditOptions & { readonly force?: boolean },
): Promise<number> {
  return runEdit(context, options, (state) => addMember(state, name, member, cidr, options.force === true), {
    done: `${cidr} is now in the network ${name}, as ${member}`,
    data: { network: name, member, cidr },
  });
}

async function removeOne(context: Context, name: string, member: string, options: EditOptions): Promise<number> {
  let closed = false;
  const edit = (state: StateFile): StateFile => {
    const after = removeMember(state, name, member);
    closed = isOpen(state, name) && !isOpen(after, name);
    return after;
  };
  return runEdit(context, options, edit, {
    done: () =>
      `${member} is no longer in the network ${name}${closed ? ', which is no longer marked with "open: true"' : ''}`,
    data: { network: name, member },
  });
}

interface Row {
  readonly network: string;
  readonly members: Readonly<Record<string, string>>;
  readonly relay: 'allow' | 'deny' | null;
  readonly open: boolean;
}

function rowOf(state: StateFile, key: string): Row {
  const { members = {}, open = false } = sectionOf(state, 'networks')[key] ?? {};
  return { network: key, members, relay: policyOf(state, key) ?? null, open };
}

async function list(context: Context): Promise<undefined> {
  const state = await readState(context.place);
  const rows = Object.keys(sectionOf(state, 'networks')).map((key) => rowOf(state, key));
  if (context.json) printJson(context, rows);
  else {
    const cells = rows.map(({ network, members, relay }) => [network, Object.values(members).join(', '), relay ?? '']);
    await showTable(context.terminal, ['NETWORK', 'MEMBERS', 'RELAY'], cells);
  }
  return undefined;
}

async function show(context: Context, name: string): Promise<undefined> {
  const state = await readState(context.place);
  const row = rowOf(state, requireNetworkKey(state, name));
  if (context.json) printJson(context, row);
  else {
    const members = Object.entries(row.members).map(([member, cidr]): [string, string] => [`  ${member}`, cidr]);
    showFields(context.terminal, [
      ['Network', row.network],
      ['Relay', row.relay ?? '(no policy: strangers)'],
      ...(row.open ? [['Open', 'may be as wide as the internet'] as const] : []),
      ['Members', members.length === 0 ? '(none)' : ''],
      ...members,
    ]);
  }
  return undefined;
}
