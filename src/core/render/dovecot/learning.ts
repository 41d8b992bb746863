import scriptTemplate from '../../../../templates/dovecot/learn-mail.sh';
import sieveTemplate from '../../../../templates/dovecot/learn.sieve';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { ours, quoteDovecot, quoteShell, type Quoted } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { CONTROLLER_SOCKET, RSPAMD_USER } from '../rspamd/rspamd-file.ts';
import { fillTemplate } from '../template.ts';

/** Learning from what users move: Sieve scripts that Dovecot runs after a move (Pigeonhole's imapsieve). */

/** Whether the filter learns from what users move. */
export function learns({ filter }: MailModel): boolean {
  return filter.mode === 'builtin' && filter.learning !== undefined;
}

export function renderLearning(model: MailModel, facts: HostFacts): readonly RenderedFile[] {
  if (!learns(model)) return [];
  const file = (path: string, reason: string, content: string): RenderedFile => {
    return { path, reason, content, mode: 0o644, owner: 'root', group: 'root', onChange: 'nothing' };
  };
  const sieve = (path: string, why: string, unless: string, kind: 'spam' | 'ham'): RenderedFile => {
    const values = { header: ours(HEADER), why: ours(why), unless: ours(unless), kind: ours(kind) };
    const index = { builder: 'sievec', type: 'svbin' } as const;
    return { ...file(path, 'what is done when users move mail', fillTemplate(sieveTemplate, values)), index };
  };
  const controller = quoteShell(below(facts, CONTROLLER_SOCKET));
  const script = fillTemplate(scriptTemplate, { header: ours(HEADER), controller });
  return [
    { ...file(PATHS.learnMail, 'what teaches the filter a message', script), mode: 0o755 },
    sieve(PATHS.learnSpamSieve, 'After a move into Spam.', '', 'spam'),
    sieve(PATHS.learnHamSieve, 'After a move out of Spam.', NO_HAM, 'ham'),
  ];
}

/** Spam that is thrown away or put in order is still spam. */
const NO_HAM = 'if string :matches "${folder}" ["spam", "spam/*", "trash", "trash/*"] {\n  stop;\n}';

/** What the scripts hand messages to: it runs as rspamd's user, so that no process of a user can teach anything else. */
export function learningService(model: MailModel, facts: HostFacts): Quoted {
  if (!learns(model)) return ours('');
  return ours(
    [
      'service learn-mail {',
      `  executable = script ${quoteDovecot(below(facts, PATHS.learnMail))}`,
      `  user = ${RSPAMD_USER}`,
      '  unix_listener learn-mail {',
      mailOwnerOnly(facts),
      '  }',
      '}',
    ].join('\n'),
  );
}

/** Whose processes may use a socket: those that handle mail. Dovecot knows owners of sockets by name only. */
export function mailOwnerOnly({ mailOwner }: HostFacts): Quoted {
  if (mailOwner.name === undefined) return ours('    mode = 0666');
  return ours(`    mode = 0600\n    user = ${quoteDovecot(mailOwner.name)}`);
}
