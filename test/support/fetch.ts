import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { eventually, type Sandbox } from './sandbox.ts';

const run = promisify(execFile);

export interface Authority {
  /** The certificate of the authority, PEM. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** An authority of the test's own, and a certificate for localhost that it signed. All are files in the directory. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const at = (name: string): string => `${directory}/${name}`;
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=Test CA',
    '-days',
    '9',
  );
  await openssl('req', ...key, '-keyout', at('isp.key'), '-out', at('isp.csr'), '-subj', '/CN=localhost');
  await writeFile(at('isp.ext'), 'subjectAltName=DNS:localhost\n');
  const signing = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '9',
    '-extfile',
    at('isp.ext'),
  ];
  await openssl('x509', '-req', '-in', at('isp.csr'), '-out', at('isp.pem'), ...signing);
  return { ca: at('ca.pem'), certificate: at('isp.pem'), key: at('isp.key') };
}

/** What `fetch list --json` says of an account elsewhere. */
export interface Listed {
  readonly user: string;
  readonly address: string;
  readonly insecure: boolean;
  readonly state: string;
  readonly lastRun: string | null;
  readonly lastSuccess: string | null;
  readonly lastError: { readonly time: string; readonly text: string } | null;
  readonly fetched: number;
}

export async function listed(home: Sandbox): Promise<Readonly<Record<string, Listed>>> {
  const { stdout } = await home.ok(['fetch', 'list', '--json']);
  return Object.fromEntries((JSON.parse(stdout) as Listed[]).map((entry) => [entry.address, entry]));
}

export async function servicePid(home: Sandbox): Promise<number> {
  const pid = Number(await readFile(`${home.root}/var/lib/fetchmail/eboxmail.pid`, 'utf8'));
  // Signals to 0 go to the test's own process group.
  expect(pid).toBeGreaterThan(1);
  return pid;
}

/** Has every account asked once more, and waits until all turns that began after now have ended. */
export async function look(home: Sandbox): Promise<void> {
  const accounts = (await readdir(`${home.root}/etc/fetchmail/eboxmail`)).filter((name) => name.endsWith('.rc'));
  expect(accounts.length).toBeGreaterThan(0);
  const since = Date.now() / 1000;
  let asked = 0;
  await eventually(
    'a turn of every account',
    async () => {
      // A turn that is on is not begun again.
      if (Date.now() - asked > 1000) {
        asked = Date.now();
        process.kill(await servicePid(home), 'SIGUSR1');
      }
      const begun = await Promise.all(accounts.map((name) => lastTurn(home, name.replace(/\.rc$/, ''))));
      return begun.every((time) => time > since);
    },
    60_000,
  );
}

/** Looks until an account is as it should be: a turn may begin just before a change is everywhere. */
export async function lookUntil(home: Sandbox, address: string, right: (found: Listed) => boolean): Promise<void> {
  await eventually(`${address} is as it should be`, async () => {
    await look(home);
    const found = (await listed(home))[address];
    return found !== undefined && right(found);
  });
}

/** When the last turn of an account that has ended began, in seconds; 0 for none. */
async function lastTurn(home: Sandbox, name: string): Promise<number> {
  const record = await readFile(`${home.root}/var/lib/fetchmail/${name}.last`, 'utf8').catch(() => '');
  return Number.parseFloat(record) || 0;
}
