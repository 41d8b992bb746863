import type { Overrides } from '../model.ts';
import { ours, rawDovecot, rawMainCf, type Quoted } from './quote.ts';

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

/** Raw settings for a part of dovecot.conf, with a title; nothing for none. */
export function titledDovecot(text: string): Quoted {
  return ours(text === '' ? '' : `${TITLE}\n${rawDovecot(text)}`);
}

function parameter(name: string, value: string): string {
  return `${name} = ${rawMainCf(value)}`.trimEnd();
}
