import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { copies, PASSWORD_HASH, sendAsStranger } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** What others wrote in etc/aliases and Postfix only warns of stops no apply; entries of the postmaster are ours, however they are written. */

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test, postmaster: alice@a.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
`,
  // So it says in its log, too.
  tolerate: [
    /postfix\/postalias\[\d+\]: warning: \S+aliases\S*(: logical line|: duplicate entry|, line 4: need name:value)/,
  ],
});

const OURS = 'postmaster: alice@a.test\n';
const path = (): string => `${sandbox().root}/etc/aliases`;
const isConverged = async (): Promise<boolean> => (await sandbox().run(['plan', '--exit-code'])).code === 0;

it('lines of others that Postfix warns of stay, are told once, and all others work', async () => {
  const theirs = ` blank: x\nftp: alice@a.test\nftp: bob@a.test\nno colon\n${OURS}web: bob@a.test\n`;
  await writeFile(path(), theirs);
  const { stderr } = await sandbox().ok(['apply']);
  expect(stderr.split('\n').filter((line) => line.startsWith('warning: '))).toEqual([
    `warning: ${path()}: logical line must not start with whitespace: " blank: x"`,
    `warning: ${path()}: duplicate entry: "ftp"`,
    `warning: ${path()}, line 4: need name:value pair`,
  ]);
  expect(await readFile(path(), 'utf8')).toBe(theirs);
  expect(await isConverged()).toBe(true);
  await sandbox().ok(['status']);
  expect((await sandbox().ok(['apply'])).stderr).not.toContain('duplicate');
  expect((await sandbox().ok(['explain', 'ftp@mx.example.test'])).stdout).toContain('alice@a.test');
  for (const [name, to] of [
    ['ftp', 'alice@a.test'],
    ['web', 'bob@a.test'],
  ] as const) {
    const token = await sendAsStranger(sandbox(), `${name}@mx.example.test`);
    expect(await copies(sandbox(), token, ['alice@a.test', 'bob@a.test']), name).toEqual({ [to]: 1 });
  }
});

it.each([
  ['a second one', 'root: x\n', 'postmaster: bob@a.test\n'],
  ['one in quotes', 'root: x\n', '"PostMaster": bob@a.test,\n  root\n'],
])('of the entries of the postmaster one stays: %s', async (_, before, added) => {
  await writeFile(path(), `${before}${OURS}`);
  await appendFile(path(), added);
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
  expect((await sandbox().ok(['apply'])).stderr).not.toContain('duplicate');
  expect(await readFile(path(), 'utf8')).toBe(`${before}${OURS}`);
  await writeFile(path(), `${before}${added}`);
  await sandbox().ok(['apply']);
  expect(await readFile(path(), 'utf8')).toBe(`${before}${OURS}`);
  expect(await isConverged()).toBe(true);
});
