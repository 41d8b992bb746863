import { EboxmailError } from '../../core/errors.ts';
import type { Terminal } from '../../ui/terminal.ts';

/** Gets answers: from a person, or what would be proposed to one. */
export interface Asker {
  /** Whether there is a person. */
  readonly asks: boolean;
  readonly explain: (line: string) => void;
  readonly text: (question: TextPrompt) => Promise<string>;
  readonly file: (question: string) => Promise<string>;
  readonly choice: <T extends string>(question: ChoicePrompt<T>) => Promise<T>;
  readonly several: <T extends string>(question: ChoicePrompt<T>) => Promise<readonly T[]>;
}

interface TextPrompt {
  readonly explanation: string;
  readonly question: string;
  /** Undefined: there is nothing to propose. */
  readonly proposal: string | undefined;
  /** @throws EboxmailError when the answer is wrong */
  readonly check: (typed: string) => Promise<void>;
}

interface ChoicePrompt<T> {
  readonly explanation: string;
  readonly question: string;
  /** The first is proposed, or of several those that are checked. */
  readonly choices: readonly { readonly value: T; readonly name: string; readonly checked?: boolean }[];
}

/** Takes what is proposed. It must only be used where something is. */
export const PROPOSALS: Asker = {
  asks: false,
  explain: () => undefined,
  text: async ({ proposal }) => proposal ?? '',
  file: async () => '',
  choice: async ({ choices }) => {
    const [first] = choices;
    if (first === undefined) throw new TypeError('A question needs a choice');
    return first.value;
  },
  several: async ({ choices }) => choices.filter(({ checked }) => checked).map(({ value }) => value),
};

/** Asks on the terminal. */
export async function person({ say, sayWithheld }: Terminal): Promise<Asker> {
  const prompts = await import('@inquirer/prompts');
  const screen = { output: process.stderr };
  // Nobody can answer what is not explained, however quiet it is to be.
  const explain = (line: string): void => {
    say(`\n${line}`);
    sayWithheld();
  };
  return {
    asks: true,
    explain,
    text: async ({ explanation, question, proposal, check }) => {
      explain(explanation);
      const validate = async (typed: string): Promise<true | string> => whyNot(() => check(typed.trim()));
      const preset = proposal === undefined || proposal === '' ? {} : { default: proposal };
      return (await prompts.input({ message: question, validate, ...preset }, screen)).trim();
    },
    file: async (question) => {
      const validate = (typed: string): true | string => typed.trim().startsWith('/') || 'write the whole path, from /';
      return (await prompts.input({ message: question, validate }, screen)).trim();
    },
    choice: async ({ explanation, question, choices }) => {
      explain(explanation);
      return prompts.select({ message: question, choices }, screen);
    },
    several: async ({ explanation, question, choices }) => {
      explain(explanation);
      return prompts.checkbox({ message: question, choices }, screen);
    },
  };
}

/** What is wrong with an answer, for below the question. */
async function whyNot(check: () => Promise<void>): Promise<true | string> {
  try {
    await check();
    return true;
  } catch (error) {
    if (!(error instanceof EboxmailError)) throw error;
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  }
}
