import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import {
  copies,
  drain,
  loggedIn,
  outbound,
  mailOf,
  PASSWORD_HASH,
  sendAsStranger,
  stranger,
  tryRecipient,
} from '../support/mail.ts';
import { eventually, logLines, useSandbox } from '../support/sandbox.ts';

/** One domain for each thing that can happen to a catch-all while mail waits for the copy. */
const CATCH_ALLS = {
  'removed.test': '{copy_to: arch@removed.test}',
  'other.test': '{copy_to: arch@other.test}',
  'bounce.test': '{copy_to: arch@bounce.test}',
  'silent.test': '{copy_to: arch@silent.test, on_bounce: none}',
  'master.test': '{copy_to: arch@master.test, on_bounce: postmaster}',
  'nouser.test': '{copy_to: arch@nouser.test}',
  'outside.test': '{copy_to: Arch+x=y@far.test}',
  'nodomain.test': '{copy_to: arch@nodomain.test}',
} as const;

type Name = keyof typeof CATCH_ALLS;

const NAMES = Object.keys(CATCH_ALLS) as Name[];

const user = (address: string): string => `  ${address}: {password: "${PASSWORD_HASH}"}\n`;

/** @param without domains that are gone, and users that are */
function stateOf(catchAlls: Partial<Record<Name, string>>, without: readonly string[] = []): string {
  const names = NAMES.filter((name) => !without.includes(name));
  return `
version: 1
server: {mailname: mx.eg.test, postmaster: boss@eg.test}
domains:
  eg.test: {}
${names.map((name) => `  ${name}: {catch_all: ${catchAlls[name] ?? '{}'}}`).join('\n')}
users:
${user('boss@eg.test')}${names
    .flatMap((name) => [`arch@${name}`, `arch2@${name}`, `user@${name}`])
    .filter((address) => !without.includes(address))
    .map(user)
    .join('')}  sole@eg.test: {account: false}
groups: {solo: {members: [sole@eg.test]}}
aliases:
  postmaster@other.test: solo
  list@eg.test: solo
  abuse@other.test: abuse@eg.test
`;
}

const sandbox = useSandbox({ state: stateOf(CATCH_ALLS) });

const postfix = async (program: string, ...args: string[]): Promise<void> => {
  await promisify(execFile)(program, ['-c', `${sandbox().root}/etc/postfix`, ...args]);
};

/** Sends while no copy can be delivered: to each archive, to each user and by each user, as many as that. */
async function sendHeld(): Promise<Record<string, string>> {
  const file = `${sandbox().root}/etc/postfix/main.cf`;
  const before = await readFile(file, 'utf8');
  await writeFile(file, `${before}defer_transports = copy-sender copy-postmaster copy-none\n`);
  await postfix('postfix', 'reload');
  const tokens: Record<string, string> = {};
  for (const name of NAMES) {
    if (name !== 'outside.test') tokens[`to arch@${name}`] = await sendAsStranger(sandbox(), `arch@${name}`);
    tokens[`to user@${name}`] = await sendAsStranger(sandbox(), `user@${name}`);
  }
  await eventually('the copies wait', async () => {
    const waiting = (await logLines(sandbox().root, 'mail.log')).filter((line) => line.includes('deferred transport'));
    return waiting.length >= Object.keys(tokens).length;
  });
  await eventually('the users have theirs', async () => {
    const mail = await Promise.all(NAMES.map((name) => mailOf(sandbox(), `user@${name}`)));
    return mail.every((messages) => messages.length === 1);
  });
  await writeFile(file, before);
  return tokens;
}

it('keeps mail that waits for its copy, whatever happens to the catch-all meanwhile', async () => {
  const tokens = await sendHeld();
  const without = [
    'arch@nouser.test',
    'nodomain.test',
    'arch@nodomain.test',
    'arch2@nodomain.test',
    'user@nodomain.test',
  ];
  const after = {
    'other.test': '{copy_to: arch2@other.test}',
    'bounce.test': '{copy_to: arch@bounce.test, on_bounce: none}',
    'silent.test': '{copy_to: arch@silent.test, on_bounce: sender}',
    'master.test': '{copy_to: arch@master.test, on_bounce: none}',
    'nouser.test': '{copy_to: arch2@nouser.test}',
  };
  await sandbox().writeState(stateOf(after, without));
  await sandbox().ok(['apply', '--allow-removals', '1000']);
  await postfix('postqueue', '-f');
  await drain(sandbox());
  const accounts = NAMES.flatMap((name) => [`arch@${name}`, `arch2@${name}`, `user@${name}`]);
  const found: Record<string, unknown> = {};
  for (const [what, token] of Object.entries(tokens)) {
    const outside = (await outbound(sandbox(), token)).map(({ to, text }) =>
      text.includes('Undelivered Mail') ? `bounce to ${to ?? ''}` : (to ?? ''),
    );
    found[what] = [...Object.entries(await copies(sandbox(), token, accounts)).flat(), ...outside];
  }
  const kept = ['removed', 'other', 'bounce', 'silent', 'master'].flatMap((name) => [
    [`to arch@${name}.test`, [`arch@${name}.test`, 1]],
    [`to user@${name}.test`, [`arch@${name}.test`, 1, `user@${name}.test`, 1]],
  ]);
  expect(found).toEqual({
    ...(Object.fromEntries(kept) as Record<string, unknown>),
    // As all mail in the queue for a user or a domain that is gone.
    'to arch@nouser.test': ['bounce to sender@elsewhere.test'],
    'to user@nouser.test': ['user@nouser.test', 1, 'bounce to sender@elsewhere.test'],
    'to user@outside.test': ['user@outside.test', 1, 'Arch+x=y@far.test'],
    'to arch@nodomain.test': ['arch@nodomain.test'],
    // Its user's mailbox went to the archived ones.
    'to user@nodomain.test': ['arch@nodomain.test'],
  });
});

it('delivers what goes to the postmaster in several ways once', async () => {
  const ways = ['postmaster@mx.eg.test', 'abuse@mx.eg.test', 'postmaster@eg.test', 'abuse@other.test', 'boss@eg.test'];
  const token = await sendAsStranger(sandbox(), [...ways, 'postmaster@localhost.eg.test']);
  expect(await copies(sandbox(), token, ['boss@eg.test'])).toEqual({ 'boss@eg.test': 1 });
});

it('gives the postmaster what is for a role whose group has nobody with an account', async () => {
  const token = await sendAsStranger(sandbox(), 'postmaster@other.test');
  expect(await copies(sandbox(), token, ['boss@eg.test'])).toEqual({ 'boss@eg.test': 1 });
  const client = await stranger(sandbox());
  expect(await tryRecipient(client, 'list@eg.test')).toMatch(/550/);
  await client.quit();
  const { stdout } = await sandbox().ok(['explain', 'postmaster@other.test']);
  expect(stdout).toContain('must be deliverable, so it goes to the postmaster of the server');
});

it('does not let a name of the machine lead strangers or users to the machinery', async () => {
  const odd = ['"user=far.test@sender.copy.eboxmail.invalid"@mx.eg.test', 'x=far.test@none.copy.eboxmail.invalid.'];
  const client = await stranger(sandbox());
  for (const address of odd) expect(await tryRecipient(client, address), address).toMatch(/554/);
  await client.quit();
  const inside = await loggedIn(sandbox(), 'boss@eg.test');
  for (const address of odd) expect(await tryRecipient(inside, address, 'boss@eg.test'), address).toMatch(/554/);
  await inside.quit();
});
