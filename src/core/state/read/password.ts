/**
 * Password schemes that Dovecot 2.3 and 2.4 both verify (Dovecot documentation, "Password Schemes"; both as packaged by
 * Debian). The text after the scheme goes into a passwd-file, whose fields end at ":".
 */
const SCHEMES: ReadonlySet<string> = new Set([
  'SHA512-CRYPT',
  'SHA256-CRYPT',
  'BLF-CRYPT',
  'ARGON2ID',
  'ARGON2I',
  'CRYPT',
  'MD5-CRYPT',
  'DES-CRYPT',
  'PBKDF2',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'SSHA512',
  'SSHA256',
  'SSHA',
  'SHA512',
  'SHA256',
  'SHA',
  'SHA1',
  'SMD5',
  'LDAP-MD5',
  'PLAIN-MD5',
  'CRAM-MD5',
  'PLAIN',
  'CLEAR',
  'CLEARTEXT',
]);

const CLEAR_TEXT = /^\{(PLAIN|CLEAR|CLEARTEXT)\}/i;

/** What nearly all passwords look like: known to be good without the checks that say what is wrong. */
const PLAIN_HASH = /^\{(?:SHA512-CRYPT|BLF-CRYPT|ARGON2ID|SHA256-CRYPT|PBKDF2|SSHA512)\}[!-9;-~]+$/;

export function isPlainHash(text: string): boolean {
  return PLAIN_HASH.test(text);
}

/** Why a text cannot stand as a user's password in the state; undefined when it can. Never repeats the text. */
export function whyNotPassword(text: string): string | undefined {
  if (isPlainHash(text)) return undefined;
  const scheme = /^\{([A-Za-z0-9-]+)(\.(?:b64|base64|hex))?\}/i.exec(text);
  if (scheme === null) return 'has no {SCHEME} in front, so it may be clear text';
  const name = (scheme[1] ?? '').toUpperCase();
  if (!SCHEMES.has(name)) return `has a scheme that Dovecot does not know: {${scheme[1] ?? ''}}`;
  const rest = text.slice(scheme[0].length);
  if (rest === '') return 'is empty after its scheme';
  const encoding = scheme[2]?.toLowerCase();
  if (encoding === '.hex' && !/^(?:[0-9a-f]{2})+$/i.test(rest)) return 'is not in hex, as its scheme says';
  if (encoding !== undefined && encoding !== '.hex' && !/^[A-Za-z0-9+/]+={0,2}$/.test(rest)) {
    return 'is not in base64, as its scheme says';
  }
  if (CLEAR_TEXT.test(text)) return undefined;
  if (/[\s:\p{C}]/u.test(rest)) return 'has a blank, a colon or a control character in its hash';
  return undefined;
}

/**
 * The password as it stands in a passwd-file. Clear text may hold ":" and anything else, so it is written in hex, which
 * Dovecot decodes (`{PLAIN.HEX}`, Dovecot documentation, "Password Schemes", Encoding).
 */
export function passwordForAccountFile(hash: string): string {
  if (!CLEAR_TEXT.test(hash)) return hash;
  const bytes = new TextEncoder().encode(hash.replace(CLEAR_TEXT, ''));
  return `{PLAIN.HEX}${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
