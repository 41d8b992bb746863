/** Sockets of Dovecot in the directory of the queue that only Postfix can enter. */
const LISTENER = /^ *unix_listener (?:"([^"]*)"|(\S+)) \{/gm;

/** By which sockets Postfix reaches Dovecot, as a dovecot.conf says. @param directory absolute, of the queue */
export function postfixSockets(dovecotConf: string, directory: string): readonly string[] {
  const all = [...dovecotConf.matchAll(LISTENER)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return all.filter((path) => path.startsWith(`${directory}/private/`));
}
