/** Postfix's SMTP and LMTP clients: names of services, each with the program behind it. */
export type Clients = ReadonlyMap<string, string>;

/** A service of this kind as a line of master.cf (master(5)); its options follow in lines of their own. */
const CLIENT = /^(\S+)[ \t]+unix(?:[ \t]+\S+){5}[ \t]+(smtp|lmtp)[ \t]*$/gm;

const WHY = '# Deliveries under way end by these; nothing new goes this way.';

/** Those that a master.cf has. */
export function clientsIn(masterCf: string): Clients {
  return new Map([...masterCf.matchAll(CLIENT)].map(([, name = '', program = '']) => [name, program]));
}

/**
 * A master.cf that has these clients as well. On a reload Postfix kills the processes of a service that is not in it any more
 * (master_delete_children in its master_service.c), also who waits for the answer to a message, which is then sent once more.
 * @returns undefined when it has them all
 */
export function withClients(masterCf: string, clients: Clients): string | undefined {
  const there = clientsIn(masterCf);
  const lines = [...clients]
    .filter(([name]) => !there.has(name))
    .map(([name, program]) => `${name} unix - - n - - ${program}`);
  return lines.length === 0 ? undefined : `${masterCf.trimEnd()}\n${[WHY, ...lines].join('\n')}\n`;
}
