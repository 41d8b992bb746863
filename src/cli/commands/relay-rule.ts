import { readState } from '../../app/state/load-state.ts';
import { addRule, matchArgument, removeRule } from '../../core/edits/relay.ts';
import { usageError } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { matchText } from '../../core/state/read/relay.ts';
import { relayText, ruleData } from '../../ui/relay-text.ts';
import { showTable } from '../../ui/table.ts';
import type { Command } from 'commander';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type ActionMaker } from '../program.ts';
import {
  argumentOf,
  HOST_FORMS,
  passwordStays,
  readLogin,
  relayOptions,
  secretPlace,
  type RelayOptions,
} from './relay-smarthost.ts';

const SIDES = `
A rule for the recipient's domain wins over one for the sender; one for the sender's address over one for its domain; all
of them over the smarthost.`;

export function setupRules(relay: Command, action: ActionMaker): void {
  const rule = relay
    .command('rule')
    .description('other ways for some of the mail, by its sender or its recipient')
    .addHelpText('after', SIDES)
    .addHelpText('after', example('eboxmail relay rule add sender sales@example.com smtp.other.example:587'));
  relayOptions(editOptions(rule.command('add <side> <match> [host]'), 'add'))
    .description('send mail of a sender (address or domain), or for a recipient (domain), by way of HOST or HOST:PORT')
    .option('--direct', 'instead of a host: to the servers of its recipients')
    .addHelpText('after', HOST_FORMS)
    .addHelpText('after', SIDES)
    .addHelpText(
      'after',
      example(
        'eboxmail relay rule add sender sales@example.com smtp.other.example:587 --username sales --password-stdin < password',
        'eboxmail relay rule add recipient partner.example --direct',
      ),
    )
    .action(action(add));
  editOptions(rule.command('remove <side> <match>'), 'remove')
    .description('remove a rule')
    .addHelpText('after', example('eboxmail relay rule remove recipient partner.example'))
    .action(action(remove));
  rule
    .command('list')
    .description('list the rules')
    .addHelpText('after', example('eboxmail relay rule list', 'eboxmail relay rule list --json'))
    .action(action(list));
}

interface AddOptions extends EditOptions, RelayOptions {
  readonly direct?: boolean;
}

async function add(
  context: Context,
  side: string,
  text: string,
  host: string | undefined,
  options: AddOptions,
): Promise<number> {
  if ((host === undefined) === (options.direct !== true)) {
    throw host === undefined
      ? usageError('the rule has no host', 'write HOST or HOST:PORT behind it, or give --direct')
      : usageError('the rule has a host and --direct', 'give one of them');
  }
  if (host === undefined && (options.username ?? options.tls) !== undefined) {
    throw usageError('--username and --tls need a host', 'a direct rule has no server to log in at');
  }
  const match = matchArgument(await readState(context.place), side, text);
  const password = await readLogin(context, options);
  const place = secretPlace(context, password, match);
  const edit = (state: StateFile): StateFile =>
    addRule(state, match, host === undefined ? undefined : argumentOf(host, options, place.choose(state)));
  return runEdit(context, options, edit, {
    done: `mail ${side === 'sender' ? 'from' : 'for'} ${text} goes ${host === undefined ? 'directly' : `by way of ${host}`}`,
    next: host === undefined ? [] : [`try it without sending: eboxmail relay test --rule "${side} ${text}"`],
    data: { [side]: text, ...(host === undefined ? { direct: true } : { host }) },
    beside: place.write,
  });
}

async function remove(context: Context, side: string, text: string, options: EditOptions): Promise<number> {
  let left: string | undefined;
  const edit = (state: StateFile): StateFile => {
    const after = removeRule(state, matchArgument(state, side, text));
    left = state.relay?.rules?.find((rule) => !(after.relay?.rules ?? []).includes(rule))?.password?.file;
    return after;
  };
  return runEdit(context, options, edit, {
    done: () => `removed the rule for ${side} ${text}${passwordStays(left)}`,
    data: { [side]: text },
  });
}

async function list(context: Context): Promise<undefined> {
  const { rules } = modelOf(await readState(context.place)).model.relay;
  if (context.json) printJson(context, rules.map(ruleData));
  else {
    const cells = rules.map(({ match, relay }) => [
      ...matchText(match).split(' '),
      relay === undefined ? 'directly' : relayText(relay),
    ]);
    await showTable(context.terminal, ['SIDE', 'OF', 'GOES BY'], cells);
  }
  return undefined;
}
