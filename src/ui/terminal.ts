import type { ChalkInstance } from 'chalk';

/** Where words for people and data for programs go. */
export interface Terminal {
  /** Data, on standard output. */
  readonly data: (text: string) => void;
  /** The same for much of it, as fast as it is read. @returns false when nobody reads on */
  readonly pour: (text: string | Uint8Array) => Promise<boolean>;
  /** Progress, hints, warnings and errors, on standard error. */
  readonly say: (text: string) => void;
  /** Says what --quiet has held back: a question follows that cannot be answered without it. */
  readonly sayWithheld: () => void;
  /** Somebody can be asked: standard input and standard error are a terminal. */
  readonly interactive: boolean;
  /** Standard output is a terminal, so tables may be drawn. */
  readonly tables: boolean;
  readonly columns: number;
  /** Rows and columns of standard output as they are now. */
  readonly size: () => readonly [rows: number, columns: number];
  /** Whether the given stream is coloured. */
  readonly colored: { readonly stdout: boolean; readonly stderr: boolean };
}

export type ColorChoice = 'auto' | 'always' | 'never';

/** NO_COLOR and FORCE_COLOR count only when the option leaves it open (no-color.org). */
export function wantsColor(choice: ColorChoice, isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Colours, loaded only when something is coloured. */
export async function paint(colored: boolean): Promise<ChalkInstance | undefined> {
  if (!colored) return undefined;
  const { Chalk } = await import('chalk');
  return new Chalk({ level: 1 });
}
