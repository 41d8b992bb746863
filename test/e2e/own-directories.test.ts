import { readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { runWithFault } from '../support/faults.ts';
import { PASSWORD_HASH, stranger, tryRecipient } from '../support/mail.ts';
import { reloads, useSandbox } from '../support/sandbox.ts';
import { bash } from '../support/scene.ts';

const ENTRY = `{password: "${PASSWORD_HASH}"}`;

const sandbox = useSandbox({
  state: `
version: 1
server: {mailname: mx.example.test}
domains: {a.test: {}}
users: {alice@a.test: ${ENTRY}}
`,
});

/** Everything below /etc and what eboxmail keeps for itself, with what tells a write. */
async function everything(): Promise<string> {
  const script = `cd ${sandbox().root} && find etc var/lib/eboxmail -printf '%p %i %s %m %T@ %C@\\n' | sort`;
  return (await bash(script)).stdout;
}

async function answer(recipient: string): Promise<string> {
  const client = await stranger(sandbox());
  const reply = await tryRecipient(client, recipient);
  await client.quit();
  return reply;
}

const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const back of undo.splice(0)) await back();
  await sandbox().ok(['apply']);
});

/** Moves a directory away and leaves a link to it. */
async function replaceByLink(path: string): Promise<void> {
  const [there, away] = [`${sandbox().root}/${path}`, `${sandbox().root}/etc/elsewhere`];
  await rename(there, away);
  await symlink(away, there);
  undo.push(async () => {
    await rm(there);
    await rename(away, there);
  });
}

describe('a directory that is a symbolic link', () => {
  it.each(['etc/postfix/eboxmail', 'etc/dovecot/eboxmail'])('%s is ours: nothing is written', async (path) => {
    const address = `${path.split('/')[1] ?? ''}@a.test`;
    await replaceByLink(path);
    await sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH]);
    const before = await everything();
    expect(before).toContain('etc/elsewhere');
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${sandbox().root}/${path} is a symbolic link`);
    expect(await everything()).toBe(before);
    expect(await answer(address)).toMatch(/^550 /);
  });

  it.each(['etc/postfix', 'etc/dovecot'])("%s is the machine's: it is kept", async (path) => {
    const address = `linked-${path.split('/')[1] ?? ''}@a.test`;
    await replaceByLink(path);
    await sandbox().ok(['user', 'add', address, '--password-hash', PASSWORD_HASH, '--apply']);
    expect(await readlink(`${sandbox().root}/${path}`)).toContain('elsewhere');
    expect(await answer(address)).toMatch(/^250 /);
  });
});

interface PlanAnswer {
  readonly empty: boolean;
  readonly digest: string;
  readonly files: readonly unknown[];
  readonly directories: readonly {
    readonly path: string;
    readonly before: Ownership | null;
    readonly after: Ownership;
  }[];
}

interface Ownership {
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

const planned = async (): Promise<PlanAnswer> =>
  JSON.parse((await sandbox().ok(['plan', '--json'])).stdout) as PlanAnswer;

/** As find(1) tells it: mode, owner and group. */
async function ownershipOf(path: string): Promise<string> {
  return (await bash(`find ${sandbox().root}/${path} -maxdepth 0 -printf '%m %u %g'`)).stdout;
}

async function change(command: string): Promise<void> {
  expect((await bash(`cd ${sandbox().root} && ${command}`)).code, command).toBe(0);
}

describe('owner and mode', () => {
  it.each([
    ['etc/postfix/eboxmail', 'chmod 777', 'mode 0777 → 0755'],
    ['etc/postfix/eboxmail', 'chown nobody', 'owner nobody → root'],
    ['etc/dovecot/eboxmail', 'chmod 755', 'mode 0755 → 0750'],
    ['etc/dovecot/eboxmail', 'chown nobody', 'owner nobody → root'],
    ['etc/dovecot/eboxmail', 'chgrp nogroup', 'group nogroup → dovecot'],
    ['etc/eboxmail/tls', 'chmod 755', 'mode 0755 → 0700'],
    ['etc/eboxmail', 'chmod 777', 'mode 0777 → 0775'],
    ['var/lib/eboxmail', 'chmod 755', 'mode 0755 → 0700'],
    ['var/lib/eboxmail/contents', 'chmod 711', 'mode 0711 → 0700'],
    ['var/cache/eboxmail', 'chown nobody', 'owner nobody → root'],
  ])('of %s are put right after %s', async (path, command, words) => {
    const { root } = sandbox();
    const before = await ownershipOf(path);
    const [empty, running] = [await planned(), await reloads(root)];
    await change(`${command} ${path}`);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    expect((await sandbox().ok(['plan'])).stdout).toContain(`Directories:\n  ${root}/${path}: ${words}\n`);
    const drift = await planned();
    expect(drift).toMatchObject({ empty: false, files: [], directories: [{ path }] });
    expect(drift.digest).not.toBe(empty.digest);
    const status = await sandbox().run(['status', '--quiet']);
    expect(status).toMatchObject({ code: 1, stdout: `!! owner or mode is not as apply sets it: ${root}/${path}\n` });
    await sandbox().ok(['apply', '--expect', drift.digest]);
    expect(await ownershipOf(path)).toBe(path === 'etc/eboxmail' ? '775 root root' : before);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect((await sandbox().ok(['apply'])).stderr).toContain('nothing to do');
    expect((await sandbox().ok(['history'])).stdout).toMatch(/^\d+\t\S+\t\S+\tdirectories put right\n/);
    expect(await reloads(root)).toEqual(running);
  });

  it('of the mail are what deliveries need, and otherwise up to the administrator', async () => {
    const before = await ownershipOf('var/vmail');
    await change('chmod 2770 var/vmail');
    expect(await planned()).toMatchObject({ empty: true });
    await change('chown root var/vmail && chmod 2577 var/vmail');
    expect(await planned()).toMatchObject({ empty: false, directories: [{ path: 'var/vmail' }] });
    expect((await sandbox().run(['status'])).code).toBe(1);
    await sandbox().ok(['apply']);
    expect(await ownershipOf('var/vmail')).toBe(before.replace(/^\d+/, '2775'));
    await change('chmod 750 var/vmail && mkdir -m 755 var/vmail/.archive');
    expect(await planned()).toMatchObject({ empty: false, directories: [{ path: 'var/vmail/.archive' }] });
  });

  it('of the mail are as at first when it has gone: nothing can be delivered until apply makes it', async () => {
    await change('chmod 00750 var/vmail');
    const [{ root }, before] = [sandbox(), await ownershipOf('var/vmail')];
    const [mode = '', owner = '', group = ''] = before.split(' ');
    const none = 'no mailbox is there; if a file system belongs there, mount it before you apply';
    await change('mv var/vmail var/elsewhere');
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(10);
    expect((await sandbox().ok(['plan'])).stdout).toContain(
      `Directories:\n  ${root}/var/vmail: new, owner ${owner}, group ${group}, mode 0${mode}: ${none}\n`,
    );
    const drift = await planned();
    const after = { mode: `0${mode}`, owner, group };
    expect(drift).toMatchObject({ empty: false, files: [] });
    expect(drift.directories).toEqual([{ path: 'var/vmail', before: null, after, lacksMail: true }]);
    expect(await sandbox().run(['status', '--quiet'])).toMatchObject({
      code: 1,
      stdout: `!! ${root}/var/vmail is not there\n!! ${root}/var/vmail: ${none}\n`,
    });
    const { stderr } = await sandbox().ok(['apply', '--expect', drift.digest]);
    expect(stderr).toContain(`making ${root}/var/vmail, as no mailbox is there any more`);
    expect(await ownershipOf('var/vmail')).toBe(before);
    expect((await sandbox().run(['plan', '--exit-code'])).code).toBe(0);
    expect((await sandbox().run(['status'])).code).toBe(0);
    await change('rmdir var/vmail && mv var/elsewhere var/vmail');
  });

  it('of the mail say so where a file system is not mounted', async () => {
    await change('mv var/vmail var/elsewhere && mkdir -m 755 var/vmail');
    expect(await planned()).toMatchObject({ directories: [{ path: 'var/vmail', lacksMail: true }] });
    expect((await sandbox().ok(['plan'])).stdout).toMatch(/var\/vmail: owner root → .*: no mailbox is there; /);
    await change('rmdir var/vmail && ln -s mounted var/vmail');
    expect(await planned()).toMatchObject({ directories: [{ path: 'var/vmail', before: null, lacksMail: true }] });
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${sandbox().root}/var/vmail is a symbolic link, and what it leads to is not there`);
    await change('mv var/elsewhere var/mounted');
    expect(await planned()).toMatchObject({ empty: true });
    await change('rm var/vmail && mv var/mounted var/vmail');
    expect(await planned()).toMatchObject({ empty: true });
  });

  it('are put right with whatever else is to do, several of them at once', async () => {
    await change('chmod 777 etc/postfix/eboxmail var/lib/eboxmail var/lib/eboxmail/generations');
    await change('chown nobody var/lib/eboxmail/contents');
    await sandbox().ok(['alias', 'add', 'both@a.test', 'alice@a.test', '--apply']);
    expect(await ownershipOf('etc/postfix/eboxmail')).toBe('755 root root');
    expect(await planned()).toMatchObject({ empty: true, directories: [] });
    expect((await sandbox().ok(['history'])).stdout).not.toMatch(/^\d+\t\S+\t\S+\tdirectories/);
  });

  it('of an index beside its table are, too', async () => {
    await change('chown nobody etc/postfix/eboxmail/aliases.cdb');
    const running = await reloads(sandbox().root);
    expect((await sandbox().ok(['plan'])).stdout).toContain('aliases (its index is built again)');
    await sandbox().ok(['apply']);
    expect(await ownershipOf('etc/postfix/eboxmail/aliases.cdb')).toBe('644 root root');
    expect(await planned()).toMatchObject({ empty: true });
    expect(await reloads(sandbox().root)).toEqual(running);
  });

  it('are put right by the next apply when one is killed at any moment', async () => {
    const path = 'etc/dovecot/eboxmail';
    const applyWith = (fault: string): ReturnType<typeof runWithFault> =>
      runWithFault(['--root', sandbox().root, 'apply'], fault, `${sandbox().root}/../calls`);
    await change(`chmod 777 ${path}`);
    expect(await applyWith('count')).toMatchObject({ code: 0 });
    const calls = (await readFile(`${sandbox().root}/../calls`, 'utf8')).trim().split('\n');
    for (let at = 0; at < calls.length; at += 3) {
      await change(`chmod 777 ${path}`);
      expect((await applyWith(`kill:${at + 1}`)).signal, calls[at]).toBe('SIGKILL');
      await sandbox().ok(['apply']);
      expect(await ownershipOf(path), calls[at]).toBe('750 root dovecot');
      expect((await sandbox().run(['plan', '--exit-code'])).code, calls[at]).toBe(0);
    }
    expect(calls.length).toBeGreaterThan(3);
  });

  it("of the machine's directories, and of what belongs to who keeps the state, are theirs", async () => {
    const keeper = 'etc/eboxmail etc/eboxmail/secrets';
    await change(`mkdir -m 700 -p etc/eboxmail/secrets && chown nobody ${keeper}`);
    await change('chmod 2775 etc/eboxmail && chmod 775 etc/dovecot && chgrp nogroup etc/eboxmail/tls');
    expect(await planned()).toMatchObject({ empty: true, directories: [] });
    await change('chmod 750 etc/eboxmail/secrets');
    expect((await sandbox().ok(['plan'])).stdout).toContain('etc/eboxmail/secrets: mode 0750 → 0700\n');
    await sandbox().ok(['apply']);
    expect(await ownershipOf('etc/eboxmail/secrets')).toMatch(/^700 nobody /);
    await change(`chown root:root ${keeper} && chmod 755 etc/eboxmail etc/dovecot`);
    await change('chmod 700 etc/eboxmail/secrets');
  });

  it('of what a link of ours leads to are left alone', async () => {
    await replaceByLink('etc/postfix/eboxmail');
    await change('chmod 775 etc/elsewhere');
    expect(await planned()).toMatchObject({ directories: [] });
    await change('chmod 755 etc/elsewhere');
  });
});
