import { loadState, requireValid, stateOf } from '../../app/state/load-state.ts';
import { readMachine } from '../../app/state/machine-names.ts';
import { stateLines, type StateLines } from '../../app/state/state-lines.ts';
import type { Parsed } from '../../core/address.ts';
import { copiesOf } from '../../core/copies.ts';
import { addressArgument, aliasOwner, missing } from '../../core/edits/names.ts';
import { EXIT, notFound, usageError } from '../../core/errors.ts';
import { explainAddress } from '../../core/explain/explain-address.ts';
import { explainSender } from '../../core/explain/explain-sender.ts';
import type { MailService } from '../../core/explain/explanation.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { User } from '../../core/model.ts';
import { domainOf } from '../../core/recipients.ts';
import { quoted } from '../../core/state/schema-words.ts';
import { explanationData, explanationText, senderData, senderText, type ExplainWords } from '../../ui/explain-text.ts';
import { paint } from '../../ui/terminal.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

const EXIT_CODES = `
Exit codes:
  0  mail for the address is delivered here or sent on from here; with --send: the user may send as it
  1  it is refused, comes back or is discarded; with --send: the user may not
  2  that is no address: no mail program could send to it
  4  with --send: there is no such user

An address elsewhere is refused to strangers (1), even if users who have logged in may write there: verdict.loggedIn.`;

const JSON_FIELDS = `
With --json:
  address     as it is compared: lower case, A-labels
  verdict     deliverable; code: 250 accepted, 504 no full domain, 550 unknown user,
              554 not for us; loggedIn: the code for a user who has
              logged in, null when nobody can; reason
  steps       kind, text, depth; address, line and key of the state where there are any
  recipients  where it ends: address, kind: mailbox, external or local (the machine's own)
  copies      blind copies: address, on_bounce: sender, postmaster or none
  canSend     with --send, instead of verdict and recipients: user, allowed, code: 250, 504, 553 or null when
              the user cannot log in; reason, hint, owners: the accounts that may`;

export const setup: Setup = (explain, action) => {
  explain
    .argument('<address>', 'any address, with --send also "<>", the empty sender')
    .option('--send <user>', 'say whether this user may send as the address, instead of where its mail goes')
    .addHelpText('after', EXIT_CODES)
    .addHelpText('after', JSON_FIELDS)
    .addHelpText(
      'after',
      example('eboxmail explain info@example.com', 'eboxmail explain --send alice@example.com info@example.com'),
    )
    .action(action(run));
};

async function run(context: Context, text: string, { send }: { send?: string }): Promise<number> {
  const { place } = context;
  const loaded = await loadState(place, { mayRemember: true });
  const { model, directory } = requireValid(place, loaded);
  const state = stateOf(loaded.data);
  const machine = await readMachine(place.root);
  const service = { model, directory, copies: copiesOf(model, directory), machine };
  const lines = await stateLines(loaded.text, loaded.data);
  return send === undefined
    ? mail(context, fullAddress(context, text, state), service, lines)
    : sender(context, findUser(send, state, service), fullAddress(context, text, state), service, lines);
}

async function mail(context: Context, address: string, service: MailService, lines: StateLines): Promise<number> {
  const explanation = orUsageError(address, explainAddress(address, service));
  if (context.json) printJson(context, explanationData(explanation, lines));
  else context.terminal.data(explanationText(explanation, await words(context, lines)));
  return explanation.verdict.deliverable ? EXIT.done : EXIT.failed;
}

async function sender(
  context: Context,
  user: User,
  address: string,
  service: MailService,
  lines: StateLines,
): Promise<number> {
  const explanation = orUsageError(address, explainSender(user, address, service));
  if (context.json) printJson(context, senderData(explanation, lines));
  else context.terminal.data(context.commands.complete(senderText(explanation, await words(context, lines))));
  return explanation.allowed ? EXIT.done : EXIT.failed;
}

async function words({ place, terminal }: Context, lines: StateLines): Promise<ExplainWords> {
  return { file: place.statePath, lines, color: await paint(terminal.colored.stdout) };
}

/** A bare name gets the domain of the default user template, where there is one. */
function fullAddress({ terminal }: Context, text: string, state: StateFile): string {
  const domain = state.defaults?.user?.domain;
  if (text === '<>' || text === '' || text.includes('@') || domain === undefined) return text;
  terminal.say(`${text} has no domain, so this is about ${text}@${domain}; SMTP itself takes only full addresses`);
  return `${text}@${domain}`;
}

function orUsageError<T>(text: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw usageError(`${quoted(text)} is no address: it ${parsed.why}`);
}

/** @throws not found (exit 4), also for what is an address but no login */
function findUser(text: string, state: StateFile, { model }: MailService): User {
  const address = addressArgument(text, state);
  const user = model.users.get(address);
  if (user !== undefined) return user;
  if (model.aliases.has(address)) {
    throw notFound(`${address} is an alias, and aliases cannot log in`, 'name the account that sends');
  }
  const main = aliasOwner(state, domainOf(address));
  if (main === undefined) missing('user', address, state, 'users', `eboxmail user add ${address}`);
  const hint = `name the user in ${main}`;
  throw notFound(`${domainOf(address)} is a domain alias of ${main}, and nobody can log in with it`, hint);
}
