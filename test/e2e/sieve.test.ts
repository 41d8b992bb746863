import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { copies, drain, mailOf, outbound, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';
import { putScript } from '../support/sieve.ts';

const STATE = `
version: 1
server: {mailname: mx.example.test, retrieval: {managesieve: false}}
domains: {a.test: {aliases: [a2.test]}}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
aliases: {al@a.test: alice@a.test}
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [/sieve: (Error|Warning)|Error: sieve|sieve.*(error|warning)/i, /Warning: sieve: (file )?storage/],
});

async function lands(address: string, headers: readonly string[] = []): Promise<Record<string, number>> {
  const token = await sendAsStranger(sandbox(), address, 'x@elsewhere.test', { headers });
  const found: Record<string, number> = await copies(sandbox(), token, ['alice@a.test', 'bob@a.test']);
  const left = (await outbound(sandbox(), token)).map(({ to }) => to ?? '');
  return { ...found, ...Object.fromEntries(left.map((to) => [to, 1])) };
}
const home = (): string => `${sandbox().root}/var/vmail/a.test/alice`;

describe('a script that fails loses no mail', () => {
  it.each([
    ['files into a folder that is not there', 'require "fileinto"; fileinto "Nowhere";'],
    ['does not compile', 'require "fileinto"; fileinto'],
    ['asks for what is not there', 'require "vnd.nobody.has.it"; discard;'],
    ['redirects to what is no address', 'require "variables"; set "to" "nobody"; redirect "${to}";'],
    ['redirects to itself', 'redirect "alice@a.test";'],
    ['redirects to its alias', 'redirect "al@a2.test";'],
    ['redirects to an unknown address', 'redirect "nobody@a.test";'],
  ])('one that %s', async (_, script) => {
    await putScript(sandbox(), 'alice@a.test', script);
    expect(await lands('alice@a.test')).toEqual({ 'alice@a.test': 1 });
  });

  it('one whose compiled form is garbage', async () => {
    await putScript(sandbox(), 'alice@a.test', 'keep;');
    for (const name of ['sieve/main.svbin', '.dovecot.svbin']) {
      await writeFile(`${home()}/${name}`, 'garbage\n');
      await chown(`${home()}/${name}`, 5000, 5000);
    }
    expect(await lands('alice@a.test')).toEqual({ 'alice@a.test': 1 });
  });

  it('one that is gone behind its link, is a directory, or cannot be read', async () => {
    await rm(`${home()}/sieve/main.sieve`);
    expect(await lands('alice@a.test')).toEqual({ 'alice@a.test': 1 });
    await mkdir(`${home()}/sieve/main.sieve`);
    expect(await lands('alice@a.test')).toEqual({ 'alice@a.test': 1 });
    await rm(`${home()}/sieve/main.sieve`, { recursive: true });
    await writeFile(`${home()}/sieve/main.sieve`, 'discard;', { mode: 0o600 });
    expect(await lands('alice@a.test')).toEqual({ 'alice@a.test': 1 });
  });

  it('two that redirect to each other', async () => {
    await putScript(sandbox(), 'alice@a.test', 'redirect "bob@a.test";');
    await putScript(sandbox(), 'bob@a.test', 'redirect "alice@a.test";');
    const found = await lands('alice@a.test');
    expect(
      Object.values(found).reduce((sum, count) => sum + count, 0),
      JSON.stringify(found),
    ).toBeGreaterThan(0);
    await rm(`${sandbox().root}/var/vmail/a.test/bob/.dovecot.sieve`);
  });
});

it('folders that every mailbox has are there for scripts before anybody logs in', async () => {
  await putScript(
    sandbox(),
    'bob@a.test',
    'require ["fileinto", "variables"]; if header :matches "X-To" "*" { fileinto "${1}"; }',
  );
  for (const folder of ['Trash', 'Spam', 'Sent', 'Drafts']) {
    const token = await sendAsStranger(sandbox(), 'bob@a.test', undefined, { headers: [`X-To: ${folder}`] });
    await drain(sandbox());
    expect((await mailOf(sandbox(), 'bob@a.test', folder)).map(subjectOf)).toEqual([token]);
  }
});

it('a vacation answer comes from the address that was written to, when the script names it', async () => {
  await rm(`${home()}/.dovecot.sieve`, { force: true });
  await putScript(
    sandbox(),
    'alice@a.test',
    'require "vacation"; vacation :addresses ["al@a.test", "al@a2.test"] :subject "Away" "Back soon.";',
  );
  for (const [n, to] of ['al@a.test', 'al@a2.test', 'alice@a.test'].entries()) {
    await sendAsStranger(sandbox(), to, `asker${n}@elsewhere.test`);
    await drain(sandbox());
  }
  const answers = await outbound(sandbox(), 'Subject: Away');
  const from = answers.map(({ text }) => /^From: .*?<?([^<>\s]+)>?$/m.exec(text)?.[1]);
  expect(from).toEqual(['al@a.test', 'al@a2.test', 'alice@a.test']);
});
