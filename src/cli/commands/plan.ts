import { prepare, type Prepared } from '../../app/plan/prepare.ts';
import { messagesWaitingFor } from '../../app/queue/waiting-for.ts';
import { digestOf } from '../../app/plan/digest.ts';
import { EXIT } from '../../core/errors.ts';
import type { MailboxPlan } from '../../app/mailboxes/mailbox-plan.ts';
import { isEmpty, type Plan } from '../../core/plan/plan.ts';
import { paint } from '../../ui/terminal.ts';
import { planData, planText, type Queued } from '../../ui/plan-text.ts';
import { problemText } from '../../ui/problems.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (plan, action) => {
  plan
    .option('--exit-code', 'exit 10 when there are changes')
    .option('--digest', 'print only the digest of the plan, for "apply --expect"')
    .addHelpText('after', example('eboxmail plan', 'eboxmail plan --exit-code --quiet', 'eboxmail plan --json'))
    .action(action(run));
};

async function run(context: Context, { exitCode, digest }: { exitCode?: boolean; digest?: boolean }): Promise<number> {
  const prepared = await prepare(context.place);
  if (digest === true && !context.json) context.terminal.data(`${digestOf(prepared.plan)}\n`);
  else await showPlan(context, prepared);
  return exitCode === true && !isEmpty(prepared.plan) ? EXIT.changesPending : EXIT.done;
}

/** The plan and the warnings of the state that it came from. */
export async function showPlan(context: Context, { plan, warnings, mailboxes }: Prepared): Promise<void> {
  for (const warning of warnings) context.terminal.say(problemText(context.place.statePath, warning));
  const queued = await queuedFor(context, plan, mailboxes.passedOn);
  if (context.json) printJson(context, planData(plan, digestOf(plan), queued));
  else context.terminal.data(planText(plan, context.place.root, await paint(context.terminal.colored.stdout), queued));
}

/** What becomes of mail that Postfix has accepted already. */
async function queuedFor(
  { place }: Context,
  { removals }: Plan,
  passedOn: MailboxPlan['passedOn'],
): Promise<Queued | undefined> {
  const stopping = removals.addresses.filter((address) => !passedOn.has(address));
  const counts = await messagesWaitingFor(place, [...passedOn.keys(), ...stopping]);
  if (counts === undefined) return undefined;
  return {
    stopping: stopping.reduce((sum, address) => sum + (counts.get(address) ?? 0), 0),
    passedOn: [...passedOn].flatMap(([address, recipients]) => {
      const messages = counts.get(address) ?? 0;
      return messages === 0 ? [] : [{ address, recipients, messages }];
    }),
  };
}
