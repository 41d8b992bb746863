import { readState } from '../../app/state/load-state.ts';
import { setPolicy } from '../../core/edits/networks.ts';
import { formatNetwork } from '../../core/network.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { matchText } from '../../core/state/read/relay.ts';
import { relayData, relayText, ruleData } from '../../ui/relay-text.ts';
import { showFields } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';
import { setupRules } from './relay-rule.ts';
import { setupSmarthost } from './relay-smarthost.ts';
import { setupTest } from './relay-test.ts';

const FORCE = 'also when that makes the server an open relay';

export const setup: Setup = (relay, action) => {
  relay.addHelpText(
    'after',
    example('eboxmail relay show', 'eboxmail relay allow office', 'eboxmail relay smarthost set smtp.isp.example:587'),
  );
  relay
    .command('show')
    .description('show by which ways mail leaves, and who may send it without a login')
    .addHelpText('after', example('eboxmail relay show', 'eboxmail relay show --json'))
    .action(action(show));
  editOptions(relay.command('allow <network>'), 'change')
    .description('let a network object send to the outside without a login')
    .option('--force', FORCE)
    .addHelpText('after', example('eboxmail relay allow office'))
    .action(action(allow));
  editOptions(relay.command('deny <network>'), 'change')
    .description('do not let it, even where a wider network is allowed; it can still write to addresses here')
    .addHelpText('after', example('eboxmail relay deny guests'))
    .action(action(deny));
  editOptions(relay.command('unset <network>'), 'change')
    .description('say nothing about a network object; its members are strangers unless another one has them')
    .addHelpText('after', example('eboxmail relay unset office'))
    .action(action(unset));
  setupSmarthost(relay, action);
  setupRules(relay, action);
  setupTest(relay, action);
};

async function allow(
  context: Context,
  name: string,
  options: EditOptions & { readonly force?: boolean },
): Promise<number> {
  return runEdit(context, options, (state) => setPolicy(state, name, 'allow', options.force === true), {
    done: `the network ${name} may send to the outside without a login`,
    data: { network: name, relay: 'allow' },
  });
}

async function deny(context: Context, name: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => setPolicy(state, name, 'deny', false), {
    done: `the network ${name} may not send to the outside without a login`,
    data: { network: name, relay: 'deny' },
  });
}

async function unset(context: Context, name: string, options: EditOptions): Promise<number> {
  return runEdit(context, options, (state) => setPolicy(state, name, undefined, false), {
    done: `the network ${name} has no relay policy any more`,
    data: { network: name, relay: null },
  });
}

async function show(context: Context): Promise<undefined> {
  const { relay, networks } = modelOf(await readState(context.place)).model;
  if (context.json) {
    printJson(context, {
      smarthost: relay.smarthost === undefined ? null : relayData(relay.smarthost),
      rules: relay.rules.map(ruleData),
      networks: Object.fromEntries([...relay.networks].map(([name, { policy }]) => [name, policy])),
    });
    return undefined;
  }
  const members = (name: string): string =>
    networks
      .get(name)
      ?.members.map(({ network }) => formatNetwork(network))
      .join(', ') ?? '';
  showFields(context.terminal, [
    [
      'Smarthost',
      relay.smarthost === undefined ? '(none: directly to the servers of its recipients)' : relayText(relay.smarthost),
    ],
    ...relay.rules.map(({ match, relay: to }): [string, string] => [
      `Rule for ${matchText(match)}`,
      to === undefined ? 'directly to the servers of its recipients' : relayText(to),
    ]),
    ...[...relay.networks].map(([name, { policy }]): [string, string] => [
      `Network ${name}`,
      `${policy}: ${members(name)}`,
    ]),
  ]);
  return undefined;
}
