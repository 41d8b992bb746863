import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { bash, BIN, scene, STATE, type Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

/** Names that no rule allows, and that a state holds until somebody mends it. */
const HOSTILE = `version: 1
server: {mailname: mx.test.example}
domains: {example.com: }
groups:
  "$(touch pwned)": {members: []}
  "\`touch pwned\`": {members: []}
  "a b;touch pwned": {members: []}
  "it's": {members: []}
  "two\\nlines": {members: []}
  "esc\\e[31m": {members: []}
  plain: {members: []}
`;

/** A directory for PATH in which eboxmail is the built program. */
async function shellPath(): Promise<string> {
  const directory = await tempDir();
  await writeFile(join(directory, 'eboxmail'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  await chmod(join(directory, 'eboxmail'), 0o755);
  return `${directory}:${process.env['PATH'] ?? ''}`;
}

/** What bash would put into the line, with its own word breaks. */
async function inBash(there: Scene, line: string): Promise<readonly string[]> {
  const script = `cd "$HERE"; source <(eboxmail completion bash); COMP_LINE=$LINE COMP_POINT=\${#LINE}
    compopt() { echo "compopt $*"; }; _eboxmail eboxmail; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { EBOXMAIL_ROOT: there.root, LINE: line, HERE: await tempDir(), PATH: await shellPath() };
  const { stdout, stderr } = await bash(script, env);
  expect(stderr).toBe('');
  expect(existsSync(join(env.HERE, 'pwned'))).toBe(false);
  return stdout.split('\n').filter((text) => text !== '');
}

describe('in bash', () => {
  it.each<[string, readonly string[]]>([
    ['eboxmail us', ['user']],
    ['eboxmail domain al', ['alias']],
    ['eboxmail user show al', ['alice@example.com']],
    // Only what is behind the last @ is replaced.
    ['eboxmail user show alice@', ['example.com']],
    ['eboxmail --json user show "ali', ['alice@example.com']],
    ['eboxmail user list --domain=other.', ['other.example']],
    ['eboxmail user list --domai', ['--domain']],
    ['cat x | eboxmail group show ', ['staff']],
    ['eboxmail alias list --kind e', ['external']],
    ['eboxmail alias add new@example.com st', ['staff']],
    ['eboxmail server set --smtp-tls r', ['required']],
    ['eboxmail user add ', []],
    ['eboxmail --state ', ['compopt -o default']],
    ['eboxmail help ad', ['addresses']],
    ['eboxmail nothing like that ', []],
    ['eboxmail --root /nonexistent user show ', []],
    ['eboxmail --state /dev/null group show ', []],
  ])('%s', async (line, found) => expect(await inBash(await scene(STATE), line)).toEqual(found));

  it('quotes what is in names, and runs none of it', async () => {
    const there = await scene(HOSTILE);
    expect(await inBash(there, 'eboxmail group show ')).toEqual([
      '\\$\\(touch\\ pwned\\)',
      '\\`touch\\ pwned\\`',
      'a\\ b\\;touch\\ pwned',
      "it\\'s",
      'plain',
    ]);
    expect(await inBash(there, 'eboxmail group show "')).toEqual(['plain']);
  });

  it('says nothing when there is no state, or one that is no YAML', async () => {
    expect(await inBash(await scene(), 'eboxmail user show ')).toEqual([]);
    expect(await inBash(await scene('users: {'), 'eboxmail user show ')).toEqual([]);
    expect(await runCli({ args: ['__complete'] })).toMatchObject({ code: 0, stderr: '' });
    expect(await runCli({ args: ['__complete', 'bash'] })).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes root and state from the line', async () => {
    const there = await scene();
    const other = await scene(STATE);
    expect(await inBash(there, `eboxmail --root ${other.root} user show bo`)).toEqual(['bob@example.com']);
    expect(await inBash(there, `eboxmail user --state=${other.statePath} show bo`)).toEqual(['bob@example.com']);
  });
});

/** Types into a shell on a pseudo-terminal until something appears. */
async function typed(
  command: string,
  env: Record<string, string>,
  keys: readonly string[],
  until: string,
): Promise<string> {
  const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
    env: { TERM: 'dumb', SHELL: '/bin/sh', HOME: '/nonexistent', ...env },
    stdio: 'pipe',
    detached: true,
  });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  const kill = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 25_000);
  try {
    for (const text of keys) {
      const before = seen.length;
      child.stdin.write(text);
      // An answer of the shell is what ends the waiting, whatever it is.
      for (let round = 0; round < 500 && seen.length - before <= text.length; round += 1) await sleep(10);
    }
    while (!seen.includes(until) && child.exitCode === null && child.signalCode === null) await sleep(10);
    child.stdin.write('\u0003\u0015exit\r');
    child.stdin.end();
    await closed;
  } finally {
    clearTimeout(kill);
  }
  return seen;
}

it('completes in a bash that somebody types into', async () => {
  const there = await scene(STATE);
  await writeFile(
    join(there.root, 'rc'),
    'PS1=\'ready> \'; source <(eboxmail completion bash); show() { echo "got:$*"; }\n',
  );
  const command = `bash --noprofile --rcfile ${there.root}/rc -i`;
  const env = { EBOXMAIL_ROOT: there.root, PATH: await shellPath() };
  const seen = await typed(command, env, ['eboxmail user show al\t', '\u0001show \r'], 'got:eboxmail');
  expect(seen).toContain('got:eboxmail user show alice@example.com');
});

it('completes in zsh', async () => {
  const there = await scene(HOSTILE.replace('groups:', 'users: {alice@example.com: {account: false}}\ngroups:'));
  const directory = join(there.root, 'zsh');
  await mkdir(directory);
  const rc = `autoload -Uz compinit; compinit -u -D; source <(eboxmail completion zsh); PS1='ready> '
show() { echo "got:$*" }
cd ${directory}\n`;
  await writeFile(join(directory, '.zshrc'), rc);
  const env = { EBOXMAIL_ROOT: there.root, PATH: await shellPath(), ZDOTDIR: directory };
  const user = await typed('zsh -i', env, ['', 'eboxmail user show al\t', '\u0001show \r'], 'got:eboxmail');
  expect(user).toContain('got:eboxmail user show alice@example.com');
  const group = await typed('zsh -i', env, ['', 'eboxmail group show a\t', '\u0001show \r'], 'got:eboxmail');
  expect(group).toContain('got:eboxmail group show a b;touch pwned');
  expect(existsSync(join(directory, 'pwned'))).toBe(false);
});

it('completes in fish', async () => {
  const there = await scene(
    HOSTILE.replace('groups:', 'users: {alice@example.com: {name: "$(id)", account: false}}\ngroups:'),
  );
  const script = `cd '${there.root}'; eboxmail completion fish | source
    complete -C 'eboxmail user show al'; complete -C 'eboxmail user list --domain '; complete -C 'eboxmail group show '`;
  await writeFile(join(there.root, 'script'), script);
  const env = { EBOXMAIL_ROOT: there.root, PATH: await shellPath(), HOME: there.root };
  const { stdout, stderr } = await bash(`fish --no-config ${there.root}/script`, env);
  expect(stderr).toBe('');
  expect(stdout).toContain('alice@example.com\t$(id)\n');
  expect(stdout).toContain('example.com\tdomain\n');
  expect(stdout).toContain('plain\tgroup\n');
  expect(stdout).not.toMatch(/lines|esc/);
  expect(existsSync(join(there.root, 'pwned'))).toBe(false);
});
