import type { StateFile } from '../../generated/state-types.ts';
import type { Overrides } from '../../model.ts';
import { whyNoDovecotOverride } from '../../raw-dovecot.ts';
import { whyNoOverride } from '../../raw-postfix.ts';
import type { Findings } from './findings.ts';

/** Reads `overrides`; the daemons themselves check names and values when it is applied. */
export function readOverrides(state: StateFile, findings: Findings): Overrides {
  const all = new Map(Object.entries(state.overrides?.postfix ?? {}).map(([name, value]) => [name, textOf(value)]));
  const postfix = new Map<string, string>();
  for (const [name, value] of all) {
    const reason = whyNoOverride(name, value, all);
    if (reason === undefined) postfix.set(name, value);
    else findings.error('override', ['overrides', 'postfix', name], 'value', reason.message, reason.hint);
  }
  const dovecot = state.overrides?.dovecot ?? '';
  const reason = whyNoDovecotOverride(dovecot);
  if (reason !== undefined) findings.error('override', ['overrides', 'dovecot'], 'value', reason.message, reason.hint);
  return { postfix, dovecot };
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value).trim();
}
