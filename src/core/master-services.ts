/** What is in master.cf, as postconf -M lists it (master(5)). */

/** @returns names of those that Postfix reaches by their names, as it does those that mail is given to */
export function transportServices(services: string): ReadonlySet<string> {
  return new Set([...services.matchAll(/^(\S+)\s+(?:unix|unix-dgram|fifo|pass)\s/gm)].map(([, name = '']) => name));
}

/** @returns the programs that they name, each once */
export function programsOf(services: string): readonly string[] {
  return [...new Set([...services.matchAll(/^\S+\s+\S+(?:\s+\S+){5}\s+(\S+)/gm)].map(([, program = '']) => program))];
}
