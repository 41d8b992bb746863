import { hostname } from 'node:os';
import { parseDomain } from '../core/address.ts';
import { exec } from './exec.ts';

/** The full name of this machine, where it has one. */
export async function fullHostName(): Promise<string | undefined> {
  const own = hostname();
  if (isName(own)) return own.toLowerCase();
  try {
    const { stdout } = await exec('hostname', ['--fqdn'], { patience: 3000 });
    return isName(stdout.trim()) ? stdout.trim().toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

/** What Debian puts into etc/hosts where nobody said anything is no name that others could know. */
function isName(text: string): boolean {
  return parseDomain(text).ok && !/^localhost\b|\.(localdomain|local|internal|lan)$/i.test(text);
}
