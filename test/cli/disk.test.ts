import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { programForAll } from '../support/program-for-all.ts';
import { bash, scene, STATE } from '../support/scene.ts';
import type { RunResult } from '../support/run-cli.ts';
import { tempDir } from '../support/temp.ts';

const EDITS = ['domain add new.example', 'user set alice@example.com --name Al', 'alias remove both@example.com'];

function expectPlainFailure({ code, stdout, stderr }: RunResult, words: RegExp): void {
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/this is a bug|\n\s+at /);
}

describe('a full disk', () => {
  it('keeps the old file whole', async (test) => {
    const disk = join(await tempDir(), 'disk');
    await mkdir(disk);
    const mounted = await bash(`mount -t tmpfs -o size=128k,mode=755 tmpfs ${disk}`);
    if (mounted.code !== 0) {
      console.error(`NOT TESTED: a full disk, because nothing can be mounted here: ${mounted.stderr.trim()}`);
      test.skip('nothing can be mounted here');
    }
    onTestFinished(async () => void (await bash(`umount ${disk}`)));
    const state = join(disk, 'etc/eboxmail/state.yaml');
    await mkdir(dirname(state), { recursive: true });
    await writeFile(state, STATE, { mode: 0o600 });
    const env = { EBOXMAIL_ROOT: disk };
    await bash(`head -c 1M /dev/zero > ${disk}/full 2>/dev/null`);
    for (const edit of EDITS) {
      expectPlainFailure(await bash(`exec $EBOXMAIL ${edit}`, env), /cannot write .*no space left/i);
      expect(await readFile(state, 'utf8')).toBe(STATE);
      expect((await readdir(dirname(state))).sort()).toEqual(['.state.yaml.lock', 'state.yaml']);
    }
    // What reads goes on, without a cache.
    expect(await bash('exec $EBOXMAIL user list', env)).toMatchObject({ code: 0, stderr: '' });
    expect(await bash('exec $EBOXMAIL validate', env)).toMatchObject({ code: 0 });
    // A new state is not begun.
    const fresh = await bash(`exec $EBOXMAIL --state ${disk}/etc/eboxmail/fresh.yaml domain add new.example`, env);
    expectPlainFailure(fresh, /no space left/i);
    expect(await readdir(dirname(state))).not.toContain('fresh.yaml');
    await bash(`rm ${disk}/full`);
    expect(await bash(`exec $EBOXMAIL ${EDITS[0]}`, env)).toMatchObject({ code: 0 });
    expect(await readFile(state, 'utf8')).toContain('new.example');
  });

  it('is like a limit on the size of files', async () => {
    const there = await scene(STATE);
    for (const edit of EDITS) {
      const script = `trap '' XFSZ; ulimit -f 0; exec $EBOXMAIL ${edit}`;
      expectPlainFailure(await bash(script, { EBOXMAIL_ROOT: there.root }), /cannot write .*too large/i);
      expect(await there.text()).toBe(STATE);
      expect(await there.beside()).toEqual(['state.yaml']);
    }
    await there.ok(['domain', 'add', 'new.example']);
  });
});

describe('another user than root', () => {
  const NOBODY = 65_534;
  const as = (command: string, env: Record<string, string>): Promise<RunResult> =>
    bash(`exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups $EBOXMAIL ${command}`, env);

  const TOLD = /permission denied.*\n {2}use sudo\n$/i;

  it('sees a plan of their own state where daemons run and nothing was applied', async () => {
    const there = await scene(STATE);
    const program = await programForAll(await tempDir());
    const tls = join(there.root, 'closed/key.pem');
    const own = join(await tempDir(), 'own.yaml');
    await writeFile(own, STATE.replace('mailname:', `tls: {certificate: ${tls}, key: ${tls}}\n  mailname:`));
    await chown(own, NOBODY, NOBODY);
    // As Debian's packages leave them: what others may not look into.
    for (const [path, mode] of [
      ['var/lib/fetchmail/eboxmail.pid', 0o700],
      ['var/spool/postfix/pid/master.pid', 0o755],
      ['run/dovecot/master.pid', 0o755],
      ['closed/key.pem', 0o700],
      ['var/cache/closed', 0o700],
    ] as const) {
      await mkdir(join(there.root, dirname(path)), { recursive: true });
      await writeFile(join(there.root, path), '1\n', { mode: 0o600 });
      await chmod(join(there.root, dirname(path)), mode);
    }
    const env = { EBOXMAIL_ROOT: there.root, EBOXMAIL_STATE: own, EBOXMAIL: `${process.execPath} ${program}` };
    const { code, stdout } = await as('plan --exit-code', env);
    expect([code, stdout]).toEqual([10, expect.stringContaining('user alice@example.com')]);
    expect(stdout).not.toContain('Directories:');
    expect((await as('apply', env)).stderr).toMatch(/must be run as root\n {2}use sudo/);
    // Where something was applied they cannot know what.
    await mkdir(join(there.root, 'var/lib/eboxmail'), { mode: 0o700 });
    for (const command of ['plan', 'history', 'status']) expectPlainFailure(await as(command, env), TOLD);
  });

  it('may not change what is not theirs, and is told so', async () => {
    const there = await scene(STATE);
    const program = await programForAll(await tempDir());
    const env = { EBOXMAIL_ROOT: there.root, EBOXMAIL: `${process.execPath} ${program}` };
    expect(await as('--version', env)).toMatchObject({ code: 0 });
    await chmod(there.statePath, 0o644);
    for (const edit of [...EDITS, 'user remove bob@example.com --purge -y']) {
      expectPlainFailure(await as(edit, env), TOLD);
      expect(await there.text()).toBe(STATE);
      expect(await readdir(dirname(there.statePath))).toEqual(['state.yaml']);
    }
    expect(await as('user list', env)).toMatchObject({ code: 0, stderr: '' });
    expect(await as('validate', env)).toMatchObject({ code: 0 });
    expect(await as('plan --exit-code', env)).toMatchObject({ code: 10 });
    expectPlainFailure(await as('apply', env), /root/);
    expectPlainFailure(await as(`--state ${there.root}/new/state.yaml domain add x.example`, env), TOLD);
    expectPlainFailure(await as(`--root ${there.root}/new domain add x.example`, env), TOLD);
    expect((await readdir(there.root)).sort()).toEqual(['etc']);

    // A state that cannot be read, and one in a directory that cannot be entered.
    await chmod(there.statePath, 0o600);
    for (const command of ['user list', 'validate', 'plan', ...EDITS]) {
      expectPlainFailure(await as(command, env), TOLD);
    }
    await chmod(there.statePath, 0o644);
    await chmod(dirname(there.statePath), 0o700);
    for (const command of ['user list', 'validate', 'plan', ...EDITS]) {
      expectPlainFailure(await as(command, env), TOLD);
    }
    // Theirs to change, without a cache, which they cannot write.
    await chmod(dirname(there.statePath), 0o755);
    await chown(dirname(there.statePath), NOBODY, NOBODY);
    await chown(there.statePath, NOBODY, NOBODY);
    expect(await as('domain add new.example', env)).toMatchObject({ code: 0 });
    expect(await there.text()).toContain('new.example');
    expectPlainFailure(await as('user remove bob@example.com --purge -y', env), TOLD);
    expect(await there.text()).toContain('bob@example.com');
  });
});
