import { expect, it } from 'vitest';
import { isOwnDirectory, wantedDirectories } from '../../../src/core/render/directories.ts';
import { render } from '../../../src/core/render/render.ts';
import { facts, type FactsFile } from '../../support/facts.ts';
import { validState } from '../../support/read-state.ts';

const STATE = `version: 1
server: {mailname: mx.example.test, fetch: {enabled: true}}
domains: {a.test: {}}
filter: {mode: builtin, builtin: {learning: {enabled: true}}}
`;

async function wanted(state: string, given: FactsFile = {}): Promise<ReturnType<typeof wantedDirectories>> {
  const { model, directory } = await validState(state);
  const host = facts(given);
  return wantedDirectories(model, host, render(model, directory, host));
}

it('each is named once, after the one that it is in', async () => {
  const paths = (await wanted(STATE)).map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  for (const [at, path] of paths.entries()) {
    expect(paths.slice(at).filter((other) => path.startsWith(`${other}/`))).toEqual([]);
  }
});

it('every file of ours is in one of ours that an apply makes', async () => {
  const { model, directory } = await validState(STATE);
  const rendered = render(model, directory, facts());
  const made = new Set((await wanted(STATE)).filter(({ madeBy }) => madeBy === 'apply').map(({ path }) => path));
  const above = rendered
    .map(({ path }) => path.slice(0, path.lastIndexOf('/')))
    .filter((path) => /eboxmail/.test(path));
  expect(above.filter((path) => !made.has(path))).toEqual([]);
});

it('those with our name are ours, and where the mail is', async () => {
  const own = (await wanted(STATE)).filter(isOwnDirectory).map(({ path }) => path);
  const all = ['etc/postfix/eboxmail', 'etc/dovecot/eboxmail', 'etc/rspamd-eboxmail/local.d', 'var/lib/redis-eboxmail'];
  expect(own).toEqual(
    expect.arrayContaining([
      ...all,
      'etc/eboxmail/secrets',
      'var/lib/eboxmail/contents',
      'var/vmail',
      'var/vmail/.archive',
    ]),
  );
  for (const path of ['etc/postfix', 'var/spool/postfix', 'var/lib/postfix', 'var/lib/fetchmail'])
    expect(own).not.toContain(path);
});

it('what nothing needs is not wanted', async () => {
  const plain = (await wanted('version: 1\nserver: {mailname: mx.example.test}\n')).map(({ path }) => path);
  expect(plain.filter((path) => /rspamd|redis|fetchmail|sieve|outbound/.test(path))).toEqual([]);
});

it('a directory for certificates is ours as long as the certificate is', async () => {
  const tls = 'tls: {certificate: /etc/ssl/a.pem, key: /etc/ssl/a.key}';
  const given = `version: 1\nserver: {mailname: mx.example.test, ${tls}}\n`;
  expect((await wanted(STATE)).map(({ path }) => path)).toContain('etc/eboxmail/tls');
  expect((await wanted(given)).map(({ path }) => path)).not.toContain('etc/eboxmail/tls');
});
