import { readFileSync } from 'node:fs';
import { chaseOf } from '../../../src/core/log/chase.ts';
import { stampReader, type Clock } from '../../../src/core/log/clock.ts';
import { messagesOf, type Message } from '../../../src/core/log/messages.ts';
import { finderOf } from '../../../src/core/log/needles.ts';
import { parseLine } from '../../../src/core/log/parse-line.ts';
import { refusalsOf, type Refusal } from '../../../src/core/log/refusals.ts';
import { resultsOf, type RecipientResult } from '../../../src/core/log/results.ts';
import { wantedOf } from '../../../src/core/log/wanted.ts';

/** A machine in the zone of Greenwich, an hour after the fixtures were made. */
export const CLOCK: Clock = {
  now: Date.UTC(2026, 10, 25, 0, 30),
  local: (year, month, day, hour, minute, second) => Date.UTC(year, month, day, hour, minute, second),
};

export function fixture(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) =>
    readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

export interface Found {
  readonly messages: readonly Message[];
  readonly refusals: readonly Refusal[];
  readonly more: boolean;
}

/** Follows something through lines as the program does through files. */
export function follow(lines: readonly string[], what: string, limit = 20, clock = CLOCK): Found {
  const wanted = wantedOf(what);
  if (wanted === undefined) throw new Error(`${what} is nothing to look for`);
  const chase = chaseOf(wanted, limit);
  const encoder = new TextEncoder();
  const readStamp = stampReader(clock.now, clock);
  const read = (needles: readonly string[], earliest: number, take: typeof chase.first): void => {
    const find = finderOf(needles.map((needle) => encoder.encode(needle)));
    lines.forEach((line, index) => {
      const bytes = encoder.encode(line);
      const found = find(bytes, 0, bytes.length) < 0 ? undefined : parseLine(line, readStamp);
      if (found !== undefined && found.time >= earliest) take(String(index).padStart(9, '0'), found);
    });
  };
  read(wanted.needles, -Infinity, chase.first);
  for (let needles = chase.next(); needles !== undefined; needles = chase.next())
    read(needles, chase.earliest(), chase.later);
  const events = chase.events();
  return { messages: messagesOf(events, wanted), refusals: refusalsOf(events), more: chase.more };
}

/** What became of everything, one short line each. */
export function outcomes(lines: readonly string[], what: string): readonly string[] {
  const { messages, refusals } = follow(lines, what, 100);
  return [
    ...messages.flatMap((message) => resultsOf(message).flatMap((result) => resultLines(result))),
    ...refusals.map(({ kind, cause, rule, from, to, login }) =>
      [kind, from, to, login, cause, rule].filter((part) => part !== undefined).join(' '),
    ),
  ];
}

function resultLines(result: RecipientResult, depth = 0): readonly string[] {
  const { address, original, outcome, cause, attempts, filings, copyWay, onward } = result;
  const parts = [
    '> '.repeat(depth) + (address === '' ? '*' : address),
    ...(original === undefined ? [] : [`(${original})`]),
    outcome,
    ...(cause === undefined ? [] : [cause]),
    ...(attempts > 1 ? [`x${attempts}`] : []),
    ...(copyWay ? ['copy'] : []),
    ...filings
      .filter(({ action }) => action !== 'saved')
      .map(({ action, detail }) => `[${action} ${detail.slice(0, 30)}]`),
  ];
  return [parts.join(' '), ...onward.flatMap((one) => resultLines(one, depth + 1))];
}
