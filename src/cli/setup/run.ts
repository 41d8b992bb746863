import { requireNoState, newStateText, requireSound, writeNewState } from '../../app/state/new-state.ts';
import type { Unwritten } from '../../app/state/place.ts';
import { prepare } from '../../app/plan/prepare.ts';
import { firstAddress, firstState, SERVICES, type FirstAnswers } from '../../core/edits/first-state.ts';
import { secretFile } from '../../core/edits/relay.ts';
import { EboxmailError, EXIT, usageError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat } from '../../system/files.ts';
import { fullHostName } from '../../system/host-name.ts';
import { runApply } from '../commands/apply.ts';
import { showPlan } from '../commands/plan.ts';
import { printJson, type Context } from '../context.ts';
import { person, PROPOSALS, type Asker } from './asker.ts';
import { missingAnswers, requireConsistent, type SetupOptions } from './options.ts';
import { answerAll, type Answered } from './questions.ts';

/** Questions, a summary, the plan; nothing is written before somebody has agreed to all of it. */
export async function runSetup(context: Context, options: SetupOptions): Promise<number> {
  const { place, terminal } = context;
  requireConsistent(options);
  requireNoState(place);
  const asks = terminal.interactive && !context.yes;
  const mailname = (await fullHostName()) ?? (options.domain === undefined ? undefined : `mail.${options.domain}`);
  if (!asks) requireAll(missingAnswers(options, context.yes, mailname));
  const asker = asks ? await person(terminal) : PROPOSALS;
  const answered = await answerAll(context, options, asker, mailname);
  const state = firstState(answered.answers);
  await requireSound(state);
  const { smarthostPassword } = answered;
  const secrets = new Map(smarthostPassword === undefined ? [] : [[secretFile(state, undefined), smarthostPassword]]);
  const unwritten: Unwritten = { text: newStateText(state), secrets };
  showSummary(context, answered.answers);
  const wanted = options.apply ?? (isServer(place.root) && (asks || context.yes));
  const canApply = wanted && (await canPlan(context, unwritten, !asks));
  if (asks) terminal.sayWithheld();
  const decision = await decide(context, options, asker, canApply);
  if (decision === 'cancel') return EXIT.cancelled;
  await writeNewState(place, unwritten);
  terminal.say(`wrote ${place.statePath}`);
  tell(context, answered, decision === 'apply');
  if (decision === 'apply') return applyNew(context, options);
  sayNext(context, answered.answers);
  return EXIT.done;
}

function requireAll(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw usageError(
    `${missing.length === 1 ? 'an answer is' : 'answers are'} missing: ${missing.join('; ')}`,
    'give them as options, or run it on a terminal; --yes takes what would be proposed for the others',
  );
}

/** A directory without a host file is no server yet: it may become a sandbox, with other ports. */
function isServer(root: string): boolean {
  return root === '' || lstat(`${root}/${PATHS.host}`) !== undefined;
}

/** Shows what would come of it. Where the daemons are not installed that is said, or thrown if it is `needed`. */
async function canPlan(context: Context, unwritten: Unwritten, needed: boolean): Promise<boolean> {
  try {
    const prepared = await prepare({ ...context.place, unwritten });
    await showPlan(
      { ...context, json: false, terminal: { ...context.terminal, data: context.terminal.say } },
      prepared,
    );
    return true;
  } catch (error) {
    if (needed || !(error instanceof EboxmailError)) throw error;
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    context.terminal.say(`it cannot be applied yet: ${error.message}${hint}`);
    return false;
  }
}

type Decision = 'apply' | 'write' | 'cancel';

async function decide({ yes }: Context, { apply }: SetupOptions, asker: Asker, canApply: boolean): Promise<Decision> {
  if (apply !== undefined) return apply ? 'apply' : 'write';
  if (yes) return canApply ? 'apply' : 'write';
  return asker.choice<Decision>({
    explanation: 'Nothing is written so far.',
    question: 'Go on?',
    choices: [
      ...(canApply ? [{ value: 'apply' as const, name: 'write the state file and apply it' }] : []),
      { value: 'write', name: 'only write the state file' },
      { value: 'cancel', name: 'throw the answers away' },
    ],
  });
}

async function applyNew(context: Context, { adopt }: SetupOptions): Promise<number> {
  try {
    return await runApply({ ...context, json: false }, { adopt: adopt === true });
  } catch (error) {
    context.terminal.say('the state file is written; when what follows is settled, go on with: eboxmail apply');
    throw error;
  }
}

function showSummary({ terminal }: Context, answers: FirstAnswers): void {
  const { mailname, domain, user, name, tls, services, smarthost, username, networks } = answers;
  const off = Object.keys(SERVICES).filter((service) => !services.some((on) => on === service));
  const lines: (readonly [string, string])[] = [
    ['Server', mailname],
    ['Domain', domain],
    ['First user', `${firstAddress(user, domain)}${name === undefined ? '' : `, ${name}`}`],
    ['Certificate', tls?.certificate ?? 'self-signed'],
    ['Services', `${services.join(', ') || 'none'}${off.length === 0 ? '' : ` (off: ${off.join(', ')})`}`],
    [
      'To the outside',
      `${smarthost === undefined ? 'directly' : `by way of ${smarthost}`}${username === undefined ? '' : `, as ${username}`}`,
    ],
    ['May relay', networks.join(', ') || 'only users who log in'],
  ];
  terminal.say(`\n${lines.map(([label, value]) => `${`${label}:`.padEnd(16)}${value}`).join('\n')}\n`);
}

/** The answer of the command: what was made. */
function tell(context: Context, { answers, generated }: Answered, applies: boolean): void {
  const user = firstAddress(answers.user, answers.domain).toLowerCase();
  const data = { state: context.place.statePath, mailname: answers.mailname, domain: answers.domain, user };
  if (context.json)
    printJson(context, { ...data, applies, ...(generated === undefined ? {} : { password: generated }) });
  else if (generated !== undefined) context.terminal.data(`${generated}\n`);
}

function sayNext({ place, terminal }: Context, { domain }: FirstAnswers): void {
  const next = isServer(place.root)
    ? 'make it so: eboxmail apply'
    : `start it as a sandbox: eboxmail sandbox start ${place.root}`;
  terminal.say(`  ${next}\n  add others: eboxmail user add NAME@${domain}`);
}
