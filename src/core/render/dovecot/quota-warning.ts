import template from '../../../../templates/dovecot/quota-warning.sh';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { ours, quoteShell } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { dialectOf } from './dialects.ts';
import { fillTemplate } from '../template.ts';

/** The script that Dovecot runs when a mailbox becomes 80 % or 95 % full. */
export function renderQuotaWarning(model: MailModel, facts: HostFacts): RenderedFile {
  return {
    path: PATHS.quotaWarning,
    reason: 'the message to users whose mailbox is nearly full',
    content: fillTemplate(template, {
      header: ours(HEADER),
      mailname: quoteShell(model.mailname),
      config: quoteShell(below(facts, PATHS.dovecotConf)),
      no_quota: quoteShell(dialectOf(facts).noQuota),
    }),
    mode: 0o755,
    owner: 'root',
    group: 'root',
    onChange: 'nothing',
  };
}
