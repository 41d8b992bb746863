import template from '../../../../templates/dovecot-2.3/dovecot.conf';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, certificateOf, PATHS } from '../paths.ts';
import { ours, quoteDovecot, quoteDovecotFile, type Quoted } from '../quote.ts';
import type { Dialect } from './dialect.ts';
import { learns } from './learning.ts';

/** Dovecot 2.3, as in Debian 12. */
export const DOVECOT_23: Dialect = {
  template,
  settings: (model, facts) => {
    const tls = certificateOf(model, facts);
    const script = quoteDovecot(below(facts, PATHS.spamSieve));
    return {
      certificate: quoteDovecotFile(tls.certificate),
      key: quoteDovecotFile(tls.key),
      refuse_cleartext: ours(model.retrieval.cleartext === 'refuse' ? 'yes' : 'no'),
      spam_sieve: ours(model.filter.mode === 'builtin' ? `  sieve_before = ${script}` : ''),
      learning_plugins: ours(learns(model) ? ' imap_sieve' : ''),
      learning: learningSettings(model, facts),
    };
  },
  quotaField: (bytes) => `userdb_quota_rule=*:bytes=${bytes}`,
  noQuota: 'plugin/quota=count:User quota:noenforcing',
};

/** Settings inside of `protocol imap`: nothing else that runs Sieve has to do with learning, or may pipe. */
function learningSettings(model: MailModel, facts: HostFacts): Quoted {
  if (!learns(model)) return ours('');
  const script = (path: string): Quoted => quoteDovecot(`file:${below(facts, path)}`);
  return ours(
    [
      '  plugin {',
      '    sieve_plugins = sieve_imapsieve sieve_extprograms',
      '    sieve_global_extensions = +vnd.dovecot.pipe',
      '    sieve_pipe_socket_dir = .',
      '    sieve_pipe_exec_timeout = 20s',
      '    imapsieve_mailbox1_name = Spam',
      '    imapsieve_mailbox1_causes = COPY',
      `    imapsieve_mailbox1_before = ${script(PATHS.learnSpamSieve)}`,
      '    imapsieve_mailbox2_name = *',
      '    imapsieve_mailbox2_from = Spam',
      '    imapsieve_mailbox2_causes = COPY',
      `    imapsieve_mailbox2_before = ${script(PATHS.learnHamSieve)}`,
      '  }',
    ].join('\n'),
  );
}
