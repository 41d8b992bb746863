import template from '../../../../templates/rspamd/spam.sieve';
import type { MailModel } from '../../model.ts';
import { PATHS } from '../paths.ts';
import { ours } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { fillTemplate } from '../template.ts';

/** The rule that comes before everybody's own and puts spam into the folder Spam. */
export function renderSpamSieve({ filter }: MailModel): readonly RenderedFile[] {
  if (filter.mode !== 'builtin') return [];
  const file: RenderedFile = {
    path: PATHS.spamSieve,
    reason: 'the rule that puts spam into the folder Spam',
    content: fillTemplate(template, { header: ours(HEADER) }),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'nothing',
    // Whoever gets mail may not write here, so nobody could keep what was compiled at a delivery.
    index: { builder: 'sievec', type: 'svbin' },
  };
  return [file];
}
