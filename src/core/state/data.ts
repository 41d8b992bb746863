import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import type { Json, JsonObject } from '../json.ts';
import type { StatePath } from '../problem.ts';
import { asNode, keyOf, pairsOf, rangeOf, sourceOf } from './nodes.ts';

/** Something that YAML allows and a state file does not, at an offset of the text read. */
export interface Finding {
  readonly rule: string;
  readonly path: StatePath;
  readonly at: 'key' | 'value';
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** A document as plain data. */
export interface DocumentData {
  readonly value: Json;
  readonly findings: readonly Finding[];
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Node, Node>;
  /** Whether the document is free of anchors, aliases and tags. */
  readonly plain: boolean;
}

const CORE_TAGS = new Set(['!', ...['map', 'seq', 'str', 'null', 'bool', 'int', 'float'].map(coreTag)]);
/** How many values all aliases of a file together may stand for. */
const ALIAS_LIMIT = 10_000;

function coreTag(name: string): string {
  return `tag:yaml.org,2002:${name}`;
}

/** Reads a document's nodes. `lineOf` names the lines in the words about duplicate keys. */
export function readData(contents: unknown, lineOf: (offset: number) => number): DocumentData {
  return new DataReader(lineOf).read(asNode(contents));
}

/** Sets a key also when it is called `__proto__`. */
export function setKey(object: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

class DataReader {
  private readonly lineOf: (offset: number) => number;
  private readonly findings: Finding[] = [];
  private readonly anchors = new Map<string, Node>();
  private readonly done = new Map<Node, { value: Json; size: number }>();
  private readonly targets = new Map<Node, Node>();
  private readonly path: (string | number)[] = [];
  private plain = true;
  private size = 0;
  private aliased = 0;

  constructor(lineOf: (offset: number) => number) {
    this.lineOf = lineOf;
  }

  read(contents: Node | undefined): DocumentData {
    const value = this.value(contents);
    return { value, findings: this.findings, targets: this.targets, plain: this.plain };
  }

  private value(node: Node | undefined): Json {
    this.size += 1;
    if (node === undefined) return null;
    if (isAlias(node)) return this.alias(node, node.source);
    if (node.tag !== undefined || node.anchor !== undefined) this.properties(node, node.tag);
    const anchor = node.anchor;
    if (anchor === undefined) return this.plainValue(node);
    this.anchors.set(anchor, node);
    const before = this.size;
    const value = this.plainValue(node);
    this.done.set(node, { value, size: this.size - before + 1 });
    return value;
  }

  private plainValue(node: Node): Json {
    if (isMap(node)) return this.map(node);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        this.path.push(index);
        const value = this.value(asNode(item));
        this.path.pop();
        return value;
      });
    }
    if (!isScalar(node)) return null;
    const value = node.value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : sourceOf(node);
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    return sourceOf(node);
  }

  private map(map: YAMLMap): JsonObject {
    const result: Record<string, Json> = {};
    const seen = new Map<string, Pair>();
    for (const pair of pairsOf(map)) {
      const key = keyOf(pair.key);
      if (key === undefined) {
        this.find('complex-key', pair.key, 'value', 'A key must be a plain text, not a map, a list or an alias');
        continue;
      }
      const keyNode = asNode(pair.key);
      if (keyNode !== undefined && !isAlias(keyNode) && (keyNode.anchor !== undefined || keyNode.tag !== undefined))
        this.properties(keyNode, keyNode.tag);
      this.path.push(key);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, pair);
      else this.duplicate(key, first, pair);
      if (key === '<<' && isScalar(keyNode) && keyNode.type === 'PLAIN')
        this.find('merge-key', pair.key, 'key', 'Merge keys (`<<`) are not supported', 'write the keys out');
      setKey(result, key, this.value(asNode(pair.value)));
      this.path.pop();
    }
    return result;
  }

  private duplicate(key: string, first: Pair, second: Pair): void {
    const lines = [first, second].map((pair) => this.lineOf(this.offsetOf(pair.key)));
    const where =
      lines[0] === lines[1] ? `twice on line ${lines[0]}` : `on line ${lines[0]} and again on line ${lines[1]}`;
    this.find('duplicate-key', second.key, 'key', `The key \`${key}\` is there ${where}`, 'keep one of them');
  }

  private properties(node: Node, tag: string | undefined): void {
    this.plain = false;
    if (tag === undefined || CORE_TAGS.has(tag)) return;
    const name = tag.replace(/^tag:yaml\.org,2002:/, '!!');
    this.find(
      'tag',
      node,
      'value',
      `The tag \`${this.shown(name)}\` is not supported`,
      'write the value without a tag',
    );
  }

  /** A password without quotes that starts with `!` or `*` reads as a tag or an alias, and is not shown all the same. */
  private shown(name: string): string {
    return this.path.at(-1) === 'password' ? '…' : name;
  }

  private alias(node: Node, name: string): Json {
    this.plain = false;
    const target = this.anchors.get(name);
    const shown = this.shown(name);
    if (target === undefined) {
      this.find('alias', node, 'value', `The alias \`*${shown}\` has no anchor \`&${shown}\` before it`);
      return null;
    }
    const known = this.done.get(target);
    if (known === undefined) {
      this.find('alias', node, 'value', `The alias \`*${shown}\` stands inside of what it means`);
      return null;
    }
    this.targets.set(node, target);
    this.size += known.size;
    this.aliased += known.size;
    if (this.aliased <= ALIAS_LIMIT) return known.value;
    if (this.aliased - known.size <= ALIAS_LIMIT)
      this.find('alias', node, 'value', 'The aliases of this file stand for too much', 'write the values out');
    return null;
  }

  private offsetOf(node: unknown): number {
    const known = asNode(node);
    return known === undefined ? 0 : rangeOf(known).start;
  }

  private find(rule: string, node: unknown, at: 'key' | 'value', message: string, hint?: string): void {
    const finding = { rule, path: [...this.path], at, offset: this.offsetOf(node), message };
    this.findings.push(hint === undefined ? finding : { ...finding, hint });
  }
}
