import { plainWords } from './plain-words.ts';

/** What is known of an account's turns, from what the service wrote down (templates/fetchmail/fetch-accounts.sh). */

export interface Turn {
  /** When it began, in seconds since 1970. */
  readonly time: number;
  /** Exit status of fetchmail (fetchmail(1), "EXIT CODES"). */
  readonly code: number;
  readonly output: string;
}

/** How the fetching of one account goes. Times are ISO 8601; null: never. */
export interface FetchStatus {
  /** off: nothing is fetched. sandbox: not from servers elsewhere in a sandbox. waiting: not asked yet. */
  readonly state: 'off' | 'sandbox' | 'stopped' | 'waiting' | 'ok' | 'trouble';
  readonly lastRun: string | null;
  readonly lastSuccess: string | null;
  readonly lastError: { readonly time: string; readonly text: string } | null;
  /** Messages that came so far. */
  readonly fetched: number;
}

/** A record of a turn; undefined when the text is none. */
export function parseTurn(text: string): Turn | undefined {
  const found = /^(\d{1,12}\.\d{6}) (\d{1,3})\n/.exec(text);
  if (found === null) return undefined;
  return { time: Number(found[1]), code: Number(found[2]), output: text.slice(found[0].length) };
}

/** Exit statuses of fetchmail, and that of timeout(1) around it. */
const CODES: Readonly<Record<number, string>> = {
  2: 'cannot connect to the server',
  3: 'the server refuses the login',
  4: 'the server does not speak this protocol as it should',
  5: 'fetchmail does not understand its file',
  6: 'fetchmail has no right to its files',
  7: 'the server has a fault',
  8: 'fetchmail was still at work',
  9: 'the mailbox there is in use',
  10: 'this mail server does not take the mail',
  11: 'the name of the server cannot be resolved',
  12: 'the server cannot be asked for the mail',
  14: 'the mailbox there is in use',
  124: 'the turn took too long and was ended',
};

/** What went wrong in a turn, in words for people; undefined when nothing did. */
export function troubleIn({ code, output }: Turn): string | undefined {
  const failure = code === 0 || code === 1 ? undefined : failureIn(code, output);
  const parts = [failure, leftBehind(output)].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

function failureIn(code: number, output: string): string {
  const certificate = /certificate verification error: (.*)/.exec(output)?.[1];
  const names = /Server CommonName mismatch: (\S+) != (\S+)/.exec(output);
  if (code === 2 && (certificate !== undefined || names !== null)) {
    const other = names === null ? undefined : `it is for ${plainWords(names[1] ?? '')}`;
    const why = [certificate === undefined ? undefined : plainWords(certificate), other].filter(
      (part) => part !== undefined,
    );
    return `the certificate of the server cannot be verified: ${why.join(', ')}`;
  }
  if (code === 2 && /TLS failed|SSL connection failed|STARTTLS|TLS is mandatory/i.test(output)) {
    return 'the server offers no TLS that can be used';
  }
  if (/timeout after \d+ seconds/.test(output)) return 'the server does not answer';
  const refused = /connection to .* failed: (.*?)\.?$/m.exec(output)?.[1];
  if (code === 2 && refused !== undefined) return `cannot connect to the server: ${plainWords(refused)}`;
  return CODES[code] ?? `fetchmail ended with status ${code}`;
}

/** Messages that were not taken, and so are still on the server. */
function leftBehind(output: string): string | undefined {
  const refusals = [...output.matchAll(/SMTP error: (.*)/g)].map(([, text = '']) => plainWords(text));
  const large = output.match(/ \(oversized\)/g)?.length ?? 0;
  const parts = [
    refusals.length === 0 ? undefined : `${messages(refusals.length)}: this server says ${refusals.at(-1) ?? ''}`,
    large === 0 ? undefined : `${messages(large)}: larger than server.limits.message`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

function messages(count: number): string {
  return count === 1 ? '1 message stays there' : `${count} messages stay there`;
}
