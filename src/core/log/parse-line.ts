import type { StampReader } from './clock.ts';
import { dovecotEvent } from './dovecot-event.ts';
import type { LogEvent, TimedEvent } from './event.ts';
import { filterEvent } from './filter-event.ts';
import { postfixEvent } from './postfix-event.ts';

/** `host program[pid]: text`, as syslog, postlogd(8) and journalctl write it behind the time. */
const SYSLOG = /^\S+ ([^\s[\]:]+)(?:\[\d+\])?: (.*)$/s;

/** Dovecot's own log file has no host: `lmtp(user)<pid><session>: Info: text` (Dovecot's log_path). */
const DOVECOT_FILE = /^([a-z][a-z-]*)((?:\([^()]*\))?(?:<[^<>]*>)*): (?:Info|Warning|Error|Fatal|Panic|Debug): (.*)$/s;

/** rspamd's own log file: `#pid(process) <tag>; module; …`. */
const RSPAMD_FILE = /^#\d+\([^()]*\) (<.*)$/s;

/** One line of a log; undefined for what tells nothing about messages. */
export function parseLine(line: string, readStamp: StampReader): TimedEvent | undefined {
  const stamp = readStamp(line);
  if (stamp === undefined) return undefined;
  const event = eventOf(line.slice(stamp.length));
  return event === undefined ? undefined : { time: stamp.time, event };
}

function eventOf(rest: string): LogEvent | undefined {
  const syslog = SYSLOG.exec(rest);
  if (syslog !== null) {
    const [, program = '', text = ''] = syslog;
    if (program === 'dovecot') return dovecotEvent(text);
    if (program.includes('rspamd') || program.includes('amavis')) return filterEvent(program, text);
    const slash = program.indexOf('/');
    if (slash > 0) return postfixEvent(program.slice(slash + 1), text);
  }
  const own = DOVECOT_FILE.exec(rest);
  if (own !== null) return dovecotEvent(`${own[1] ?? ''}${own[2] ?? ''}: ${own[3] ?? ''}`);
  const rspamd = RSPAMD_FILE.exec(rest);
  return rspamd === null ? undefined : filterEvent('rspamd', rspamd[1] ?? '');
}
