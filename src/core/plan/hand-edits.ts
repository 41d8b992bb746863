import { logicalLines } from '../render/dovecot/override-parts.ts';
import { PATHS } from '../render/paths.ts';
import type { FileChange } from './plan.ts';

/** What somebody changed in our files by hand, as raw settings of the state. */
export interface HandEdits {
  readonly postfix: ReadonlyMap<string, string>;
  /** Lines for dovecot.conf. */
  readonly dovecot: readonly string[];
  /** Edits that no override can say, a sentence each. */
  readonly inexpressible: readonly string[];
  /** Files with comments that nothing would keep. */
  readonly comments: readonly string[];
}

/** Reads the edits of files that were ours from what the last apply wrote and what is there now. */
export function handEditsOf(files: readonly FileChange[]): HandEdits {
  const postfix = new Map<string, string>();
  const dovecot: string[] = [];
  const inexpressible: string[] = [];
  const comments: string[] = [];
  for (const { path, present, written, before = '', after = '' } of files) {
    if (present !== 'edited') continue;
    // The first apply may have been the one that was cut off.
    const base = written ?? (after !== '' && before.startsWith(after) ? after : undefined);
    if (base !== undefined && hasNewComment([base, after], before)) comments.push(path);
    if (base === undefined) inexpressible.push(`${path}: what the last apply wrote is not known any more`);
    else if (path === PATHS.mainCf) readMainCf([base, before, after], postfix, inexpressible);
    else if (path === PATHS.dovecotConf) readDovecot([base, before, after], dovecot, inexpressible);
    else inexpressible.push(`${path}: only main.cf and dovecot.conf have overrides`);
  }
  return { postfix, dovecot, inexpressible, comments };
}

function hasNewComment(ours: readonly string[], before: string): boolean {
  const known = new Set(ours.flatMap((text) => text.split('\n').map((line) => line.trim())));
  return before.split('\n').some((line) => /^\s*#/.test(line) && !known.has(line.trim()));
}

/** What the last apply wrote, what is there, and what will be. What is as it will be is no edit: an apply that was cut off wrote it. */
type Texts = readonly [written: string, before: string, after: string];

function readMainCf(texts: Texts, found: Map<string, string>, inexpressible: string[]): void {
  const [old, now, due] = [parameters(texts[0]), parameters(texts[1]), parameters(texts[2])];
  for (const [name, value] of now) if (old.get(name) !== value && due.get(name) !== value) found.set(name, value);
  for (const name of old.keys()) {
    if (!now.has(name) && due.has(name))
      inexpressible.push(`${PATHS.mainCf}: ${name} was removed, and an override can only give it another value`);
  }
}

/** Names and values of main.cf; lines that begin with white space go on with the one above (postconf(5)). */
function parameters(text: string): ReadonlyMap<string, string> {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s/.test(line) && lines.length > 0) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    else lines.push(line);
  }
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^([^\s=]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Settings outside any block that have another value or are new, and whatever was added at the end. */
function readDovecot([written, before, after]: Texts, found: string[], inexpressible: string[]): void {
  // It was replaced as a whole, so the edits are those of one of the two.
  const bases = after === '' ? [written] : [after, written];
  const begun = bases.find((base) => before.startsWith(base));
  if (begun !== undefined) {
    found.push(...meaningful(before.slice(begun.length)));
    return;
  }
  const [now, due] = [outerSettings(before), outerSettings(after === '' ? written : after)];
  const old = bases.map(outerSettings).find(({ rest }) => rest === now.rest);
  const gone = [...(old?.settings.keys() ?? [])].filter((name) => !now.settings.has(name) && due.settings.has(name));
  if (old === undefined || gone.length > 0) {
    inexpressible.push(`${PATHS.dovecotConf}: only settings outside blocks, and lines at the end, can be taken over`);
    return;
  }
  const changed = [...now.settings].filter(
    ([name, value]) => old.settings.get(name) !== value && due.settings.get(name) !== value,
  );
  found.push(...changed.map(([name, value]) => `${name} = ${value}`));
}

function outerSettings(text: string): { settings: ReadonlyMap<string, string>; rest: string } {
  const settings = new Map<string, string>();
  const rest: string[] = [];
  let depth = 0;
  for (const line of logicalLines(meaningful(text).join('\n'))) {
    const [, name, value] = /^([a-z_0-9]+)\s*=\s*([^]*)$/.exec(line) ?? [];
    if (depth === 0 && name !== undefined && value !== undefined) settings.set(name, value);
    else rest.push(line);
    depth += (/\{$/.test(line) ? 1 : 0) - (line === '}' ? 1 : 0);
  }
  return { settings, rest: rest.join('\n') };
}

function meaningful(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
