import type { Json } from '../../json.ts';
import { isObject } from '../../json.ts';
import { sameJson } from './changes.ts';

/** What happens to a list from its first item to its last: `keep`, `remove` and `change` stand for one old item each. */
export type ListStep =
  | { readonly kind: 'keep' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'change'; readonly value: Json }
  | { readonly kind: 'insert'; readonly value: Json };

/** Above this many comparisons lists are not compared item by item between their equal ends. */
const COMPARISONS = 250_000;

/** The steps from one list to another. Within a run of removals and insertions, map follows map as a change. */
export function listSteps(before: readonly Json[], after: readonly Json[]): ListStep[] {
  let head = 0;
  while (head < before.length && head < after.length && sameJson(before[head], after[head])) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && sameJson(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail += 1;
  const middle = middleSteps(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  const keep = (count: number): ListStep[] => Array.from({ length: count }, () => ({ kind: 'keep' }));
  return [...keep(head), ...middle, ...keep(tail)];
}

function middleSteps(before: readonly Json[], after: readonly Json[]): ListStep[] {
  if (before.length * after.length > COMPARISONS) return pairMaps(before, after);
  const lengths = commonLengths(before, after);
  const steps: ListStep[] = [];
  let [from, to] = [0, 0];
  let [runFrom, runTo] = [0, 0];
  const flush = (): void => {
    steps.push(...pairMaps(before.slice(runFrom, from), after.slice(runTo, to)));
  };
  while (from < before.length && to < after.length) {
    if (sameJson(before[from], after[to])) {
      flush();
      steps.push({ kind: 'keep' });
      from += 1;
      to += 1;
      [runFrom, runTo] = [from, to];
    } else if ((lengths[from + 1]?.[to] ?? 0) >= (lengths[from]?.[to + 1] ?? 0)) from += 1;
    else to += 1;
  }
  [from, to] = [before.length, after.length];
  flush();
  return steps;
}

/** `result[i][j]`: length of the longest common subsequence of `before` from i on and `after` from j on. */
function commonLengths(before: readonly Json[], after: readonly Json[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] as number[];
      row[j] = sameJson(before[i], after[j])
        ? (lengths[i + 1]?.[j + 1] ?? 0) + 1
        : Math.max(lengths[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}

/** Removals before insertions; where a map stands against a map it is changed instead. */
function pairMaps(removed: readonly Json[], added: readonly Json[]): ListStep[] {
  const steps: ListStep[] = [];
  let paired = 0;
  while (paired < removed.length && paired < added.length) {
    const value = added[paired];
    if (value === undefined || !isObject(value) || !isObject(removed[paired])) break;
    steps.push({ kind: 'change', value });
    paired += 1;
  }
  removed.slice(paired).forEach(() => steps.push({ kind: 'remove' }));
  added.slice(paired).forEach((value) => steps.push({ kind: 'insert', value }));
  return steps;
}
