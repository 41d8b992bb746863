import { isAlias, isMap, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import type { Position, StatePath } from '../problem.ts';
import { countBelow } from './line-ends.ts';
import { asNode, isAbsent, keyOf, pairsOf, rangeOf } from './nodes.ts';

const BOM = '\uFEFF';

/** Turns offsets of a text with LF into lines and columns; the lines are counted when first asked. */
export function positionsIn(text: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    if (starts === undefined) {
      starts = [text.startsWith(BOM) ? 1 : 0];
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    const line = Math.max(1, countBelow(starts, offset + 1));
    return { line, column: Math.max(0, offset - (starts[line - 1] ?? 0)) + 1 };
  };
}

/** Finds the offset of the key or value at a path, or of its deepest ancestor that is there. */
export function locatorOf(
  contents: unknown,
  targets: ReadonlyMap<Node, Node>,
): (path: StatePath, at: 'key' | 'value') => number | undefined {
  const indexes = new Map<YAMLMap, Map<string, Pair>>();
  const root = asNode(contents);

  function pairOf(map: YAMLMap, key: string): Pair | undefined {
    let index = indexes.get(map);
    if (index === undefined) {
      index = new Map(pairsOf(map).map((pair) => [keyOf(pair.key) ?? '', pair]));
      indexes.set(map, index);
    }
    return index.get(key);
  }

  return (path, at) => {
    if (root === undefined) return undefined;
    let node: Node | undefined = root;
    let key: Node | undefined;
    for (const step of path) {
      let holder: Node | undefined = node;
      while (isAlias(holder)) holder = targets.get(holder);
      if (isSeq(holder)) {
        const item = asNode(holder.items[Number(step)]);
        if (item === undefined) break;
        [key, node] = [undefined, item];
      } else if (isMap(holder)) {
        const pair = pairOf(holder, String(step));
        if (pair === undefined) break;
        [key, node] = [asNode(pair.key), asNode(pair.value)];
      } else break;
    }
    const chosen = at === 'key' || node === undefined || isAbsent(node) ? (key ?? node) : node;
    return chosen === undefined ? undefined : rangeOf(chosen).start;
  };
}
