import { mkdir, writeFile, symlink, chown } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { drain, mailOf, outbound, PASSWORD_HASH, sendAs, sendAsStranger } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {aliases: [a2.test]}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}"}
groups: {team: {members: [alice@a.test]}}
aliases: {al@a.test: alice@a.test, team@a.test: team}
`;

const MAIL_OWNER = 5000;

const sandbox = useSandbox({ state: STATE });

/** Puts a script in place as ManageSieve does: a file, and a link that makes it the active one. */
async function activate(address: string, script: string): Promise<void> {
  const [local, domain] = address.split('@');
  const home = `${sandbox().root}/var/vmail/${domain ?? ''}/${local ?? ''}`;
  for (const path of [`${sandbox().root}/var/vmail/${domain ?? ''}`, home, `${home}/sieve`]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, MAIL_OWNER, MAIL_OWNER);
  }
  await writeFile(`${home}/sieve/main.sieve`, script);
  await symlink('sieve/main.sieve', `${home}/.dovecot.sieve`);
}

it('answers mail to the address, an alias, a group alias and a domain alias, once for each sender', async () => {
  await activate('alice@a.test', 'require "vacation";\nvacation :days 1 :subject "Away" "Back on Monday.";\n');
  const to = ['alice@a.test', 'al@a.test', 'team@a.test', 'alice@a2.test', 'al@a2.test', 'team@a2.test'];
  for (const [index, recipient] of to.entries()) {
    await sendAsStranger(sandbox(), recipient, `sender${index}@far.test`);
    // Deliveries at the same moment would each remember only their own sender.
    await drain(sandbox());
  }
  await sendAsStranger(sandbox(), 'alice@a.test', 'sender0@far.test');
  await drain(sandbox());
  const replies = await outbound(sandbox(), 'Subject: Away');
  expect(replies.map((reply) => reply.to)).toEqual(to.map((_, index) => `sender${index}@far.test`));
  expect(replies.every(({ from }) => from === '<>')).toBe(true);
});

it('answers inside the domain too, and never a mailing list', async () => {
  await sendAs(sandbox(), 'bob@a.test', 'team@a2.test');
  await sendAsStranger(sandbox(), 'alice@a.test', 'list@far.test', { headers: ['List-Id: <list.far.test>'] });
  await drain(sandbox());
  expect((await mailOf(sandbox(), 'bob@a.test')).filter((text) => text.includes('Subject: Away'))).toHaveLength(1);
  expect((await outbound(sandbox(), 'Subject: Away')).map(({ to }) => to)).not.toContain('list@far.test');
});
