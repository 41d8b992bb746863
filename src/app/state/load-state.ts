import { isUtf8 } from 'node:buffer';
import { basename } from 'node:path';
import { EboxmailError, EXIT, notFound } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { JsonObject } from '../../core/json.ts';
import type { LocatedProblem, Problem } from '../../core/problem.ts';
import type { Layout } from '../../core/state/layout.ts';
import { modelOf, type ReadModel } from '../../core/state/model-of.ts';
import { recall, remember } from '../../system/cache.ts';
import { givenBytes } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import type { Place } from './place.ts';

/** A state file as it was read: its text, its data, and everything that is wrong with it. */
export interface LoadedState {
  readonly text: string;
  /** Of its text. */
  readonly sha256: string;
  readonly data: JsonObject;
  readonly layout: Layout | undefined;
  readonly problems: readonly LocatedProblem[];
  /** Whether the data is what the text says and has the shape of a state, whatever else may be wrong with it. */
  readonly wellFormed: boolean;
}

/** The state does not pass its checks: exit 3, with every problem. */
export class InvalidState extends EboxmailError {
  readonly file: string;
  readonly problems: readonly LocatedProblem[];

  constructor(file: string, problems: readonly LocatedProblem[]) {
    const count = problems.filter(({ severity }) => severity === 'error').length;
    super(EXIT.invalidState, `${basename(file)} has ${count} ${count === 1 ? 'error' : 'errors'}`);
    this.file = file;
    this.problems = problems;
  }
}

/** What is remembered of a state, so that the next command need not read YAML; a state with errors is not. */
export interface RememberedState extends Pick<LoadedState, 'data' | 'layout'> {
  /** Warnings, without their places. */
  readonly problems: readonly Problem[];
}

export interface LoadOptions {
  /** A cache may be written. */
  readonly mayRemember?: boolean;
  /** Warnings are shown, so they need their places in the file. */
  readonly positions?: boolean;
}

/** Reads and checks a state file. Problems are part of the result; only a missing file is an error (exit 4). */
export async function loadState(place: Place, { mayRemember, positions }: LoadOptions = {}): Promise<LoadedState> {
  if (place.unwritten !== undefined) return parseAndCheck(place.unwritten.text, sha256(place.unwritten.text));
  const bytes = givenBytes(place.statePath);
  if (bytes === undefined) throw noState(place);
  const text = bytes.toString('utf8');
  const hash = sha256(bytes);
  if (text.includes('\uFFFD') && !isUtf8(bytes)) return notUtf8(bytes, hash);
  const cached = recall(place.root, place.statePath, hash) as RememberedState | undefined;
  if (cached !== undefined && !(positions === true && cached.problems.length > 0))
    return { text, sha256: hash, ...cached, wellFormed: true };
  const loaded = await parseAndCheck(text, hash);
  if (mayRemember === true && !hasErrors(loaded.problems)) rememberState(place, hash, loaded);
  return loaded;
}

/** @param hash of its text */
export function rememberState({ root, statePath }: Place, hash: string, state: RememberedState): void {
  const { data, layout, problems } = state;
  remember(root, statePath, hash, { data, layout, problems } satisfies RememberedState);
}

/** An edit would replace what it could not read, so nothing is made of such a file. */
function notUtf8(bytes: Buffer, hash: string): LoadedState {
  const lines = bytes.toString('latin1').split('\n');
  const row = lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1')));
  const column =
    Buffer.from(lines[row] ?? '', 'latin1')
      .toString('utf8')
      .indexOf('\uFFFD') + 1;
  const problem: LocatedProblem = {
    rule: 'encoding',
    severity: 'error',
    path: [],
    at: 'value',
    message: 'the file is not in UTF-8',
    hint: 'convert it, e.g. with: iconv -f latin1 -t utf8',
    position: { line: row + 1, column },
  };
  return { text: '', sha256: hash, data: {}, layout: undefined, problems: [problem], wellFormed: false };
}

async function parseAndCheck(text: string, hash: string): Promise<LoadedState> {
  const { parseState } = await import('../../core/state/parse.ts');
  const parsed = parseState(text);
  const { data, problems, layout } = parsed;
  // A key that is there twice is no reason to say nothing of the rest.
  const readable = problems.every(({ rule }) => rule === 'duplicate-key');
  const checked = readable ? await checkState(data) : [];
  const findings = problems.length === 0 ? checked : checked.filter(({ severity }) => severity === 'error');
  // Two brackets that are not closed are one mistake to whoever reads of them.
  const found = [
    ...new Map([...problems, ...findings.map(parsed.located)].map((one) => [JSON.stringify(one), one])).values(),
  ];
  const wellFormed = !hasErrors(problems) && !findings.some(({ rule }) => rule === 'schema');
  const line = (problem: LocatedProblem): number => problem.position?.line ?? 0;
  found.sort((a, b) => line(a) - line(b) || (a.position?.column ?? 0) - (b.position?.column ?? 0));
  return { text, sha256: hash, data, layout, problems: found, wellFormed };
}

export async function checkState(data: JsonObject, unchecked: JsonObject = data): Promise<readonly Problem[]> {
  const { checkData } = await import('../../core/state/check-data.ts');
  return checkData(data, unchecked);
}

/** Data that has passed the schema. */
export function stateOf(data: JsonObject): StateFile {
  return data as unknown as StateFile;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** @throws InvalidState exit 3 when the state has errors */
export function requireValid(place: Place, loaded: LoadedState): ReadModel {
  if (hasErrors(loaded.problems)) throw new InvalidState(place.statePath, loaded.problems);
  return modelOf(stateOf(loaded.data));
}

/** A state that can be read but not changed: what list and show commands start from. */
export async function readState(place: Place): Promise<StateFile> {
  if (place.batch !== undefined) return place.batch.state;
  const loaded = await loadState(place, { mayRemember: true });
  if (hasErrors(loaded.problems)) throw new InvalidState(place.statePath, loaded.problems);
  return stateOf(loaded.data);
}

function noState(place: Place): EboxmailError {
  return notFound(
    `there is no state file ${place.statePath}`,
    'make one with eboxmail setup, or by adding a domain: eboxmail domain add example.com',
  );
}
