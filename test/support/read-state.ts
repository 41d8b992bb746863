import { checkState, hasErrors, stateOf } from '../../src/app/state/load-state.ts';
import type { LocatedProblem } from '../../src/core/problem.ts';
import { modelOf, type ReadModel } from '../../src/core/state/model-of.ts';
import { parseState } from '../../src/core/state/parse.ts';

/** The way of every state to its model: parse, schema, rules. @throws with all problems when it has errors */
export async function validState(text: string): Promise<ReadModel> {
  const parsed = parseState(text);
  const problems: readonly LocatedProblem[] = hasErrors(parsed.problems)
    ? parsed.problems
    : await checkState(parsed.data);
  if (!hasErrors(problems)) return modelOf(stateOf(parsed.data));
  throw new Error(
    `the state is not valid:\n${problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')}`,
  );
}
