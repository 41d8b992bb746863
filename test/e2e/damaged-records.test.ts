import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { copies, imaps, PASSWORD_HASH, sendAsStranger, subjectOf } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Files in var/lib/eboxmail that the power or a failing disk has damaged. */

const state = (extra = ''): string => `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: }
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
  bob@a.test: {password: "${PASSWORD_HASH}", name: Bob}
${extra}`;

const sandbox = useSandbox({ state: state() });
const lib = (name: string): string => `${sandbox().root}/var/lib/eboxmail/${name}`;

/** What a file is like afterwards: nothing in it, zeros, only its beginning, another document. */
const damages = (text: string): readonly string[] => ['', '\0'.repeat(512), text.slice(0, 30), '[]', '{}'];

/** Which files, and what has to do with them. `{}` is a list of originals as good as any. */
const FILES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'applied.json': [
    ['plan'],
    ['apply'],
    ['status'],
    ['user', 'rename', 'bob@a.test', 'rob@a.test'],
    ['uninstall', '--yes'],
  ],
  'unfinished.json': [['plan'], ['apply'], ['status'], ['uninstall', '--yes']],
  'originals/list.json': [['uninstall', '--yes']],
  'generations/1.json': [
    ['history', 'show', '1'],
    ['rollback', '1', '--yes'],
  ],
  'archive.json': [['plan'], ['apply'], ['user', 'restore', '--list', 'bob@a.test'], ['user', 'restore', 'bob@a.test']],
  'moving.json': [['plan'], ['apply'], ['uninstall', '--yes']],
  'mailbox-log.jsonl': [['plan'], ['apply'], ['user', 'rename', 'bob@a.test', 'rob@a.test']],
};

beforeAll(async () => {
  await sandbox().writeState(state('  carol@a.test: {account: false}\n'));
  await sandbox().ok(['apply']);
});

async function withFile(name: string, text: string, work: () => Promise<void>): Promise<void> {
  const [path, kept] = [lib(name), `${lib(name)}.kept`];
  const there = existsSync(path);
  const directoryThere = existsSync(dirname(path));
  if (there) await rename(path, kept);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o600 });
  try {
    await work();
  } finally {
    await rm(path, { force: true });
    if (there) await rename(kept, path);
    if (!directoryThere) await rm(dirname(path), { recursive: true });
  }
}

async function unchanged(work: () => Promise<void>): Promise<void> {
  const before = await sandbox().readState();
  await work();
  await sandbox().writeState(before);
  expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
  expect((await sandbox().run(['status'])).code).toBe(0);
}

describe('each command that needs one says which, what is wrong with it and what to do', { timeout: 60_000 }, () => {
  it.each(Object.entries(FILES))('%s', async (name, commands) => {
    const whole = existsSync(lib(name)) ? await readFile(lib(name), 'utf8') : '{"version":1,"time":"2026-01-01","x":1}';
    const all = damages(whole).filter((text) => name !== 'originals/list.json' || text !== '{}');
    const end = name.endsWith('.jsonl') ? '\n' : '';
    await unchanged(async () => {
      for (const text of all) {
        await withFile(name, `${text}${end}`, async () => {
          for (const args of commands) {
            const { code, stderr, stdout } = await sandbox().run(args);
            const what = `${args.join(' ')} with ${JSON.stringify(text)}\n${stderr}${stdout}`;
            expect(code, what).toBe(1);
            const place = end === '' ? lib(name) : `${lib(name)}:1`;
            expect(stderr, what).toMatch(new RegExp(`${place} is damaged: (it is |"\\w+" is not what)`));
            expect(stderr, what).toMatch(/move it away|bring the file back|take the line out/);
            expect(stderr, what).not.toMatch(/this is a bug|SyntaxError|stop dovecot|putting/);
          }
        });
      }
    });
  });

  it('no secret of it is shown', async () => {
    const text = (await readFile(lib('applied.json'), 'utf8')).replace('"$6$', '"\n$6$');
    await withFile('applied.json', text.replace(PASSWORD_HASH, `x"${PASSWORD_HASH}`), async () => {
      const { stderr } = await sandbox().run(['plan', '--debug']);
      expect(stderr).toContain('it is no JSON');
      expect(stderr).not.toContain(PASSWORD_HASH.slice(-20));
    });
  });
});

it('the journal of an apply that was cut off: nothing changes without it, and it can be moved away', async () => {
  await sandbox().ok(['user', 'set', 'bob@a.test', '--quota', '1 GB']);
  await sandbox().ok(['server', 'set', '--message-size', '31 MB']);
  const { root } = sandbox();
  const killed = await runWithFault(['--root', root, 'apply'], `kill:spawn postfix -c ${root}/etc/postfix reload`);
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  const journal = await readFile(lib('undo/journal.json'), 'utf8');
  for (const text of damages(journal)) {
    await writeFile(lib('undo/journal.json'), text);
    for (const command of ['status', 'apply']) {
      const { code, stderr } = await sandbox().run([command]);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain(`${lib('undo/journal.json')} is damaged: `);
      expect(stderr).not.toMatch(/this is a bug|putting/);
    }
  }
  await rm(lib('undo/journal.json'));
  await sandbox().ok(['apply']);
  expect((await sandbox().run(['status'])).code).toBe(0);
  expect(existsSync(lib('undo'))).toBe(false);
});

it('what is of no weight is said and goes on: a note of a rollback, the last run of expire', async () => {
  await withFile('rollback.json', '', async () => {
    const { stderr } = await sandbox().ok(['user', 'list']);
    expect(stderr).toContain(`note: ${lib('rollback.json')} is damaged: it is empty`);
    expect((await sandbox().run(['rollback', '1', '--yes'])).stderr).not.toContain('this is a bug');
  });
  await sandbox().writeState(
    state('  carol@a.test: {account: false}\n').replace('.test}', '.test, expiry: {trash: 30 d}}'),
  );
  await sandbox().ok(['apply']);
  await withFile('expire/last-run.json', '{', async () => {
    const status = await sandbox().run(['status']);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain(`${lib('expire/last-run.json')} is damaged: it is cut short`);
    expect(status.stdout).toContain('ok imap');
  });
});

it('a damaged generation is left out of the history with a word, and a rollback goes by the numbers', async () => {
  await sandbox().ok(['user', 'set', 'bob@a.test', '--name', 'Robert', '--apply']);
  const newest = Number((await sandbox().ok(['history'])).stdout.split('\t')[0]);
  await withFile(`generations/${newest}.json`, '', async () => {
    const { stdout, stderr } = await sandbox().ok(['history']);
    expect(stderr).toContain(
      `generation ${newest} is left out: ${lib(`generations/${newest}.json`)} is damaged: it is empty`,
    );
    expect(stdout.split('\n')[0]).toMatch(new RegExp(`^${newest - 1}\\t`));
    expect((await sandbox().ok(['rollback', '--yes'])).stderr).toContain(`generation ${newest - 1} is in force again`);
  });
});

describe('when the record of the last apply is moved away, as the error says', { timeout: 60_000 }, () => {
  it('apply --adopt makes it anew: mail stays where it is, and an uninstall gives nothing of ours back', async () => {
    const token = await sendAsStranger(sandbox(), 'alice@a.test');
    expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
    const originals = await readFile(lib('originals/list.json'), 'utf8');
    await sandbox().ok(['user', 'add', 'dora@a.test', '--password-hash', PASSWORD_HASH]);
    await rm(lib('applied.json'));
    expect((await sandbox().run(['apply'])).code).toBe(7);
    await sandbox().ok(['apply', '--adopt']);
    expect(await readFile(lib('originals/list.json'), 'utf8')).toBe(originals);
    expect((await sandbox().run(['status'])).code).toBe(0);
    const seen = await imaps(sandbox(), 'alice@a.test', async (box) => (await box.fetchAll()).map(subjectOf));
    expect(seen).toEqual([token]);
    const { stderr } = await sandbox().ok(['uninstall', '--yes']);
    expect(stderr).not.toContain('gives back');
    expect(existsSync(`${sandbox().root}/etc/postfix/eboxmail`)).toBe(false);
  });

  it('after an uninstall, plan and apply name that record', async () => {
    for (const text of damages(await readFile(lib('uninstalled.json'), 'utf8'))) {
      await withFile('uninstalled.json', text, async () => {
        for (const command of ['plan', 'apply']) {
          const { code, stderr } = await sandbox().run([command]);
          expect(code, stderr).toBe(1);
          expect(stderr).toContain(`${lib('uninstalled.json')} is damaged: `);
        }
      });
    }
    await sandbox().ok(['apply']);
  });
});
