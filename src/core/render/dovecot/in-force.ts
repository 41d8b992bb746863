/**
 * How to see which dovecot.conf a running Dovecot goes by. It takes a reload for done when it has the signal, and keeps its
 * former settings when it cannot use the new ones (a program that is missing, a user, a port), of which doveconf(1) says
 * nothing. So each dovecot.conf has a socket of a name of its own, which is there when that file is in force.
 */
const NAME = /^ {2}unix_listener (in-force-[0-9a-f]{8}) \{$/m;

/** The name of the socket for a text. FNV-1a: two that follow each other have to differ, and nobody has a use for a collision. */
export function nameInForce(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return `in-force-${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** The name that a dovecot.conf has; undefined when it is none of ours. */
export function nameInForceOf(dovecotConf: string): string | undefined {
  return NAME.exec(dovecotConf)?.[1];
}
