import { networkInterfaces } from 'node:os';
import type { LocalName, Machine } from '../../core/explain/explanation.ts';
import { PATHS } from '../../core/render/paths.ts';
import { readIfPresent } from '../../system/files.ts';
import { readHost } from './read-host.ts';

/** The line that is written from the state; see renderPostmasterLine. */
const OURS = 'postmaster';

/** What this machine delivers under its own name besides what the state says. */
export async function readMachine(root: string): Promise<Machine> {
  const host = await readHost(root);
  const sandbox = host.sandbox !== undefined;
  const names = new Map<string, LocalName>();
  for (const name of sandbox ? ['root'] : systemAccounts()) names.set(name, { kind: 'account' });
  // Postfix looks there first (local(8)), and goes by the first of several entries of a name.
  for (const [name, to] of aliasLines(readIfPresent(`${root}/${PATHS.aliases}`) ?? '')) {
    if (name !== OURS && names.get(name)?.kind !== 'alias') names.set(name, { kind: 'alias', to });
  }
  return { sandbox, names, addresses: new Set(host.listen ?? interfaceAddresses()) };
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((some) => (some ?? []).map(({ address }) => address.toLowerCase()));
}

function systemAccounts(): readonly string[] {
  const lines = (readIfPresent('/etc/passwd') ?? '').split('\n');
  return lines.map((line) => line.split(':')[0]?.toLowerCase() ?? '').filter((name) => name !== '');
}

/** The entries of an aliases(5) file; lines that begin with a blank go on with the one before. */
function aliasLines(text: string): readonly (readonly [string, string])[] {
  const joined = text.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
  return [...joined.matchAll(/^"?([^\s":#]+)"?[ \t]*:[ \t]*(.*)$/gm)].map(([, name = '', to = '']) => [
    name.toLowerCase(),
    to.trim(),
  ]);
}
