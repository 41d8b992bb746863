import type { MailModel } from '../model.ts';
import type { Step } from './explanation.ts';

/** The filter that mail passes through before it is delivered or copied. */
export function filterSteps({ filter }: Pick<MailModel, 'filter'>): readonly Step[] {
  if (filter.mode === 'none') return [];
  if (filter.mode === 'builtin') {
    const text = 'the built-in filter looks at the mail first: it may be refused, or go to the folder Spam';
    return [{ kind: 'filter', depth: 0, text, path: ['filter'] }];
  }
  const text = `the filter at ${filter.address}, port ${filter.port}, gets the mail first and hands it back on port ${filter.returnPort}`;
  return [{ kind: 'filter', depth: 0, text, path: ['filter'] }];
}
