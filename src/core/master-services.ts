/** What is in master.cf, as postconf -M lists it (master(5)). */

/** @returns names of those that Postfix reaches by their names, as it does those that mail is given to */
export function transportServices(services: string): ReadonlySet<string> {
  return new Set([...services.matchAll(/^(\S+)\s+(?:unix|unix-dgram|fifo|pass)\s/gm)].map(([, name = '']) => name));
}

/** @returns the programs that they name, each once */
export function programsOf(services: string): readonly string[] {
  return [...new Set(lines(services).map(([, program]) => program))];
}

/** @returns the program of each, by name */
export function programsByService(services: string): ReadonlyMap<string, string> {
  return new Map(lines(services));
}

function lines(services: string): readonly (readonly [string, string])[] {
  const found = services.matchAll(/^(\S+)\s+\S+(?:\s+\S+){5}\s+(\S+)/gm);
  return [...found].map(([, name = '', program = '']) => [name, program]);
}
