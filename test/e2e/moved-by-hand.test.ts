import { mkdir, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  copies,
  imaps,
  OTHER,
  OTHER_HASH,
  PASSWORD,
  PASSWORD_HASH,
  sendAsStranger,
  subjectOf,
} from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const inState = (users: Readonly<Record<string, string>>): string => `version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
${Object.entries(users)
  .map(([name, password]) => `  ${name}@a.test: {password: ${password}}\n`)
  .join('')}`;

const ALICES = `"${PASSWORD_HASH}"`;
const BOBS = `"${OTHER_HASH}"`;

const sandbox = useSandbox({ state: inState({}) });

const ok = async (...args: string[]): Promise<string> => (await sandbox().ok(args)).stdout;
const applied = async (state: string): Promise<void> => {
  await sandbox().writeState(state);
  await ok('apply', '--allow-removals', '99');
};
const seenBy = (name: string, pass: string): Promise<(string | undefined)[]> =>
  imaps(sandbox(), `${name}@a.test`, async (box) => (await box.fetchAll()).map(subjectOf), { pass });
const mailFor = async (name: string): Promise<string> => {
  const token = await sendAsStranger(sandbox(), `${name}@a.test`);
  expect(await copies(sandbox(), token, [`${name}@a.test`])).toEqual({ [`${name}@a.test`]: 1 });
  return token;
};
const beginsEmpty = (name: string): string => `${name}@a.test had another mailbox with this password: ${name}@a.test`;

/** Two users of the last apply, at addresses that nobody had before, and the mail of each. */
let [alice, bob, carol, both, alices, bobs] = ['', '', '', '', '', ''];
let number = 0;

beforeEach(async () => {
  number += 1;
  [alice, bob, carol] = [`alice${number}`, `bob${number}`, `carol${number}`];
  both = inState({ [alice]: ALICES, [bob]: BOBS });
  await applied(both);
  [alices, bobs] = [await mailFor(alice), await mailFor(bob)];
});

describe('an entry that is moved by hand to the address of another', { timeout: 120_000 }, () => {
  it('does not bring the mail there with it: it is in the archive', async () => {
    await sandbox().writeState(inState({ [alice]: BOBS }));
    expect(await ok('plan')).toContain(beginsEmpty(alice));
    await ok('apply', '--allow-removals', '99');
    expect(await seenBy(alice, OTHER)).toEqual([]);
    await ok('user', 'restore', `${alice}@a.test`, '--as', `${carol}@a.test`, '--apply');
    expect(await seenBy(carol, PASSWORD)).toEqual([alices]);
  });

  it('in exchange for that of the other neither', async () => {
    await applied(inState({ [bob]: ALICES, [alice]: BOBS }));
    expect(await seenBy(alice, OTHER)).toEqual([]);
    expect(await seenBy(bob, PASSWORD)).toEqual([]);
  });

  it('nor after the other was removed by a command', async () => {
    await ok('user', 'remove', `${alice}@a.test`, '--yes');
    await applied(inState({ [alice]: BOBS }));
    expect(await seenBy(alice, OTHER)).toEqual([]);
  });

  it('is told from a password that was copied, or that is new', async () => {
    await sandbox().writeState(inState({ [alice]: BOBS, [bob]: BOBS }));
    expect(await ok('plan')).not.toMatch(/mailbox/);
    await ok('apply');
    expect(await seenBy(alice, OTHER)).toEqual([alices]);
    await applied(inState({ [alice]: '"{PLAIN}new words"', [bob]: BOBS }));
    expect(await seenBy(alice, 'new words')).toEqual([alices]);
    expect(await seenBy(bob, OTHER)).toEqual([bobs]);
  });

  it('and from one that was copied to who was renamed by a command', async () => {
    await ok('user', 'rename', `${bob}@a.test`, `${carol}@a.test`, '--no-alias');
    await applied(inState({ [alice]: BOBS, [carol]: BOBS }));
    expect(await seenBy(alice, OTHER)).toEqual([alices]);
    expect(await seenBy(carol, OTHER)).toEqual([bobs]);
  });
});

describe('a state of before the last apply that is put back, with more in it', { timeout: 120_000 }, () => {
  /** Bob leaves, and Alice gets his address; then he comes back with it. */
  async function comesBack(state: string, later: () => Promise<void> = async () => undefined): Promise<void> {
    await ok('user', 'remove', `${bob}@a.test`, '--yes', '--apply');
    await ok('user', 'rename', `${alice}@a.test`, `${bob}@a.test`, '--no-alias', '--apply');
    await later();
    await sandbox().writeState(`${state}aliases: {info${number}@a.test: ${bob}@a.test}\n`);
    expect(await ok('plan')).toContain(beginsEmpty(bob));
    await ok('apply', '--allow-removals', '99');
    expect(await seenBy(bob, OTHER)).toEqual([]);
  }

  it('gives nobody the mail of who has the address, where passwords are in files', async () => {
    const secrets = `${sandbox().root}/etc/eboxmail/secrets`;
    await mkdir(secrets, { recursive: true, mode: 0o700 });
    await writeFile(`${secrets}/alice`, `${PASSWORD_HASH}\n`, { mode: 0o600 });
    await writeFile(`${secrets}/bob`, `${OTHER_HASH}\n`, { mode: 0o600 });
    const files = inState({ [alice]: '{file: secrets/alice}', [bob]: '{file: secrets/bob}' });
    await applied(files);
    await comesBack(files);
  });

  it('tells who comes back to a free address that the mailbox is in the archive', async () => {
    await ok('user', 'remove', `${bob}@a.test`, '--yes', '--apply');
    await sandbox().writeState(both);
    expect(await ok('plan')).toContain(`the mailbox that ${bob}@a.test had is in the archive: ${bob}@a.test begins`);
    await ok('user', 'remove', `${bob}@a.test`, '--yes');
    await ok('user', 'restore', `${bob}@a.test`, '--apply');
    expect(await seenBy(bob, OTHER)).toEqual([bobs]);
  });

  it('nor where the history is too short to know of it', async () => {
    await comesBack(both, async () => {
      for (let n = 0; n < 51; n += 1) await ok('alias', 'add', `n${n}@a.test`, `${bob}@a.test`, '--apply');
    });
  });
});
