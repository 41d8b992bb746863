import { readState } from '../../app/state/load-state.ts';
import { addAlias, aliasRemovalEffects, removeAlias } from '../../core/edits/aliases.ts';
import { addressArgument, addressKey, normalAddress } from '../../core/edits/names.ts';
import { EXIT } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { Alias } from '../../core/model.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { showTable } from '../../ui/table.ts';
import { agreesToRemoval } from '../consequences.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';
import { Option } from 'commander';

export const setup: Setup = (alias, action) => {
  alias.addHelpText('after', example('eboxmail alias add info@example.com alice@example.com', 'eboxmail alias list'));
  editOptions(alias.command('add <address> <target...>'), 'add')
    .description('add an alias, or further targets to one: users, groups (without @), addresses elsewhere')
    .addHelpText(
      'after',
      example('eboxmail alias add info@example.com alice@example.com', 'eboxmail alias add team@example.com staff'),
    )
    .action(action(add));
  editOptions(alias.command('remove <address> [target...]'), 'remove')
    .description('remove an alias, or some of its targets')
    .addHelpText(
      'after',
      example('eboxmail alias remove info@example.com', 'eboxmail alias remove info@example.com bob@example.com'),
    )
    .action(action(remove));
  alias
    .command('list')
    .description('list the aliases')
    .addOption(new Option('--kind <kind>', 'only those with such a target').choices(['user', 'group', 'external']))
    .addHelpText('after', example('eboxmail alias list', 'eboxmail alias list --kind external --json'))
    .action(action(list));
};

async function add(context: Context, text: string, targets: string[], options: EditOptions): Promise<number> {
  let alias = text;
  const edit = (state: StateFile): StateFile => {
    alias = addressArgument(text, state);
    return addAlias(state, text, targets);
  };
  return runEdit(context, options, edit, {
    done: () => `mail for ${alias} now goes to ${targets.join(', ')}`,
    data: () => ({ alias, added: targets }),
  });
}

async function remove(context: Context, text: string, targets: string[], options: EditOptions): Promise<number> {
  const state = await readState(context.place);
  const address = addressArgument(text, state);
  const consequences =
    addressKey(state, 'aliases', address) === undefined ? [] : aliasRemovalEffects(state, address, targets);
  if (!(await agreesToRemoval(context, address, consequences))) return EXIT.cancelled;
  return runEdit(context, options, (current) => removeAlias(current, address, targets, options.ifExists), {
    done:
      targets.length === 0
        ? `removed the alias ${address}`
        : `mail for ${address} no longer goes to ${targets.join(', ')}`,
    data: { alias: address, removed: targets.length === 0 ? 'all' : targets, consequences },
  });
}

/** The kind follows from the targets; a list can have several. */
function kindsOf(alias: Alias): readonly string[] {
  const words = { local: 'user', group: 'group', external: 'external' } as const;
  return [...new Set(alias.targets.map(({ kind }) => words[kind]))];
}

async function list(context: Context, { kind }: { kind?: string }): Promise<undefined> {
  const { model } = modelOf(await readState(context.place));
  const rows = [...model.aliases.values()]
    .map((alias) => ({
      address: normalAddress(alias.key),
      targets: alias.targets.map((target) => (target.kind === 'group' ? target.name : target.address)),
      kinds: kindsOf(alias),
    }))
    .filter(({ kinds }) => kind === undefined || kinds.includes(kind));
  if (context.json) printJson(context, rows);
  else {
    const cells = rows.map(({ address, targets, kinds }) => [address, targets.join(', '), kinds.join(', ')]);
    await showTable(context.terminal, ['ALIAS', 'TARGETS', 'KIND'], cells);
  }
  return undefined;
}
