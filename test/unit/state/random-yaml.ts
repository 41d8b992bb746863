import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import { Random } from './random.ts';

/** What stands at a place of a random text. */
export interface Owner {
  readonly path: readonly string[];
  /** Whether it is inside of the value at `path`. */
  readonly whole: boolean;
  /** The comment, when it is one. */
  readonly comment: string | undefined;
}

/** A line of a random text and what it is about. */
export interface Line {
  readonly text: string;
  /** Paths of what stands on the line; `whole` ones stand for everything below them. */
  readonly owners: readonly Owner[];
}

/** A text in a random style that says `data`. */
export interface RandomText {
  readonly text: string;
  readonly lines: readonly Line[];
}

/** Writes data as YAML with random styles, comments, blank lines, indentation and line ends. */
export function writeRandomly(data: JsonObject, seed: number): RandomText {
  return new Writer(new Random(seed)).write(data);
}

class Writer {
  private readonly random: Random;
  private readonly step: number;
  private readonly busy: number;
  private readonly comments: number;
  private out = '';
  private comment = 0;
  /** Who stands in which part of the text. */
  private readonly marks: (Owner & { readonly at: number })[] = [];

  constructor(random: Random) {
    this.random = random;
    this.step = random.pick([2, 2, 4, 3]);
    this.busy = random.pick([0, 0.2, 0.5]);
    this.comments = random.pick([0, 0.15, 0.4]);
  }

  write(data: JsonObject): RandomText {
    if (this.random.chance(0.1)) this.put('---\n', [], false);
    if (Object.keys(data).length === 0) this.between(0, []);
    else if (this.random.chance(0.05)) this.flowRoot(data);
    else this.map(data, 0, 0, []);
    this.between(0, []);
    if (this.random.chance(0.3) && this.out.endsWith('\n')) this.out = this.out.slice(0, -1);
    const lines = this.lines();
    const text = this.random.chance(0.3) ? this.out.replaceAll('\n', '\r\n') : this.out;
    return { text: this.random.chance(0.1) ? `\uFEFF${text}` : text, lines };
  }

  private flowRoot(data: JsonObject): void {
    this.flow(data, 1, []);
    this.lineBreak([]);
  }

  private lines(): Line[] {
    let start = 0;
    return this.out.split('\n').map((text) => {
      const end = start + text.length;
      const owners = this.marks.filter((mark) => mark.at >= start && mark.at <= end);
      start = end + 1;
      return { text, owners };
    });
  }

  private put(text: string, path: readonly string[], whole: boolean): void {
    let at = this.out.length;
    for (const part of text.split('\n')) {
      if (part !== '') this.marks.push({ at, path, whole, comment: /^\s*(# c\d.*)/.exec(part)?.[1] });
      at += part.length + 1;
    }
    this.out += text;
  }

  /** Comment lines and blank lines. */
  private between(indent: number, path: readonly string[], whole = false, inFlow = false): void {
    while (this.random.chance(this.comments)) {
      if (this.random.chance(0.3)) this.out += '\n';
      else
        this.put(
          `${' '.repeat(this.random.pick([indent + (inFlow ? 1 : 0), indent + 1, inFlow ? indent + 1 : 0]))}${this.newComment()}\n`,
          path,
          whole,
        );
    }
  }

  private newComment(): string {
    this.comment += 1;
    return `# c${this.comment}${this.random.pick(['', ' a: b', " it's [", ' "'])}`;
  }

  private lineBreak(path: readonly string[], whole = false): void {
    if (this.random.chance(this.comments))
      this.put(`${this.random.pick([' ', '  ', '\t'])}${this.newComment()}`, path, whole);
    else if (this.random.chance(0.05)) this.out += ' ';
    this.out += '\n';
  }

  private map(map: JsonObject, indent: number, firstIndent: number, path: readonly string[], whole = false): void {
    Object.entries(map).forEach(([key, value], index) => {
      const here = whole ? path : [...path, key];
      if (index > 0) this.between(indent, path, whole);
      this.out += ' '.repeat(index === 0 ? firstIndent : indent);
      this.put(`${this.key(key, false)}${this.random.chance(0.03) ? ' ' : ''}:`, here, whole);
      this.value(value, indent, here, whole);
    });
  }

  private value(value: Json, indent: number, path: readonly string[], whole: boolean, inList = false): void {
    const isMap = isObject(value) && Object.keys(value).length > 0;
    const isList = Array.isArray(value) && value.length > 0;
    if ((isMap || isList) && this.random.chance(0.75)) {
      this.lineBreak(path, whole);
      const inner = indent + (isList && !inList && this.random.chance(0.3) ? 0 : this.step);
      this.between(inner, path, whole);
      if (isMap) this.map(value, inner, inner, path, whole);
      else this.list(value as readonly Json[], inner, path);
      return;
    }
    if (value === null && this.random.chance(0.5)) return this.lineBreak(path, whole);
    if (typeof value === 'string' && this.random.chance(0.3) && this.blockScalar(value, indent, path, whole)) return;
    if (this.random.chance(this.busy * 0.2)) {
      this.lineBreak(path, whole);
      this.between(indent + 1, path, true, true);
      this.out += ' '.repeat(indent + this.step);
    } else this.out += this.random.pick([' ', ' ', ' ', '  ']);
    if (typeof value === 'object' && value !== null) this.flow(value, indent + 1, path);
    else this.put(this.scalar(value, false, indent + 1), path, whole);
    this.lineBreak(path, whole);
  }

  private list(list: readonly Json[], indent: number, path: readonly string[]): void {
    list.forEach((item, index) => {
      if (index > 0) this.between(indent, path, true);
      this.item(item, indent, path, ' '.repeat(indent));
    });
  }

  private item(item: Json, indent: number, path: readonly string[], pad: string): void {
    this.put(`${pad}-`, path, true);
    const compact = this.random.chance(0.7);
    if (Array.isArray(item) && item.length > 0 && compact) {
      this.out += ' ';
      item.forEach((inner: Json, at) => {
        if (at > 0) this.between(indent + 2, path, true);
        this.item(inner, indent + 2, path, at === 0 ? '' : ' '.repeat(indent + 2));
      });
    } else if (isObject(item) && Object.keys(item).length > 0 && compact) {
      this.out += ' ';
      this.map(item, indent + 2, 0, path, true);
    } else this.value(item, indent, path, true, true);
  }

  private flow(value: Json, indent: number, path: readonly string[]): void {
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    this.put(open ?? '', path, true);
    const entries = Array.isArray(value)
      ? value.map((item: Json) => [undefined, item] as const)
      : Object.entries(value as JsonObject);
    const many = this.random.chance(this.busy);
    const pad = this.random.pick(['', ' ']);
    entries.forEach(([key, item], index) => {
      const leading = many && this.random.chance(0.15);
      if (index > 0 && !leading) this.put(`${this.random.pick(['', '', ' '])},`, path, true);
      this.flowSpace(many, indent, path, index === 0 ? pad : ' ');
      if (index > 0 && leading) this.put(', ', path, true);
      if (key !== undefined && !this.flowKey(key, item, path)) return;
      if (typeof item === 'object' && item !== null) this.flow(item, indent, path);
      else this.put(this.scalar(item, true, indent), path, true);
    });
    if (entries.length > 0 && this.random.chance(0.2)) this.put(',', path, true);
    this.flowSpace(many, indent, path, pad);
    this.put(close ?? '', path, true);
  }

  /** False when there is no value to write. */
  private flowKey(key: string, item: Json, path: readonly string[]): boolean {
    const text = this.key(key, true);
    const value = item !== null || this.random.chance(0.5);
    this.put(!value && this.random.chance(0.4) ? text : `${text}: `, path, true);
    return value;
  }

  private flowSpace(many: boolean, indent: number, path: readonly string[], otherwise: string): void {
    if (!many || this.random.chance(0.4)) this.out += otherwise;
    else {
      this.lineBreak(path, true);
      this.between(indent, path, true, true);
      this.out += ' '.repeat(indent + this.random.pick([0, 1, 2]));
    }
  }

  private key(key: string, inFlow: boolean): string {
    const text = this.scalar(key, inFlow, undefined);
    return this.random.chance(0.1) && /^[ -~]*$/.test(key) ? JSON.stringify(key) : text;
  }

  private scalar(value: null | boolean | number | string, inFlow: boolean, folded: number | undefined): string {
    if (value === null) return this.random.pick(['null', '~']);
    if (typeof value !== 'string') return String(value);
    if (value.includes('\n')) return JSON.stringify(value);
    const plain = inFlow
      ? stringify([value], { lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: false }).slice(1, -2)
      : stringify({ k: value }, { lineWidth: 0, blockQuote: false }).slice(3, -1);
    const printable = /^[\x20-\x7e\u00a0-\u02ff]*$/.test(value);
    const style = this.random.pick(['plain', 'plain', 'single', 'double', 'fold']);
    if (style === 'single' && printable) return `'${value.replaceAll("'", "''")}'`;
    if (style === 'double') return JSON.stringify(value);
    if (style === 'fold' && printable && folded !== undefined && /^\S+( \S+)+$/.test(value)) {
      const text = plain.startsWith("'") ? JSON.stringify(value) : plain;
      if (!/ [#\-?:]|: /.test(text)) return text.replace(' ', `\n${' '.repeat(folded)}`);
    }
    return plain;
  }

  private blockScalar(value: string, indent: number, path: readonly string[], whole: boolean): boolean {
    if (!/^[\x21-\x7e][\x20-\x7e\n]*$/.test(value) || /[ \n]\n| $/.test(value) || value.endsWith('\n\n')) return false;
    const pad = ' '.repeat(indent + this.step);
    const body = (value.endsWith('\n') ? value.slice(0, -1) : value)
      .split('\n')
      .map((line) => (line === '' ? '' : pad + line));
    const strip = !value.endsWith('\n');
    const style = value.includes('\n') ? '|' : this.random.pick(['|', '>']);
    const chomp = strip ? '-' : this.random.pick(['', '', '+']);
    const explicit = this.random.chance(0.1) ? String(this.step) : '';
    this.put(` ${style}${explicit}${chomp}`, path, whole);
    this.lineBreak(path, whole);
    this.put(`${body.join('\n')}\n`, path, whole);
    if (chomp !== '+' && this.random.chance(0.2)) this.out += '\n';
    if (chomp === '+') this.put(`${this.newComment()}\n`, path.slice(0, -1), whole);
    return true;
  }
}
