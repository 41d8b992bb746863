/**
 * One escaping function per file format. A value that cannot stand in its format is a bug by the time it is rendered
 * (the state was validated), so these throw plain errors: a wrong file never comes into being.
 */

/** Text that has been made safe for one place; only these functions make it. */
export type Quoted = string & { readonly quoted: true };

function withoutControls(value: string, format: string): string {
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) throw new Error(`a control character cannot stand in ${format}`);
  return value;
}

/** What nearly all addresses look like: good for a table without the checks that say what is wrong. */
const PLAIN_ADDRESS = /^[A-Za-z0-9][A-Za-z0-9_.+@-]*$/;

/** The same for the account file, with nearly all hashes. */
const PLAIN_FIELD = /^[A-Za-z0-9{][A-Za-z0-9_.+@{}$/=,-]*$/;

/** A value in main.cf: `$` expands, a line break would begin a new parameter (postconf(5)). */
export function quoteMainCf(value: string | number): Quoted {
  const text = withoutControls(String(value), 'main.cf');
  if (text !== text.trim()) throw new Error('blanks at the ends of a value would be lost in main.cf');
  return text.replaceAll('$', '$$$$') as Quoted;
}

/** A value that the administrator wrote for main.cf: `$` expands, and nothing but a line break could leave its line. */
export function rawMainCf(value: string): Quoted {
  return withoutControls(value, 'main.cf') as Quoted;
}

/** Lines that the administrator wrote for dovecot.conf. */
export function rawDovecot(text: string): Quoted {
  withoutControls(text.replace(/[\n\t]/g, ' '), 'dovecot.conf');
  return text as Quoted;
}

/** A word in master.cf: no blanks, braces or `$` (master(5)). */
export function quoteMasterCf(value: string | number): Quoted {
  const text = withoutControls(String(value), 'master.cf');
  if (/[\s{}$#]/.test(text)) throw new Error('a blank, brace, "$" or "#" cannot stand in a word of master.cf');
  return text as Quoted;
}

/** The left side of an indexed table: ends at white space, `#` begins a comment (postmap(1)). */
export function quoteTableKey(key: string): Quoted {
  if (PLAIN_ADDRESS.test(key)) return key as Quoted;
  const text = withoutControls(key, 'a table');
  if (text === '' || /[\s"]/.test(text) || text.startsWith('#')) throw new Error('not a key for a table');
  return text as Quoted;
}

/**
 * An item of the right side of an indexed table; items are joined with commas. Nothing that aliases(5) takes for a
 * command, a file, a list of addresses or a comment.
 */
export function quoteTableItem(item: string): Quoted {
  if (PLAIN_ADDRESS.test(item)) return item as Quoted;
  const text = withoutControls(item, 'a table');
  if (text === '' || /[\s,;"\\|:/()<>]/.test(text) || /^[-#]/.test(text)) throw new Error('not an item for a table');
  return text as Quoted;
}

/** A transport and next hop on the right side of transport(5): one word. */
export function quoteTransport(text: string): Quoted {
  if (!/^[a-z0-9-]+:[a-z0-9.:[\]-]*$/.test(text)) throw new Error('not a transport and next hop');
  return text as Quoted;
}

/** `user:password` on the right side of a table: the user ends at the first ":", blanks at the ends are dropped. */
export function quoteLogin(user: string, password: string): Quoted {
  const text = withoutControls(`${user}:${password}`, 'a table');
  if (user === '' || password === '' || user.includes(':') || text !== text.trim())
    throw new Error('not a login for a table');
  return text as Quoted;
}

/** A field of a passwd-file: fields end at ":" (Dovecot documentation, "Passwd-file"). */
export function quoteAccountField(field: string): Quoted {
  if (PLAIN_FIELD.test(field)) return field as Quoted;
  const text = withoutControls(field, 'the account file');
  if (/[:\s]/.test(text) || text.startsWith('#')) throw new Error('not a field for the account file');
  return text as Quoted;
}

/** A value in dovecot.conf, in double quotes; `%` begins a variable there, `$` another setting. */
export function quoteDovecot(value: string | number): Quoted {
  const text = withoutControls(String(value), 'dovecot.conf');
  if (/[%$]/.test(text)) throw new Error('"%" or "$" cannot stand in a value of dovecot.conf');
  return /^[A-Za-z0-9@._/:-]+$/.test(text) ? (text as Quoted) : (`"${text.replace(/["\\]/g, '\\$&')}"` as Quoted);
}

/** A file whose text is the value (`= <path`) in dovecot.conf: quotes would be part of the name, `#` begins a comment. */
export function quoteDovecotFile(path: string): Quoted {
  const text = withoutControls(path, 'dovecot.conf');
  if (!text.startsWith('/') || /[\s#"'\\]/.test(text)) throw new Error('not a file name for dovecot.conf');
  return text as Quoted;
}

/** A word of a shell script, in single quotes, between which nothing has a meaning (sh(1)). */
export function quoteShell(value: string): Quoted {
  return `'${withoutControls(value, 'a shell script').replaceAll("'", `'\\''`)}'` as Quoted;
}

/** A word of a command for cron: a shell's, in which a `%` would end the line (crontab(5)). */
export function quoteCron(value: string): Quoted {
  return quoteShell(value).replaceAll('%', '\\%') as Quoted;
}

/** A word of a command line in a systemd unit: `%` begins a specifier, `$` a variable (systemd.service(5)). */
export function quoteUnitWord(value: string): Quoted {
  const text = withoutControls(value, 'a systemd unit').replace(/["\\]/g, '\\$&');
  return `"${text.replaceAll('%', '%%').replaceAll('$', '$$$$')}"` as Quoted;
}

/**
 * A string in fetchmail's file. Of its escapes only `\\xHH` works for every byte (`\\"` is a syntax error), so
 * everything but letters, digits and what stands in every address and path is written that way.
 */
export function quoteFetchmail(value: string): Quoted {
  const bytes = [...new TextEncoder().encode(withoutControls(value, "fetchmail's file"))];
  const text = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9.@/_-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${text.join('')}"` as Quoted;
}

/** A number in rspamd's configuration (UCL). */
export function quoteUclNumber(value: number): Quoted {
  if (!Number.isFinite(value)) throw new Error('not a number for rspamd');
  return String(value) as Quoted;
}

/** A text in rspamd's configuration, in double quotes; `$` begins a variable there. */
export function quoteUcl(value: string): Quoted {
  const text = withoutControls(value, "rspamd's configuration");
  if (/["\\$]/.test(text)) throw new Error('a quote, backslash or "$" cannot stand in a text for rspamd');
  return `"${text}"` as Quoted;
}

/** A path in redis.conf, where blanks end a word and quotes begin one. */
export function quoteRedis(path: string): Quoted {
  if (!/^\/[A-Za-z0-9@._/:-]+$/.test(path)) throw new Error('not a path for redis.conf');
  return path as Quoted;
}

/** Text that the program itself wrote, such as a number of units or a list of constants: no value from outside. */
export function ours(text: string): Quoted {
  return text as Quoted;
}
