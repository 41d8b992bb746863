import { basename } from 'node:path';
import type { ChalkInstance } from 'chalk';
import type { Explanation, SenderExplanation, Step } from '../core/explain/explanation.ts';
import { formatPath, type StatePath } from '../core/problem.ts';

/** Where an entry stands in the state file. */
export type Lines = (path: StatePath) => { readonly path: StatePath; readonly line: number } | undefined;

export interface ExplainWords {
  readonly file: string;
  readonly lines: Lines;
  readonly color: ChalkInstance | undefined;
}

/** What happens to mail for an address, for people: the way as a tree, each step with its line, and the end of it. */
export function explanationText(explanation: Explanation, words: ExplainWords): string {
  const { address, verdict, steps } = explanation;
  const { code, reason, deliverable, loggedIn } = verdict;
  const end = `${code === 250 ? 'accepted' : 'refused'} (${code}): ${reason}`;
  const others = loggedIn === 250 && code !== 250 ? ['accepted from users who have logged in'] : [];
  const painted = paint(end, deliverable, words.color);
  return lines([address, ...tree(steps, words), painted, ...others]);
}

/** Whether a user may send as an address, for people. */
export function senderText(explanation: SenderExplanation, words: ExplainWords): string {
  const { user, address, allowed, code, reason, hint, steps } = explanation;
  const answer = code === null ? '' : ` (${code})`;
  const end = `${allowed ? 'allowed' : 'refused'}${answer}: ${reason}`;
  const painted = paint(end, allowed, words.color);
  return lines([`${user} as ${address}`, ...tree(steps, words), painted, ...(hint === undefined ? [] : [`  ${hint}`])]);
}

/** For programs. */
export function explanationData(explanation: Explanation, find: Lines): object {
  const { address, verdict, steps, recipients, copies } = explanation;
  return { address, verdict, steps: steps.map((step) => stepData(step, find)), recipients, copies: copyData(copies) };
}

/** The same for senders. */
export function senderData(explanation: SenderExplanation, find: Lines): object {
  const { address, steps, copies, ...canSend } = explanation;
  return { address, canSend, steps: steps.map((step) => stepData(step, find)), copies: copyData(copies) };
}

function stepData({ kind, text, address, depth, path }: Step, find: Lines): object {
  const found = path === undefined ? undefined : find(path);
  return {
    kind,
    text,
    depth,
    address,
    line: found?.line,
    key: found === undefined ? undefined : formatPath(found.path),
  };
}

function copyData(copies: Explanation['copies']): readonly object[] {
  return copies.map(({ address, bounces }) => ({ address, on_bounce: bounces }));
}

function tree(steps: readonly Step[], { file, lines: find, color }: ExplainWords): readonly string[] {
  return steps.map(({ depth, text, path }) => {
    const line = path === undefined ? undefined : find(path)?.line;
    const place = line === undefined ? '' : `  (${basename(file)}:${line})`;
    return `${'  '.repeat(depth + 1)}${text}${color === undefined ? place : color.dim(place)}`;
  });
}

function paint(text: string, good: boolean, color: ChalkInstance | undefined): string {
  if (color === undefined) return text;
  return good ? color.green(text) : color.red(text);
}

function lines(texts: readonly string[]): string {
  return `${texts.join('\n')}\n`;
}
