import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import {
  copies,
  imapLogin,
  imaps,
  maildir,
  OTHER,
  OTHER_HASH,
  PASSWORD_HASH,
  sendAsStranger,
  subjectOf,
} from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const STATE = `version: 1
server:
  mailname: mx.example.test
domains:
  a.test: {}
  b.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [/warning: \S+: SASL PLAIN authentication failed/, /(error|warning|fatal): .*nosuch/i],
});

const lib = (): string => `${sandbox().root}/var/lib/eboxmail`;
const mainCf = (): string => `${sandbox().root}/etc/postfix/main.cf`;
const user = (...args: string[]): Promise<unknown> => sandbox().ok(['user', ...args, '--yes', '--apply']);
const add = (address: string, hash = PASSWORD_HASH): Promise<unknown> => user('add', address, '--password-hash', hash);
const addOther = (address: string): Promise<unknown> => add(address, OTHER_HASH);
const back = async (to: number): Promise<string> => (await sandbox().ok(['rollback', String(to), '--yes'])).stderr;
const subjects = (address: string, pass?: string): Promise<(string | undefined)[]> =>
  imaps(sandbox(), address, async (box) => (await box.fetchAll()).map(subjectOf), pass === undefined ? {} : { pass });

async function generation(): Promise<number> {
  const [newest] = JSON.parse((await sandbox().ok(['history', '--json'])).stdout) as [{ number: number }];
  return newest.number;
}

async function mailFor(address: string): Promise<string> {
  const token = await sendAsStranger(sandbox(), address);
  expect(await copies(sandbox(), token, [address])).toEqual({ [address]: 1 });
  return token;
}

/** The mail that is kept under an address, a mailbox a row, the newest first. */
async function archived(address: string): Promise<(string | undefined)[][]> {
  const list = JSON.parse((await sandbox().ok(['user', 'restore', '--list', '--json'])).stdout) as {
    address: string;
    path: string | null;
  }[];
  const theirs = list.filter((one) => one.address === address);
  return Promise.all(
    theirs.map(async ({ path }) => (await maildir(`${sandbox().root}/${path ?? ''}/Maildir`)).map(subjectOf)),
  );
}

beforeEach(async () => {
  await sandbox().writeState(STATE);
  await sandbox().ok(['apply', '--adopt', '--allow-removals', '100']);
});

describe('a rollback gives everybody the own mailbox, and nobody another’s', () => {
  it('after somebody new got the address of who was removed', async () => {
    await add('p@a.test');
    const to = await generation();
    const old = await mailFor('p@a.test');
    await user('remove', 'p@a.test');
    await addOther('p@a.test');
    const fresh = await mailFor('p@a.test');
    const said = await back(to);
    expect(await subjects('p@a.test')).toEqual([old]);
    expect(await archived('p@a.test')).toEqual([[fresh]]);
    expect(said).toMatch(/^mail of p@a\.test kept in .*\/a\.test\/p\./m);
    expect(said).toContain('mailbox of p@a.test is back from the archive');
    // And forth: the new one has the own mail as well.
    await back((await generation()) - 1);
    expect(await subjects('p@a.test', OTHER)).toEqual([fresh]);
    expect(await archived('p@a.test')).toEqual([[old]]);
  });

  it('after a rename to an address that somebody new has now', async () => {
    await add('x1@a.test');
    const to = await generation();
    const old = await mailFor('x1@a.test');
    await user('rename', 'x1@a.test', 'z1@a.test', '--no-alias');
    await user('remove', 'z1@a.test');
    await addOther('z1@a.test');
    const fresh = await mailFor('z1@a.test');
    const said = await back(to);
    expect(said).not.toContain('is now that of');
    expect(await subjects('x1@a.test')).toEqual([old]);
    expect(await archived('z1@a.test')).toEqual([[fresh]]);
  });

  it('after renames of two who had the address one after the other', async () => {
    await add('x2@a.test');
    const to = await generation();
    const old = await mailFor('x2@a.test');
    await user('rename', 'x2@a.test', 'y2@a.test', '--no-alias');
    await addOther('x2@a.test');
    const fresh = await mailFor('x2@a.test');
    await user('rename', 'x2@a.test', 'z2@a.test', '--no-alias');
    await back(to);
    expect(await subjects('x2@a.test')).toEqual([old]);
    expect(await archived('z2@a.test')).toEqual([[fresh]]);
    expect(await archived('x2@a.test')).toEqual([]);
  });

  it('after renames in a row and the removal of all of them', async () => {
    await add('x3@b.test');
    await add('y3@b.test');
    const to = await generation();
    const [x, y] = [await mailFor('x3@b.test'), await mailFor('y3@b.test')];
    await user('rename', 'x3@b.test', 'z3@b.test', '--no-alias');
    await user('rename', 'y3@b.test', 'x3@b.test', '--no-alias');
    await sandbox().ok(['domain', 'remove', 'b.test', '--cascade', '--yes', '--apply']);
    await back(to);
    expect(await subjects('x3@b.test')).toEqual([x]);
    expect(await subjects('y3@b.test')).toEqual([y]);
  });

  it('after a rename and a removal, and after a restore under another address', async () => {
    await add('c@a.test');
    await add('r@a.test');
    const to = await generation();
    const [c, r] = [await mailFor('c@a.test'), await mailFor('r@a.test')];
    await user('rename', 'c@a.test', 'd@a.test', '--no-alias');
    await user('remove', 'd@a.test');
    await user('remove', 'r@a.test');
    await user('restore', 'r@a.test', '--as', 's@a.test');
    const later = await mailFor('s@a.test');
    await back(to);
    expect(await subjects('c@a.test')).toEqual([c]);
    expect((await subjects('r@a.test')).toSorted()).toEqual([r, later].toSorted());
    for (const address of ['d@a.test', 's@a.test']) expect(await archived(address)).toEqual([]);
  });

  it('and says who has none any more, rather than to give one of somebody else', async () => {
    await add('gone@a.test');
    const to = await generation();
    await mailFor('gone@a.test');
    await user('remove', 'gone@a.test', '--purge');
    await addOther('gone@a.test');
    const fresh = await mailFor('gone@a.test');
    expect(await back(to)).toMatch(/gone@a\.test begins with an empty mailbox: that of generation \d+ was deleted/);
    expect(await subjects('gone@a.test')).toEqual([]);
    expect(await archived('gone@a.test')).toEqual([[fresh]]);
  });

  it('deletes nothing that was only meant to be deleted', async () => {
    await add('keep@a.test');
    const to = await generation();
    await user('remove', 'keep@a.test');
    await addOther('keep@a.test');
    const fresh = await mailFor('keep@a.test');
    await sandbox().ok(['user', 'remove', 'keep@a.test', '--purge', '--yes']);
    await back(to);
    expect(await archived('keep@a.test')).toEqual([[fresh]]);
  });

  it('also to generations of before there were ids, as far as that can be told', async () => {
    for (const name of ['o', 'q', 'u']) await add(`${name}@a.test`);
    const to = await generation();
    const [o, q, u] = [await mailFor('o@a.test'), await mailFor('q@a.test'), await mailFor('u@a.test')];
    await user('rename', 'o@a.test', 'o2@a.test', '--no-alias');
    await addOther('o@a.test');
    const fresh = await mailFor('o@a.test');
    await user('remove', 'q@a.test');
    await user('remove', 'u@a.test');
    await user('restore', 'u@a.test', '--as', 'u2@a.test');
    await withoutIds();
    const said = await back(to);
    expect(await subjects('o@a.test')).toEqual([o]);
    expect(await subjects('q@a.test')).toEqual([q]);
    expect(await archived('o@a.test')).toEqual([[fresh]]);
    // Nothing tells whose mailbox came out of the archive.
    expect(said).toMatch(/u@a\.test begins with an empty mailbox: which one was that of generation \d+ is not known/);
    expect(await subjects('u@a.test')).toEqual([]);
    expect(await archived('u2@a.test')).toEqual([[u]]);
  });

  /** As an earlier version left everything. */
  async function withoutIds(): Promise<void> {
    const edit = async (path: string, change: (data: Record<string, unknown>) => void): Promise<void> => {
      const data = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      change(data);
      await writeFile(path, JSON.stringify(data));
    };
    for (const name of await readdir(`${lib()}/generations`))
      await edit(`${lib()}/generations/${name}`, (data) => delete data['mailboxes']);
    await edit(`${lib()}/applied.json`, (data) => delete (data['mailboxes'] as Record<string, unknown>)['ids']);
    await edit(`${lib()}/archive.json`, ({ mailboxes }) => {
      for (const one of mailboxes as Record<string, unknown>[]) delete one['mailbox'];
    });
  }

  it('and is undone as a whole when the daemons do not take it', async () => {
    await add('w@a.test');
    const to = await generation();
    const old = await mailFor('w@a.test');
    await user('remove', 'w@a.test');
    await addOther('w@a.test');
    const fresh = await mailFor('w@a.test');
    await add('after@a.test');
    const list = await readFile(`${lib()}/archive.json`, 'utf8');
    const args = ['--root', sandbox().root, 'rollback', String(to), '--yes'];
    // The mailboxes have changed places by then.
    const refused = await runWithFault(args, `fail:renameSync ${sandbox().root}/etc/postfix/eboxmail/`);
    expect(refused).toMatchObject({ code: 8 });
    expect(refused.stderr).toContain('mailbox of w@a.test is back from the archive');
    expect(await subjects('w@a.test', OTHER)).toEqual([fresh]);
    expect(await readFile(`${lib()}/archive.json`, 'utf8')).toBe(list);
    await back(to);
    expect(await subjects('w@a.test')).toEqual([old]);
  });
});

describe('a rollback that did not come to its end', () => {
  it('refused, leaves nothing behind that a later apply would go by', async () => {
    await add('y@a.test');
    await add('n@a.test');
    const to = await generation();
    const old = await mailFor('y@a.test');
    await user('remove', 'y@a.test');
    await user('rename', 'n@a.test', 'm@a.test', '--no-alias');
    const kept = await mailFor('m@a.test');
    const conf = await readFile(mainCf(), 'utf8');
    await appendFile(mainCf(), '# hand\n');
    const refused = await sandbox().run(['rollback', String(to), '--yes']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain(`rollback ${to} --adopt" replaces`);
    expect(refused.stderr).not.toMatch(/eboxmail .*apply/);
    expect(existsSync(`${lib()}/mailbox-log.jsonl`)).toBe(false);
    await writeFile(mainCf(), conf);
    const people = ['y', 'n'].map((name) => `  ${name}@a.test: {password: "${OTHER_HASH}"}\n`).join('');
    const state = (await sandbox().readState()).replace('  m@a.test: {', '  m@a.test: {quota: 5 MB, ');
    await sandbox().writeState(`${state}${people}`);
    const { stderr } = await sandbox().ok(['apply']);
    expect(stderr).not.toMatch(/is back from|is now that of/);
    for (const name of ['y', 'n']) expect(await subjects(`${name}@a.test`, OTHER)).toEqual([]);
    expect(await subjects('m@a.test')).toEqual([kept]);
    expect(await archived('y@a.test')).toEqual([[old]]);
  });

  it('killed, is finished by the next apply, and of no meaning where the state is put back by hand', async () => {
    await add('k@a.test');
    const to = await generation();
    const old = await mailFor('k@a.test');
    await user('remove', 'k@a.test');
    await addOther('k@a.test');
    const fresh = await mailFor('k@a.test');
    await sandbox().ok(['user', 'set', 'alice@a.test', '--name', 'never applied']);
    const before = await sandbox().readState();
    const kill = async (at: string): Promise<void> => {
      const args = ['--root', sandbox().root, 'rollback', String(to), '--yes'];
      expect((await runWithFault(args, `kill:${at}`)).signal, at).toBe('SIGKILL');
    };
    const { root } = sandbox();
    const places = [
      'renameSync /var/lib/eboxmail/.rollback.json',
      'renameSync /etc/eboxmail/.state.yaml',
      'openSync /etc/dovecot/',
      // While the mailboxes change places.
      'renameSync /var/vmail/a.test/k',
      'renameSync /var/vmail/.archive/',
      'renameSync /var/vmail/.moving/',
    ].map((place) => place.replace(' ', ` ${root}`));
    for (const [number, at] of [...places, ...places].entries()) {
      await kill(at);
      await sandbox().writeState(before.replace('never applied', `never applied ${number}`));
      if (number < places.length) await sandbox().run(['status']);
      await sandbox().ok(['apply', '--adopt']);
      expect(await subjects('k@a.test', OTHER), at).toEqual([fresh]);
      expect(await archived('k@a.test'), at).toEqual([[old]]);
    }
    await kill(places.at(-1) ?? '');
    await sandbox().run(['status']);
    expect(await subjects('k@a.test')).toEqual([old]);
    await back((await generation()) - 1);
    // Until then the command that edits the state tells whose mailbox it is.
    await kill(places.at(-1) ?? '');
    await sandbox().ok(['user', 'set', 'k@a.test', '--name', 'edited since']);
    await sandbox().ok(['apply']);
    expect(await subjects('k@a.test')).toEqual([old]);
    expect(await archived('k@a.test')).toEqual([[fresh]]);
    expect(await imapLogin(sandbox(), 'k@a.test', OTHER)).toBe(false);
  });

  const rename = (from: string, to: string): Promise<unknown> =>
    sandbox().ok(['user', 'rename', from, to, '--no-alias']);

  /** Each has the address that the other had at the generation before. */
  async function changePlaces(one: string, other: string): Promise<void> {
    await rename(one, 'between@a.test');
    await rename(other, one);
    await rename('between@a.test', other);
    await sandbox().ok(['apply']);
  }

  it('killed twice, is of no meaning either where the state is put back by hand', async () => {
    await add('b1@a.test');
    await addOther('c1@a.test');
    const to = await generation();
    const [b, c] = [await mailFor('b1@a.test'), await mailFor('c1@a.test')];
    await changePlaces('b1@a.test', 'c1@a.test');
    const before = await sandbox().readState();
    const killed = async (): Promise<void> => {
      const args = ['--root', sandbox().root, 'rollback', String(to), '--yes'];
      expect(await runWithFault(args, `kill:openSync ${sandbox().root}/etc/dovecot/`)).toMatchObject({
        signal: 'SIGKILL',
      });
    };
    const expectOwnMail = async (b1: string, c1: string): Promise<void> => {
      expect(await subjects(b1)).toEqual([b]);
      expect(await subjects(c1, OTHER)).toEqual([c]);
    };
    await killed();
    await killed();
    const then = await sandbox().readState();
    expect(then).not.toBe(before);
    await sandbox().writeState(before);
    expect((await sandbox().ok(['plan'])).stdout).not.toContain('becomes that of');
    await sandbox().ok(['apply']);
    await expectOwnMail('c1@a.test', 'b1@a.test');
    // The same with a command between: it tells which of the two states it has found.
    await killed();
    await killed();
    await sandbox().writeState(before);
    await sandbox().ok(['user', 'set', 'b1@a.test', '--name', 'Not of then']);
    await sandbox().ok(['apply']);
    await expectOwnMail('c1@a.test', 'b1@a.test');
    // And what nobody puts back is finished.
    await killed();
    await killed();
    await sandbox().ok(['apply']);
    await expectOwnMail('b1@a.test', 'c1@a.test');
  });

  it('or renames that were undone by putting the state back: later commands mean the state that they found', async () => {
    await add('u1@a.test');
    await addOther('u2@a.test');
    const [one, other] = [await mailFor('u1@a.test'), await mailFor('u2@a.test')];
    const state = await sandbox().readState();
    await rename('u1@a.test', 'between@a.test');
    await rename('u2@a.test', 'u1@a.test');
    await rename('between@a.test', 'u2@a.test');
    await sandbox().writeState(state);
    const [first, second] = ['one', 'two'].map((word) => `{PLAIN}${word} horse`) as [string, string];
    await sandbox().ok(['user', 'passwd', 'u1@a.test', '--password-hash', first]);
    await sandbox().ok(['user', 'passwd', 'u2@a.test', '--password-hash', second]);
    await sandbox().ok(['apply']);
    expect(await subjects('u1@a.test', 'one horse')).toEqual([one]);
    expect(await subjects('u2@a.test', 'two horse')).toEqual([other]);
  });

  it('or commands that were undone while something else waits for the apply, and passwords are set afterwards', async () => {
    const [first, second, third] = ['one', 'two', 'three'].map((word) => `{PLAIN}${word} horse`) as [
      string,
      string,
      string,
    ];
    const set = (address: string, hash: string): Promise<unknown> =>
      sandbox().ok(['user', 'passwd', address, '--password-hash', hash]);
    await add('v1@a.test');
    await addOther('v2@a.test');
    const [one, other] = [await mailFor('v1@a.test'), await mailFor('v2@a.test')];
    // Two have changed places.
    await sandbox().ok(['alias', 'add', 'info@a.test', 'v2@a.test']);
    const state = await sandbox().readState();
    await rename('v1@a.test', 'between@a.test');
    await rename('v2@a.test', 'v1@a.test');
    await rename('between@a.test', 'v2@a.test');
    await sandbox().writeState(state);
    await set('v1@a.test', first);
    await set('v2@a.test', second);
    await sandbox().ok(['apply']);
    expect(await subjects('v1@a.test', 'one horse')).toEqual([one]);
    expect(await subjects('v2@a.test', 'two horse')).toEqual([other]);
    // Somebody else had an address, whose user had a new password.
    await set('v1@a.test', third);
    const later = await sandbox().readState();
    await sandbox().ok(['user', 'remove', 'v1@a.test', '--yes']);
    await sandbox().ok(['user', 'add', 'v1@a.test', '--password-hash', OTHER_HASH]);
    await sandbox().writeState(later);
    expect((await sandbox().ok(['plan'])).stdout).not.toMatch(/mailbox of|an empty one/);
    await sandbox().ok(['apply']);
    expect(await subjects('v1@a.test', 'three horse')).toEqual([one]);
  });

  it('or edits by hand of what is not the password; and of two whose passwords nobody ever saw none gets the other’s', async () => {
    await add('w1@a.test');
    await addOther('w2@a.test');
    const [one, other] = [await mailFor('w1@a.test'), await mailFor('w2@a.test')];
    const state = await sandbox().readState();
    await rename('w1@a.test', 'between@a.test');
    await rename('w2@a.test', 'w1@a.test');
    await rename('between@a.test', 'w2@a.test');
    const withQuota = state.replace(
      /(w\d@a\.test):\s*\{?\s*password: ("[^"]+"|\S+[^}\s])\}?/g,
      '$1: {quota: 1 GB, password: $2}',
    );
    expect(withQuota.match(/quota: 1 GB/g)).toHaveLength(2);
    await sandbox().writeState(withQuota);
    expect((await sandbox().ok(['plan'])).stdout).not.toMatch(/mailbox of|an empty one/);
    const words = ['first', 'second'];
    const unseen = withQuota.replace(
      /(w\d@a\.test: \{quota: 1 GB, password: )("[^"]+"|[^}\s]+)/g,
      (_, begin: string) => {
        return `${begin}"{PLAIN}${words.shift() ?? ''} horse"`;
      },
    );
    await sandbox().writeState(unseen);
    const plan = (await sandbox().ok(['plan'])).stdout;
    for (const address of ['w1@a.test', 'w2@a.test'])
      expect(plan).toContain(`which mailbox is that of ${address} is not known: ${address} begins with an empty one`);
    await sandbox().ok(['apply', '--allow-removals', '9']);
    expect(await subjects('w1@a.test', 'first horse')).toEqual([]);
    expect(await subjects('w2@a.test', 'second horse')).toEqual([]);
    expect([await archived('w1@a.test'), await archived('w2@a.test')]).toEqual([[[one]], [[other]]]);
  });

  it('or a state of before the last apply that is copied back: nobody gets what others have now', async () => {
    await add('s1@a.test');
    await addOther('s2@a.test');
    const old = await sandbox().readState();
    const [one, other] = [await mailFor('s1@a.test'), await mailFor('s2@a.test')];
    await changePlaces('s1@a.test', 's2@a.test');
    await sandbox().writeState(`# Out of a backup.\n${old}`);
    expect((await sandbox().ok(['plan'])).stdout).toContain('s1@a.test had another mailbox with this password');
    await sandbox().ok(['apply', '--allow-removals', '9']);
    expect(await subjects('s1@a.test')).toEqual([]);
    expect(await subjects('s2@a.test', OTHER)).toEqual([]);
    expect([await archived('s1@a.test'), await archived('s2@a.test')]).toEqual([[[other]], [[one]]]);
    // The way back that knows them.
    const number = (await generation()) - 2;
    await back(number);
    expect(await subjects('s1@a.test')).toEqual([one]);
    expect(await subjects('s2@a.test', OTHER)).toEqual([other]);
  });

  it('in force, but not done with all that comes after it, is brought to its end by an apply', async () => {
    await add('e@a.test');
    const to = await generation();
    const old = await mailFor('e@a.test');
    await user('rename', 'e@a.test', 'f@a.test', '--no-alias');
    await addOther('e@a.test');
    const fresh = await mailFor('e@a.test');
    await addOther('g@a.test');
    const mail = await mailFor('g@a.test');
    const args = ['--root', sandbox().root, 'rollback', String(to), '--yes'];
    const left = await runWithFault(args, `fail:renameSync ${sandbox().root}/var/vmail/a.test/g`);
    expect(left).toMatchObject({ code: 1 });
    expect(left.stderr).toMatch(/run "eboxmail .*apply" once more/);
    const state = await sandbox().readState();
    expect(state).not.toContain('g@a.test');
    expect((await sandbox().run(['plan'])).stderr).toContain(`a rollback to generation ${to} is under way`);
    await sandbox().ok(['apply']);
    expect(await sandbox().readState()).toBe(state);
    expect(await subjects('e@a.test')).toEqual([old]);
    expect([await archived('e@a.test'), await archived('g@a.test')]).toEqual([[[fresh]], [[mail]]]);
    expect((await sandbox().ok(['user', 'list'])).stderr).toBe('');
  });

  it('after an uninstall has to wait for an apply, where mailboxes would have to move', async () => {
    await add('v@a.test');
    const to = await generation();
    const old = await mailFor('v@a.test');
    await user('remove', 'v@a.test');
    await addOther('v@a.test');
    const fresh = await mailFor('v@a.test');
    await sandbox().ok(['uninstall', '--yes']);
    const state = await sandbox().readState();
    const refused = await sandbox().run(['rollback', String(to), '--yes']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/run "eboxmail .*apply" first/);
    expect(await sandbox().readState()).toBe(state);
    await sandbox().ok(['apply', '--adopt']);
    expect(await subjects('v@a.test', OTHER)).toEqual([fresh]);
    await back(to);
    expect(await subjects('v@a.test')).toEqual([old]);
    expect(await archived('v@a.test')).toEqual([[fresh]]);
  });

  it('refused for what would stop working, names that, and how to say yes', async () => {
    const to = await generation();
    const many = Array.from({ length: 12 }, (_, n) => `  m${n}@a.test: {password: "${PASSWORD_HASH}"}\n`).join('');
    await sandbox().writeState(`${STATE}${many}`);
    await sandbox().ok(['apply']);
    const refused = await sandbox().run(['rollback', String(to), '--yes']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('m11@a.test');
    expect(refused.stderr).toContain(` rollback ${to} --allow-removals 12`);
    expect(refused.stderr).not.toMatch(/eboxmail (plan|apply)/);
    await sandbox().ok(['rollback', String(to), '--allow-removals', '12', '--yes']);
  });
});
