/** Why a message or a recipient was refused, put off or given back. */
export type Cause =
  | 'over-quota'
  | 'too-large'
  | 'no-such-account'
  | 'no-such-domain'
  | 'relay-denied'
  | 'sender-not-owned'
  | 'authentication-failed'
  | 'authentication-required'
  | 'tls-required'
  | 'greylisted'
  | 'filtered'
  | 'filter-down'
  | 'blocklisted'
  | 'not-well-formed'
  | 'mailboxes-down'
  | 'unreachable'
  | 'transport-missing'
  | 'header-rule'
  | 'rejected-there'
  | 'other';

/** Plain words for each, which complete "refused: …". */
export const CAUSE_WORDS: Readonly<Record<Cause, string>> = {
  'over-quota': 'the mailbox is full (over quota)',
  'too-large': 'the message is larger than the limit',
  'no-such-account': 'there is no such account',
  'no-such-domain': 'the domain or its server does not exist',
  'relay-denied': 'relay access denied: not a domain of this server, and the client may not send elsewhere',
  'sender-not-owned': 'the sender address is not one of the user who logged in',
  'authentication-failed': 'authentication failed',
  'authentication-required': 'the client has to log in first',
  'tls-required': 'the client has to use TLS',
  greylisted: 'greylisted: the sending server has to try again later',
  'filter-down': 'the mail filter does not answer',
  filtered: 'the mail filter does not let it through',
  blocklisted: 'the client is on a blocklist',
  'not-well-formed': 'a name or an address is not well formed',
  'mailboxes-down': 'Dovecot did not answer: mailboxes cannot be reached',
  unreachable: 'the other server could not be reached',
  'transport-missing': 'a service of Postfix is missing or broken',
  'header-rule': 'a rule for headers or bodies applies',
  'rejected-there': 'the receiving server does not want it',
  other: 'see the words of the log',
};

/** Tried in this order; the words are Postfix's, Dovecot's and those that other servers commonly say. */
const PATTERNS: readonly (readonly [RegExp, Cause])[] = [
  [/not owned by user|not logged in/i, 'sender-not-owned'],
  [/relay access denied|relaying denied|unable to relay/i, 'relay-denied'],
  [/quota exceeded|over ?quota|mailbox (?:for user )?is full|\b[45]\.2\.2\b/i, 'over-quota'],
  [/size exceeds|file too big|too large|\b5\.3\.4\b|\b5\.2\.3\b/i, 'too-large'],
  [/gr[ea]y-?list/i, 'greylisted'],
  [/blocked using|black-?list|block-?list|spamhaus/i, 'blocklisted'],
  [/issue a STARTTLS|encryption required/i, 'tls-required'],
  [/authentication failed|\b5\.7\.8\b/i, 'authentication-failed'],
  [/authentication required|must authenticate|Client host rejected: Access denied/i, 'authentication-required'],
  [/connect to \S*\[private\/dovecot-lmtp\]|\[private\/dovecot-lmtp\]: (?:connection|no such)/i, 'mailboxes-down'],
  [/need fully-qualified|invalid name|malformed|bad address syntax|helo command rejected/i, 'not-well-formed'],
  [/host or domain name not found|unable to look up host|domain not found|\b5\.1\.2\b|\b5\.4\.4\b/i, 'no-such-domain'],
  [/user unknown|unknown user|no such (?:user|person|mailbox)|user doesn't exist|\b5\.1\.1\b/i, 'no-such-account'],
  [/mail transport unavailable/i, 'transport-missing'],
  [/\bspam\b|\bvirus|infected|content rejected|malware/i, 'filtered'],
  [/connect to |timed out|lost connection|connection refused|unreachable|\b4\.4\.[12]\b/i, 'unreachable'],
];

export function causeOf(text: string, dsn = ''): Cause {
  const all = `${dsn} ${text}`;
  const found = PATTERNS.find(([pattern]) => pattern.test(all));
  if (found !== undefined) return found[1];
  return / said: 5/.test(all) ? 'rejected-there' : 'other';
}

/** Postfix's restriction that says such words (smtpd_check.c), for those that want to look it up in postconf(5). */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/User unknown in .* table|undeliverable address: unknown user/i, 'reject_unlisted_recipient'],
  [/Relay access denied/i, 'reject_unauth_destination'],
  [/Sender address rejected: not (owned by user|logged in)/i, 'reject_sender_login_mismatch'],
  [/Sender address rejected: need fully-qualified/i, 'reject_non_fqdn_sender'],
  [/Recipient address rejected: need fully-qualified/i, 'reject_non_fqdn_recipient'],
  [/Helo command rejected: need fully-qualified/i, 'reject_non_fqdn_helo_hostname'],
  [/Helo command rejected: [Ii]nvalid name/i, 'reject_invalid_helo_hostname'],
  [/Sender address rejected: Domain not found/i, 'reject_unknown_sender_domain'],
  [/Recipient address rejected: Domain not found/i, 'reject_unknown_recipient_domain'],
  [/Client host rejected: Access denied/i, 'smtpd_client_restrictions'],
  [/(Sender|Recipient) address rejected: Access denied/i, 'an access table'],
  [/Message size exceeds fixed limit|message file too big/i, 'message_size_limit'],
  [/blocked using/i, 'reject_rbl_client'],
  [/Improper use of SMTP command pipelining/i, 'reject_unauth_pipelining'],
  [/Must issue a STARTTLS/i, 'smtpd_tls_security_level'],
];

export function ruleOf(text: string): string | undefined {
  return RULES.find(([pattern]) => pattern.test(text))?.[1];
}
