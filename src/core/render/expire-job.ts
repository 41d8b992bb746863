import { expiringFolders, expiryWords } from '../expiry.ts';
import type { HostFacts } from '../host-facts.ts';
import type { MailModel } from '../model.ts';
import { PATHS } from './paths.ts';
import { quoteCron, quoteUnitWord } from './quote.ts';
import { HEADER, type RenderedFile } from './rendered-file.ts';

/**
 * What makes `eboxmail expire` run once a day: a systemd timer, or a line for cron; nothing where nothing expires. Where the
 * program is no longer, as when its package was removed, it does nothing.
 */
export function renderExpireJob(model: MailModel, facts: HostFacts): readonly RenderedFile[] {
  if (expiringFolders(model.expiry).length === 0 || facts.jobs.by === 'none') return [];
  const root = facts.root === '' ? [] : ['--root', facts.root];
  const command = [...facts.jobs.command, '--quiet', ...root, 'expire'];
  const program = facts.jobs.command.at(-1) ?? '';
  const words = expiryWords(model.expiry);
  if (facts.jobs.by === 'cron') {
    const line = `17 3 * * * root [ ! -e ${quoteCron(program)} ] || ${command.map(quoteCron).join(' ')}`;
    return [file(PATHS.cronJob, 'the daily removal of mail from Trash and Spam', [`# Removes ${words}.`, line])];
  }
  return [
    file(PATHS.expireService, 'the removal of mail from Trash and Spam', [
      '[Unit]',
      `Description=Remove ${words}`,
      'After=dovecot.service',
      '',
      '[Service]',
      'Type=oneshot',
      `ExecCondition=/usr/bin/test -e ${quoteUnitWord(program)}`,
      `ExecStart=${command.map(quoteUnitWord).join(' ')}`,
      'Nice=10',
      'IOSchedulingClass=idle',
    ]),
    file(PATHS.expireTimer, 'the time of day at which mail is removed from Trash and Spam', [
      '[Unit]',
      'Description=Remove old mail from Trash and Spam once a day',
      '',
      '[Timer]',
      'OnCalendar=*-*-* 03:17:00',
      'Persistent=true',
      '',
      '[Install]',
      'WantedBy=timers.target',
    ]),
  ];
}

function file(path: string, reason: string, lines: readonly string[]): RenderedFile {
  const content = [HEADER, ...lines, ''].join('\n');
  return { path, reason, content, mode: 0o644, owner: 'root', group: 'root', onChange: 'nothing' };
}
