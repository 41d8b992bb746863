import type { Overrides } from '../model.ts';
import { rawDovecot, rawMainCf } from './quote.ts';

const TITLE = '# From overrides in the state file';

/**
 * main.cf with the raw settings of the state: a parameter that is set already changes its value where it stands, because
 * Postfix complains about one that is there twice; the others come at the end.
 */
export function overrideMainCf(text: string, { postfix }: Overrides): string {
  const left = new Map(postfix);
  const lines = text.split('\n').map((line) => {
    const [, name = ''] = /^([^\s#=]+)\s*=/.exec(line) ?? [];
    const value = left.get(name);
    if (value === undefined) return line;
    left.delete(name);
    return parameter(name, value);
  });
  if (left.size === 0) return lines.join('\n');
  return [...lines, TITLE, ...[...left].map(([name, value]) => parameter(name, value)), ''].join('\n');
}

/** dovecot.conf with the raw settings of the state at its end: of two, Dovecot takes the later one. */
export function overrideDovecot(text: string, { dovecot }: Overrides): string {
  return dovecot === '' ? text : `${text}\n${TITLE}\n${rawDovecot(dovecot)}${dovecot.endsWith('\n') ? '' : '\n'}`;
}

function parameter(name: string, value: string): string {
  return `${name} = ${rawMainCf(value)}`.trimEnd();
}
