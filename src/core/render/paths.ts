import type { HostFacts } from '../host-facts.ts';
import type { MailModel } from '../model.ts';

/** Where things are, relative to the root (contract section 6). */
export const PATHS = {
  mainCf: 'etc/postfix/main.cf',
  masterCf: 'etc/postfix/master.cf',
  postfix: 'etc/postfix',
  tables: 'etc/postfix/eboxmail',
  /** Begins the names of tables with passwords in them. */
  relayLogins: 'etc/postfix/eboxmail/relay_login.',
  copyRecipients: 'etc/postfix/eboxmail/copy_recipients.regexp',
  dovecotConf: 'etc/dovecot/dovecot.conf',
  accountFiles: 'etc/dovecot/eboxmail',
  accounts: 'etc/dovecot/eboxmail/users',
  quotaAliases: 'etc/dovecot/eboxmail/quota-aliases',
  quotaWarning: 'etc/dovecot/eboxmail/quota-warning',
  /** Empty but for the moment in which an apply proves that logging in works. */
  probe: 'etc/dovecot/eboxmail/probe',
  mailname: 'etc/mailname',
  aliases: 'etc/aliases',
  etc: 'etc/eboxmail',
  state: 'etc/eboxmail/state.yaml',
  host: 'etc/eboxmail/host.yaml',
  secrets: 'etc/eboxmail/secrets',
  tls: 'etc/eboxmail/tls',
  selfSigned: { certificate: 'etc/eboxmail/tls/self-signed.pem', key: 'etc/eboxmail/tls/self-signed.key' },
  cache: 'var/cache/eboxmail',
  lib: 'var/lib/eboxmail',
  expire: 'var/lib/eboxmail/expire',
  archive: 'var/vmail/.archive',
  purges: 'var/lib/eboxmail/purge',
  mail: 'var/vmail',
  queue: 'var/spool/postfix',
  queueUndo: 'var/spool/postfix/eboxmail-undo',
  postfixData: 'var/lib/postfix',
  dovecotRun: 'run/dovecot',
  dovecotState: 'var/lib/dovecot',
  logs: 'var/log',
  mailLog: 'var/log/mail.log',
  dovecotLog: 'var/log/dovecot.log',
  cronJob: 'etc/cron.d/eboxmail-expire',
  expireService: 'etc/systemd/system/eboxmail-expire.service',
  expireTimer: 'etc/systemd/system/eboxmail-expire.timer',
  localMail: 'var/mail',
  mailWanted: 'etc/systemd/system/multi-user.target.d/eboxmail-mail.conf',
  fetchFiles: 'etc/fetchmail/eboxmail',
  fetchService: 'etc/fetchmail/eboxmail/fetch-accounts',
  fetchUnit: 'etc/systemd/system/eboxmail-fetch.service',
  fetchWanted: 'etc/systemd/system/multi-user.target.d/eboxmail-fetch.conf',
  fetchState: 'var/lib/fetchmail',
  fetchLogs: 'var/log/fetchmail',
  rspamd: 'etc/rspamd-eboxmail',
  /** Where a sandbox's rspamd writes, and that of the package's own service; ours on the machine itself writes to syslog. */
  rspamdLogs: ['var/log/rspamd.log', 'var/log/rspamd/rspamd.log'],
  rspamdRun: 'run/rspamd-eboxmail',
  rspamdData: 'var/lib/rspamd-eboxmail',
  rspamdUnit: 'etc/systemd/system/eboxmail-rspamd.service',
  rspamdWanted: 'etc/systemd/system/multi-user.target.d/eboxmail-rspamd.conf',
  redisConf: 'etc/redis-eboxmail/redis.conf',
  redisRun: 'run/redis-eboxmail',
  redisData: 'var/lib/redis-eboxmail',
  redisLog: 'var/log/redis-eboxmail.log',
  redisUnit: 'etc/systemd/system/eboxmail-redis.service',
  redisWanted: 'etc/systemd/system/multi-user.target.d/eboxmail-redis.conf',
  spamSieve: 'etc/dovecot/eboxmail-sieve/spam.sieve',
  learnSpamSieve: 'etc/dovecot/eboxmail-sieve/learn-spam.sieve',
  learnHamSieve: 'etc/dovecot/eboxmail-sieve/learn-ham.sieve',
  learnMail: 'etc/dovecot/eboxmail-sieve/learn-mail',
} as const;

/** Begins the line of etc/aliases that is ours. */
export const POSTMASTER_LINE = 'postmaster:';

/** An absolute path on the machine. */
export function below(facts: Pick<HostFacts, 'root'>, path: string): string {
  return `${facts.root}/${path}`;
}

/** The certificate and key that the daemons read: those of the state, or the self-signed pair of this root. */
export function certificateOf(model: MailModel, facts: HostFacts): { certificate: string; key: string } {
  if (model.tls !== undefined) return model.tls;
  const { certificate, key } = PATHS.selfSigned;
  return { certificate: below(facts, certificate), key: below(facts, key) };
}
