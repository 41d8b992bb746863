import { createContext, Script } from 'node:vm';
import { usageError } from '../core/errors.ts';

/** Milliseconds for one text. */
const PATIENCE = 1000;

/** Texts whose answer is remembered: reasons are alike. */
const REMEMBERED = 10_000;

/** A repeated group, or three repetitions: only such can take for ever (a tenth of a millisecond goes into watching one). */
const MAY_TAKE_LONG = /\)[*+{]|(?:[*+?}][^*+?}]*){3}/;

/**
 * The test of a regular expression that somebody typed, which is given up when it takes too long: the time may double with
 * each character of the text.
 * @throws (the test) usage error (exit 2)
 */
export function carefulMatch(expression: RegExp): (text: string) => boolean {
  if (!MAY_TAKE_LONG.test(expression.source)) return (text) => expression.test(text);
  const known = new Map<string, boolean>();
  const context = createContext({ expression, text: '' });
  const script = new Script('expression.test(text)');
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    context['text'] = text;
    const found = watched(script, context, expression);
    if (known.size >= REMEMBERED) known.clear();
    known.set(text, found);
    return found;
  };
}

function watched(script: Script, context: ReturnType<typeof createContext>, { source }: RegExp): boolean {
  try {
    return script.runInContext(context, { timeout: PATIENCE }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw usageError(
      `the regular expression "${source}" takes too long`,
      'do not repeat what repeats something itself, as in (a+)+',
    );
  }
}
