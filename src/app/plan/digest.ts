import { failed } from '../../core/errors.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { sha256 } from '../../system/hash.ts';

/** Names a plan: two plans with the same digest say the same, write the same bytes and do the same to the daemons. */
export function digestOf({ changes, files, directories, timers, daemons, finishes }: Plan): string {
  const parts = files.map(({ path, change, before, after, file }) => {
    const contents = [before, after].map((text) => (text === undefined ? '' : sha256(text)));
    return [path, change, ...contents, file?.mode, file?.owner, file?.group];
  });
  // What happens to mailboxes is in no file.
  const words = changes.map(({ kind, path, text }) => [kind, path, text]);
  const rest = [...(timers.length > 0 ? [timers] : []), ...(finishes === true ? ['finishes'] : [])];
  return sha256(JSON.stringify([words, parts, directories, daemons, ...rest])).slice(0, 16);
}

/** @throws when somebody reviewed a plan and this is another one */
export function requireExpected(plan: Plan, expected: string | undefined): void {
  if (expected === undefined) return;
  const digest = digestOf(plan);
  if (expected === digest) return;
  throw failed(
    `the plan is not the one that was reviewed: its digest is ${digest}, not ${expected}`,
    'the state or the machine has changed since; look at it again with "eboxmail plan"',
  );
}
