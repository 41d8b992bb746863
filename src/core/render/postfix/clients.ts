/** Postfix's SMTP and LMTP clients: names of services, each with its lines in master.cf. */
export type Clients = ReadonlyMap<string, string>;

/** A service of this kind as it stands in master.cf: a line, and those of its options (master(5)). */
const CLIENT = /^(\S+)[ \t]+unix(?:[ \t]+\S+){5}[ \t]+(?:smtp|lmtp)[ \t]*\n(?:(?:[ \t]+|#).*\n)*/gm;

const WHY = '# Deliveries under way end by these; nothing new goes this way.';

/** Those that a master.cf has. */
export function clientsIn(masterCf: string): Clients {
  return new Map([...masterCf.matchAll(CLIENT)].map(([lines, name = '']) => [name, lines]));
}

/**
 * One whose service is in no master.cf any more, as its processes show it: another delivery by it would have the same login and TLS.
 * @param args of a process, its program first, as master(8) gives them
 * @returns name and lines of the service
 */
export function clientOf(args: readonly string[]): readonly [string, string] {
  const [program = ''] = args;
  const valuesOf = (option: string): readonly string[] => args.filter((_, at) => at > 0 && args[at - 1] === option);
  const [name = program] = valuesOf('-n');
  const flag = (option: string): string => (args.includes(option) ? 'y' : 'n');
  const options = valuesOf('-o').map((setting) => `  -o {${setting}}\n`);
  return [name, `${name} unix - ${flag('-u')} ${flag('-c')} - - ${program}\n${options.join('')}`];
}

/**
 * A master.cf that has these clients as well, as they were: until Postfix goes by its new settings it may begin another delivery by
 * them. On a reload it kills the processes of a service that is not in it any more (master_delete_children in its
 * master_service.c), also who waits for the answer to a message, which is then sent once more.
 * @returns undefined when it has them all
 */
export function withClients(masterCf: string, clients: Clients): string | undefined {
  const there = clientsIn(masterCf);
  const lines = [...clients].flatMap(([name, block]) => (there.has(name) ? [] : [block]));
  return lines.length === 0 ? undefined : `${masterCf.trimEnd()}\n${WHY}\n${lines.join('')}`;
}
