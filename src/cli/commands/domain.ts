import { readState } from '../../app/state/load-state.ts';
import {
  addDomain,
  addDomainAlias,
  addressesIn,
  domainRemovalEffects,
  removeDomain,
  removeDomainAlias,
  requireDomain,
} from '../../core/edits/domains.ts';
import { domainArgument, domainKey } from '../../core/edits/names.ts';
import { sectionOf } from '../../core/edits/sections.ts';
import { EboxmailError, EXIT } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { confirm } from '../../ui/prompt.ts';
import { showFields, showTable } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';
import { setup as setupCatchAll } from './domain-catch-all.ts';

export const setup: Setup = (domain, action) => {
  domain.addHelpText('after', example('eboxmail domain add example.com', 'eboxmail domain list'));
  editOptions(domain.command('add <domain>'), 'add')
    .description('add a mail domain; makes the state file when there is none')
    .addHelpText('after', example('eboxmail domain add example.com'))
    .action(action(add));
  editOptions(domain.command('remove <domain>'), 'remove')
    .description('remove a mail domain')
    .option('--cascade', 'remove its users and aliases too')
    .addHelpText('after', example('eboxmail domain remove old.example', 'eboxmail domain remove example.com --cascade'))
    .action(action(remove));
  domain
    .command('list')
    .description('list the mail domains')
    .addHelpText('after', example('eboxmail domain list', 'eboxmail domain list --json'))
    .action(action(list));
  domain
    .command('show <domain>')
    .description('show a mail domain with its addresses')
    .addHelpText('after', example('eboxmail domain show example.com'))
    .action(action(show));
  setupCatchAll(domain, action);
  const alias = domain
    .command('alias')
    .description('domain aliases: every address works in them too')
    .addHelpText('after', example('eboxmail domain alias add example.com example.net'));
  editOptions(alias.command('add <domain> <alias>'), 'add')
    .description('add a domain alias')
    .addHelpText('after', example('eboxmail domain alias add example.com example.net'))
    .action(action(addAlias));
  editOptions(alias.command('remove <domain> <alias>'), 'remove')
    .description('remove a domain alias')
    .addHelpText('after', example('eboxmail domain alias remove example.com example.net'))
    .action(action(removeAlias));
};

async function add(context: Context, name: string, options: EditOptions): Promise<number> {
  const domain = domainArgument(name);
  return runEdit(context, options, (state) => addDomain(state, name), {
    done: `added the domain ${domain}`,
    next: [`add a user: eboxmail user add NAME@${domain}`],
    data: { domain },
    create: true,
  });
}

async function remove(context: Context, name: string, options: EditOptions & { cascade?: boolean }): Promise<number> {
  const domain = domainArgument(name);
  const state = await readState(context.place);
  const inside = addressesIn(state, domain);
  const addresses = [...inside.users, ...inside.aliases];
  if (addresses.length > 0 && options.cascade !== true) {
    const hint = `these would go too: ${addresses.slice(0, 20).join(', ')}${addresses.length > 20 ? ', …' : ''}\nremove them with it: --cascade`;
    throw new EboxmailError(EXIT.exists, `the domain ${domain} still has ${count(addresses.length)}`, hint);
  }
  const effects = domainKey(state, domain) === undefined ? [] : domainRemovalEffects(state, domain);
  if (addresses.length > 0 || effects.length > 0) {
    if (addresses.length > 0) {
      context.terminal.say(`these go with ${domain}:\n${addresses.map((address) => `  ${address}`).join('\n')}`);
    }
    if (effects.length > 0)
      context.terminal.say(
        `${addresses.length > 0 ? 'and also' : `removing ${domain} also means`}:\n${effects.map((line) => `  ${line}`).join('\n')}`,
      );
    const question = addresses.length === 0 ? `Remove ${domain}?` : `Remove ${domain} and ${count(addresses.length)}?`;
    if (!context.yes && !(await confirm(context.terminal, question, '--yes'))) return EXIT.cancelled;
  }
  const removed = addresses.length === 0 ? '' : ` and ${count(addresses.length)}`;
  return runEdit(context, options, (current) => removeDomain(stillOnly(current, domain, addresses), name), {
    done: `removed the domain ${domain}${removed}`,
    data: { domain, removed: addresses, consequences: effects },
  });
}

/** Between the question and the lock somebody may have added an address, which nobody agreed to remove. */
function stillOnly(state: StateFile, domain: string, agreed: readonly string[]): StateFile {
  const { users, aliases } = addressesIn(state, domain);
  const other = [...users, ...aliases].find((address) => !agreed.includes(address));
  if (other === undefined) return state;
  throw new EboxmailError(
    EXIT.exists,
    `${other} was added to ${domain} meanwhile, so nothing was removed`,
    'look again',
  );
}

function count(addresses: number): string {
  return addresses === 1 ? '1 address' : `${addresses} addresses`;
}

async function list(context: Context): Promise<undefined> {
  const state = await readState(context.place);
  const rows = domainRows(state);
  if (context.json) printJson(context, rows);
  else {
    const cells = rows.map((row) => [
      row.domain,
      row.aliases.join(', '),
      String(row.users),
      String(row.addressAliases),
    ]);
    await showTable(context.terminal, ['DOMAIN', 'DOMAIN ALIASES', 'USERS', 'ALIASES'], cells);
  }
  return undefined;
}

interface DomainRow {
  readonly domain: string;
  readonly aliases: readonly string[];
  readonly users: number;
  readonly addressAliases: number;
}

/** One pass over the addresses, whatever the number of domains. */
function domainRows(state: StateFile): readonly DomainRow[] {
  const tally = (section: 'users' | 'aliases'): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const key of Object.keys(sectionOf(state, section))) {
      const domain = domainArgument(key.slice(key.lastIndexOf('@') + 1));
      counts.set(domain, (counts.get(domain) ?? 0) + 1);
    }
    return counts;
  };
  const [users, aliases] = [tally('users'), tally('aliases')];
  return Object.entries(sectionOf(state, 'domains')).map(([key, value]) => {
    const name = domainArgument(key);
    return {
      domain: key,
      aliases: value?.aliases ?? [],
      users: users.get(name) ?? 0,
      addressAliases: aliases.get(name) ?? 0,
    };
  });
}

async function show(context: Context, name: string): Promise<undefined> {
  const state = await readState(context.place);
  const domain = domainArgument(name);
  const key = requireDomain(state, domain);
  const { users, aliases } = addressesIn(state, domain);
  const domainAliases = sectionOf(state, 'domains')[key]?.aliases ?? [];
  if (context.json) printJson(context, { domain: key, asciiName: domain, domainAliases, users, aliases });
  else {
    const none = '(none)';
    showFields(context.terminal, [
      ['Domain', key === domain ? key : `${key} (${domain})`],
      ['Domain aliases', domainAliases.join(', ') || none],
      ['Users', users.join(', ') || none],
      ['Aliases', aliases.join(', ') || none],
    ]);
  }
  return undefined;
}

async function addAlias(context: Context, name: string, alias: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => addDomainAlias(state, name, alias), {
    done: `${domainArgument(alias)} is now an alias of ${domainArgument(name)}: every address works in it too`,
    data: { domain: domainArgument(name), alias: domainArgument(alias) },
  });
}

async function removeAlias(context: Context, name: string, alias: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => removeDomainAlias(state, name, alias), {
    done: `${domainArgument(alias)} is no alias of ${domainArgument(name)} any more`,
    data: { domain: domainArgument(name), alias: domainArgument(alias) },
  });
}
