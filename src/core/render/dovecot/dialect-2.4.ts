import template from '../../../../templates/dovecot-2.4/dovecot.conf';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, certificateOf, PATHS } from '../paths.ts';
import { ours, quoteDovecot, type Quoted } from '../quote.ts';
import type { Dialect } from './dialect.ts';
import { learns } from './learning.ts';

/** Dovecot 2.4, as in Debian 13. */
export const DOVECOT_24: Dialect = {
  template,
  settings: (model, facts) => {
    const tls = certificateOf(model, facts);
    return {
      certificate: quoteDovecot(tls.certificate),
      key: quoteDovecot(tls.key),
      allow_cleartext: ours(model.retrieval.cleartext === 'refuse' ? 'no' : 'yes'),
      spam_sieve: model.filter.mode === 'builtin' ? scriptBefore('spam', PATHS.spamSieve, facts, '') : ours(''),
      learning_plugins: ours(learns(model) ? '    imap_sieve = yes' : ''),
      learning: learningSettings(model, facts),
    };
  },
  quotaField: (bytes) => `userdb_quota_storage_size=${bytes}`,
  noQuota: 'quota_enforce=no',
};

/** Settings inside of `protocol imap`: nothing else that runs Sieve has to do with learning, or may pipe. */
function learningSettings(model: MailModel, facts: HostFacts): Quoted {
  if (!learns(model)) return ours('');
  return ours(
    [
      '  sieve_plugins {',
      '    sieve_imapsieve = yes',
      '    sieve_extprograms = yes',
      '  }',
      '  sieve_global_extensions {',
      '    vnd.dovecot.pipe = yes',
      '  }',
      '  sieve_pipe_socket_dir = .',
      '  sieve_pipe_exec_timeout = 20s',
      '  mailbox Spam {',
      scriptBefore('learn-spam', PATHS.learnSpamSieve, facts, '    ', 'copy'),
      '  }',
      '  imapsieve_from Spam {',
      scriptBefore('learn-ham', PATHS.learnHamSieve, facts, '    ', 'copy'),
      '  }',
    ].join('\n'),
  );
}

/** A script of ours that runs before those of users. @param cause of its run, where that is not a delivery */
function scriptBefore(name: string, path: string, facts: HostFacts, indent: string, cause?: 'copy'): Quoted {
  const lines = [
    `sieve_script ${name} {`,
    '  type = before',
    ...(cause === undefined ? [] : [`  cause = ${cause}`]),
    '  driver = file',
    `  path = ${quoteDovecot(below(facts, path))}`,
    '}',
  ];
  return ours(lines.map((line) => `${indent}${line}`).join('\n'));
}
