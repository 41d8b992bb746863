import { familyOf, fetchName, type Fetching } from '../../fetch/fetching.ts';
import { FETCHED_PORT, type HostFacts } from '../../host-facts.ts';
import type { FetchEntry, MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { quoteFetchmail } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';

/** Seconds without an answer after which a server is given up until the next turn. */
const TIMEOUT = 60;

/**
 * fetchmail's file for one account elsewhere (fetchmail(1), "THE RUN CONTROL FILE"). One account, one file and one process:
 * of several accounts in a file the exit status tells one, and the daemon stops asking for good after some failures.
 */
export function renderFetchFile({ user, entry }: Fetching, model: MailModel, facts: HostFacts): RenderedFile {
  const name = fetchName(entry);
  const password = facts.secrets.get(entry.password.file);
  if (password === undefined) throw new Error(`the secret ${entry.password.file} was not read`);
  const state = (ending: string): string => quoteFetchmail(below(facts, `${PATHS.fetchState}/${name}.${ending}`));
  const lines = [
    HEADER,
    // It would only be used after a refusal for good, which there is none of; see postfix/fetched.
    `set postmaster ${quoteFetchmail(`postmaster@${model.mailname}`)}`,
    'set no bouncemail',
    'set no spambounce',
    'set softbounce',
    'set no syslog',
    `set idfile ${state('ids')}`,
    `set pidfile ${state('pid')}`,
    `poll ${quoteFetchmail(entry.server)} proto ${familyOf(entry.protocol)} service ${entry.port}`,
    `  timeout ${TIMEOUT} bad-header accept${familyOf(entry.protocol) === 'pop3' ? ' uidl' : ''}`,
    `  user ${quoteFetchmail(entry.username)} is ${quoteFetchmail(user.address)} here`,
    `  password ${quoteFetchmail(password)}`,
    `  ${[...tls(entry), ...authorities(entry, facts)].join(' ')}`,
    `  ${entry.keep ? 'keep' : 'no keep'}${takesSeen(entry) ? ' fetchall' : ''} no rewrite dropdelivered`,
    `  limit ${model.limits.message ?? 0}`,
    `  smtphost ${quoteFetchmail(`127.0.0.1/${FETCHED_PORT + facts.portOffset}`)}`,
    '',
  ];
  return {
    path: `${PATHS.fetchFiles}/${name}.rc`,
    reason: `how mail of ${entry.address} is fetched for ${user.address}`,
    content: lines.join('\n'),
    mode: 0o600,
    owner: 'fetchmail',
    group: 'root',
    onChange: 'reload-fetchmail',
    secret: 'fetch-file',
  };
}

/**
 * With sslproto TLS is demanded, by STARTTLS where it is not there from the start; without it, it is taken where it is
 * offered. sslcertck demands a certificate that can be verified.
 */
function tls({ protocol, insecure }: FetchEntry): readonly string[] {
  const implicit = protocol === 'pop3s' || protocol === 'imaps';
  if (!insecure) return [...(implicit ? ['ssl'] : []), 'sslproto "TLS1.2+"', 'sslcertck'];
  return [...(implicit ? ['ssl', 'sslproto "TLS1.2+"'] : []), 'no sslcertck'];
}

function authorities({ insecure }: FetchEntry, { caFile }: HostFacts): readonly string[] {
  return caFile === undefined || insecure ? [] : [`sslcertfile ${quoteFetchmail(caFile)}`];
}

/** In IMAP what somebody has seen would be left behind; in POP3 what has been fetched is known by its UIDL. */
function takesSeen({ protocol, keep }: FetchEntry): boolean {
  return !keep && familyOf(protocol) === 'imap';
}
