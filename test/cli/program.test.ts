import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { allCommands, silentProcess } from '../support/program.ts';
import { runCli } from '../support/run-cli.ts';
import { bash, HASH, scene, STATE, type Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

/** Enough users that their list does not fit into the buffer of a pipe (64 kB). */
async function bigScene(): Promise<{ big: Scene; addresses: string[] }> {
  const addresses = Array.from({ length: 3000 }, (_, n) => `user-with-a-long-name-${n}@example.com`);
  const users = addresses.map((address) => `  ${address}: {name: "${'x'.repeat(20)}", account: false}\n`).join('');
  const big = await scene(
    `version: 1\nserver: {mailname: mx.test.example}\ndomains:\n  example.com:\nusers:\n${users}`,
  );
  return { big, addresses };
}

describe('version and help', () => {
  it('prints the version of package.json and nothing else', async () => {
    const url = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(await readFile(url, 'utf8')) as { version: string };
    for (const args of [['--version'], ['--json', '--version'], ['--version', 'user']]) {
      expect(await runCli({ args })).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('has help with an example for every command', async () => {
    const commands = await allCommands();
    expect(commands.map(({ words }) => words.join(' '))).toEqual(
      expect.arrayContaining([
        '',
        'domain',
        'domain alias add',
        'user passwd',
        'alias list',
        'validate',
        'plan',
        'apply',
      ]),
    );
    expect(commands.length).toBeGreaterThan(25);
    for (const { words } of commands) {
      const { process, out, err } = silentProcess([...words, '--help']);
      expect({ words, code: await main(process), stderr: err() }).toEqual({ words, code: 0, stderr: '' });
      const stdout = out();
      expect(stdout, words.join(' ')).toMatch(/\n(Examples?|Start with):\n {2}\S*.*eboxmail \S/);
      // The example is one of this command.
      if (words.length > 0) expect(stdout).toMatch(new RegExp(`eboxmail ${words.join(' ')}\\b`));
    }
  });

  it('knows "help COMMAND"', async () => {
    const { stdout } = await runCli({ args: ['user', '--help'] });
    expect(await runCli({ args: ['help', 'user'] })).toMatchObject({ code: 0, stdout });
    expect(await runCli({ args: ['user', '-h'] })).toMatchObject({ code: 0, stdout });
  });

  it('prints help on standard error and exits 2 without a command', async () => {
    for (const args of [[], ['user'], ['domain', 'alias'], ['sandbox']]) {
      const { code, stdout, stderr } = await runCli({ args });
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toMatch(/^Usage: eboxmail/);
    }
  });
});

describe('wrong usage', () => {
  const rows: readonly (readonly [args: string[], words: RegExp])[] = [
    [['usr', 'list'], /unknown command 'usr'[\s\S]*user/],
    [['user', 'lst'], /unknown command 'lst'[\s\S]*did you mean list/],
    [['domain', 'alias', 'ad'], /did you mean add/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['user list'], /unknown command/],
    [['user', 'add', 'x@example.com', '--pasword-stdin'], /unknown option[\s\S]*--password-stdin/],
    [['user', 'list', '--jsn'], /unknown option[\s\S]*--json/],
    [['user', 'list', '--name', 'x'], /unknown option '--name'/],
    [['user', 'list', 'extra'], /too many arguments/],
    [['validate', 'other.yaml'], /too many arguments/],
    [['user', 'add'], /missing required argument 'address'/],
    [['alias', 'add', 'a@example.com'], /missing required argument 'target'/],
    [['--state'], /argument missing/],
    [['--color', 'purple', 'user', 'list'], /Allowed choices are auto, always, never/],
    [['alias', 'list', '--kind', 'usr'], /Allowed choices are user, group, external/],
    [['--state', '', 'user', 'list'], /--state is empty/],
    [['--root', '', 'user', 'list'], /--root is empty/],
  ];
  it.each(rows)('%j', async (args, words) => {
    const there = await scene(STATE);
    expect(await there.refuses(2, args)).toMatch(words);
  });

  it('does not take the value of an option for a command', async () => {
    const there = await scene(STATE);
    const { stdout } = await there.ok(['--color', 'never', '--root', there.root, 'domain', 'list']);
    expect(stdout).toContain('example.com');
    expect((await there.ok([`--state=${there.statePath}`, '-q', 'domain', 'list'])).stdout).toBe(stdout);
  });
});

describe('which state', () => {
  it('is given by the root, EBOXMAIL_STATE, or --state, in this order', async () => {
    const directory = await tempDir();
    const state = (domain: string): string =>
      `version: 1\nserver: {mailname: mx.test.example}\ndomains: {${domain}: }\n`;
    const at = (name: string): string => join(directory, name);
    for (const root of ['r1', 'r2']) {
      await mkdir(at(`${root}/etc/eboxmail`), { recursive: true });
      await writeFile(at(`${root}/etc/eboxmail/state.yaml`), state(`${root}.example`));
    }
    await writeFile(at('env.yaml'), state('env.example'));
    await writeFile(at('option.yaml'), state('option.example'));
    const domain = async (args: string[], env: Record<string, string>): Promise<string> =>
      (await runCli({ args: [...args, 'domain', 'list'], env, cwd: directory })).stdout.split('\t')[0] ?? '';
    const env = { EBOXMAIL_ROOT: at('r1') };
    expect(await domain([], env)).toBe('r1.example');
    expect(await domain(['--root', at('r2')], env)).toBe('r2.example');
    expect(await domain(['--root', 'r2/'], env)).toBe('r2.example');
    expect(await domain([], { ...env, EBOXMAIL_STATE: at('env.yaml') })).toBe('env.example');
    expect(await domain([], { ...env, EBOXMAIL_STATE: 'env.yaml' })).toBe('env.example');
    expect(await domain([], { ...env, EBOXMAIL_STATE: '' })).toBe('r1.example');
    expect(await domain(['--state', 'option.yaml'], { ...env, EBOXMAIL_STATE: at('env.yaml') })).toBe('option.example');
    // The state is named by the environment; only the root by the option: each has its own order.
    expect(await domain(['--root', at('r2')], { ...env, EBOXMAIL_STATE: at('env.yaml') })).toBe('env.example');
  });
});

describe('colour', () => {
  const ESCAPE = '\u001b[';
  const rows: readonly (readonly [args: string[], env: Record<string, string>, colored: boolean])[] = [
    [[], {}, false],
    [['--color', 'always'], {}, true],
    [['--color', 'always'], { NO_COLOR: '1' }, true],
    [['--color', 'never'], { FORCE_COLOR: '1' }, false],
    [[], { FORCE_COLOR: '1' }, true],
    [[], { FORCE_COLOR: '0' }, false],
    [[], { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [['--color', 'auto'], { FORCE_COLOR: '1' }, true],
  ];
  it.each(rows)('%j with %j', async (args, env, colored) => {
    const there = await scene(STATE);
    const { stdout, stderr } = await there.ok([...args, 'plan'], { env });
    expect(stdout.includes(ESCAPE)).toBe(colored);
    expect(stderr).not.toContain('ExperimentalWarning');
    expect(stderr).not.toContain('NO_COLOR');
  });

  it('never colours JSON', async () => {
    const there = await scene(STATE);
    expect((await there.ok(['--color', 'always', 'plan', '--json'])).stdout).not.toContain(ESCAPE);
  });
});

describe('quiet', () => {
  it('says nothing but data and errors', async () => {
    const there = await scene(STATE);
    expect(await there.ok(['-q', 'domain', 'add', 'new.example'])).toMatchObject({ stdout: '', stderr: '' });
    expect((await there.ok(['--quiet', 'domain', 'list'])).stdout).toContain('new.example');
    expect(await there.refuses(5, ['-q', 'domain', 'add', 'new.example'])).toContain('already there');
  });
});

describe('pipes', () => {
  it('ends quietly with 0 when the reader goes away', async () => {
    const { big } = await bigScene();
    const env = { EBOXMAIL_ROOT: big.root };
    for (const reader of ['head -1', 'true', 'head -c 1']) {
      for (const command of ['user list', 'user list --json', 'plan', '--help', '--version', 'user --help']) {
        const { stdout, stderr } = await bash(`$EBOXMAIL ${command} | ${reader} >&2; echo "\${PIPESTATUS[0]}"`, env);
        expect({ command, reader, stdout }).toEqual({ command, reader, stdout: '0\n' });
        expect(stderr).not.toMatch(/EPIPE|Error|bug/);
      }
    }
  });

  it('ends quietly when nobody reads standard error', async () => {
    const { stdout } = await bash('{ $EBOXMAIL frobnicate; echo $? >&3; } 3>&1 2>&1 | true');
    expect(['', '2\n']).toContain(stdout);
    const closed = await bash('$EBOXMAIL --version >&- 2>&-; echo $?');
    expect(closed.stdout).toBe('0\n');
  });

  it('brings all of a big output through a slow pipe', async () => {
    const { big, addresses } = await bigScene();
    const slow = `"$NODE" -e 'const s=process.stdin; let n=0; s.on("data",c=>{process.stdout.write(c); s.pause(); setTimeout(()=>s.resume(),n++<5?100:0)})'`;
    const { stdout } = await bash(`set -o pipefail; $EBOXMAIL user list | ${slow}`, { EBOXMAIL_ROOT: big.root });
    expect(stdout.length).toBeGreaterThan(64 * 1024);
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual([...addresses, '']);
    const json = await bash(`set -o pipefail; $EBOXMAIL user list --json | ${slow}`, { EBOXMAIL_ROOT: big.root });
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toHaveLength(addresses.length);
  });

  it('fails with words when the output cannot be written', async () => {
    const there = await scene(STATE);
    for (const command of ['user list', 'user list --json', '--version', '--help', 'plan']) {
      const script = `$EBOXMAIL ${command} >/dev/full; echo "$?"`;
      const { stdout, stderr } = await bash(script, { EBOXMAIL_ROOT: there.root });
      expect({ command, stdout }).toEqual({ command, stdout: '1\n' });
      expect(stderr).toMatch(/eboxmail: the output could not be written: .*no space/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe('exit codes', () => {
  it('says what happened', async () => {
    const there = await scene(STATE);
    const code = async (...args: string[]): Promise<number | null> => (await there.run(args)).code;
    expect(await code('validate')).toBe(0);
    expect(await code('user', 'add', 'not an address')).toBe(2);
    expect(await code('user', 'show', 'nobody@example.com')).toBe(4);
    expect(await code('user', 'add', 'alice@example.com', '--password-hash', HASH)).toBe(5);
    expect(await code('domain', 'remove', 'example.com')).toBe(5);
    expect(await code('plan', '--exit-code')).toBe(10);
    expect(await code('plan')).toBe(0);
    await mkdir(join(there.root, 'etc/postfix'), { recursive: true });
    await writeFile(join(there.root, 'etc/postfix/main.cf'), 'myhostname = by.hand.example\n');
    expect(await code('apply')).toBe(7);
    expect(await readFile(join(there.root, 'etc/postfix/main.cf'), 'utf8')).toBe('myhostname = by.hand.example\n');
    await there.write('version: 1\nuser: {}\n');
    for (const command of [['validate'], ['plan'], ['user', 'list'], ['domain', 'add', 'x.example'], ['apply']]) {
      expect(await code(...command)).toBe(3);
    }
  });
});
