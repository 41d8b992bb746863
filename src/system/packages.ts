import { failed, type EboxmailError } from '../core/errors.ts';
import { type MissingProgram } from './exec.ts';

/** Which Debian package brings a program. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  postconf: 'postfix',
  postmap: 'postfix',
  postalias: 'postfix',
  postfix: 'postfix',
  dovecot: 'dovecot-core',
  doveconf: 'dovecot-core',
  doveadm: 'dovecot-core',
  imap: 'dovecot-imapd',
  pop3: 'dovecot-pop3d',
  lmtp: 'dovecot-lmtpd',
  managesieve: 'dovecot-managesieved',
  'lib90_sieve_plugin.so': 'dovecot-sieve',
  'libplain.so': 'libsasl2-modules',
  openssl: 'openssl',
  useradd: 'passwd',
};

/** All that a mail server of ours needs, in one line to copy. */
export const INSTALL_LINE =
  'apt-get install postfix postfix-cdb libsasl2-modules dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-sieve dovecot-managesieved openssl';

/** The error for a program that is missing: names the package and the command that installs everything. */
export function missingPackage(error: MissingProgram): EboxmailError {
  const name = error.program.split('/').at(-1) ?? error.program;
  const owner = PACKAGE_OF[name] ?? name;
  return failed(`${name} is not installed (Debian package ${owner})`, `install what is needed: ${INSTALL_LINE}`);
}
