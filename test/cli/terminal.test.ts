import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { scene, STATE, type Scene } from '../support/scene.ts';
import { CTRL_C, CTRL_D, ENTER, onTerminal, type Dialogue, type Seen } from '../support/terminal.ts';

const on = (there: Scene, args: string[], steps: Dialogue['steps']): Promise<Seen> =>
  onTerminal({ args, steps, env: { EBOXMAIL_ROOT: there.root } });

const WORD = 'Geheim-4711-ö';
const ADD = ['user', 'add', 'dora@example.com'];

async function expectUntouched(there: Scene): Promise<void> {
  expect(await there.text()).toBe(STATE);
  expect(await there.beside()).toEqual(['state.yaml']);
}

describe('a password', () => {
  it('is asked twice and not seen', async () => {
    const there = await scene(STATE);
    const seen = await on(there, ADD, [
      ['New password for dora@example.com', WORD + ENTER],
      ['The same again', WORD + ENTER],
    ]);
    expect(seen.code, seen.screen).toBe(0);
    expect(seen.raw).not.toContain(WORD);
    expect(seen.raw).not.toContain('Geheim');
    expect(seen.screen).toContain('added the user dora@example.com');
    expect(await there.text()).toMatch(/dora@example\.com:\n {4}password: "\{SHA512-CRYPT\}\$6\$/);
    const changed = await on(
      there,
      ['user', 'passwd', 'dora'],
      [
        ['New password', WORD + ENTER],
        ['The same again', WORD + ENTER],
      ],
    );
    expect(changed.code, changed.screen).toBe(0);
  });

  it('is refused when the two differ, or when it is empty', async () => {
    const there = await scene(STATE);
    const differ = await on(there, ADD, [
      ['New password', WORD + ENTER],
      ['The same again', `${WORD}x${ENTER}`],
    ]);
    expect(differ.code).toBe(2);
    expect(differ.screen).toContain('the two passwords differ');
    expect(differ.raw).not.toContain('Geheim');
    const empty = await on(there, ADD, [
      ['New password', ENTER],
      ['The same again', ENTER],
    ]);
    expect(empty.code).toBe(2);
    await expectUntouched(there);
  });

  it('is not asked when there is nothing to add', async () => {
    const there = await scene(STATE);
    expect((await on(there, ['user', 'add', 'alice@example.com'], [])).code).toBe(5);
    expect((await on(there, ['user', 'add', 'alice@example.com', '--if-not-exists'], [])).code).toBe(0);
    expect((await on(there, ['user', 'add', 'x@nowhere.test'], [])).code).toBe(4);
    expect((await on(there, ['user', 'add', 'x@example.com', '--no-account'], [])).code).toBe(0);
  });
});

describe('Ctrl-C and Ctrl-D', () => {
  it.each([
    ['at the first question', ADD, [['New password', CTRL_C]]],
    ['in the middle of a word', ADD, [['New password', WORD + CTRL_C]]],
    [
      'at the second question',
      ADD,
      [
        ['New password', WORD + ENTER],
        ['The same again', CTRL_C],
      ],
    ],
    ['at a confirmation', ['user', 'remove', 'alice@example.com'], [['Remove alice', CTRL_C]]],
    ['as an end of input', ADD, [['New password', CTRL_D]]],
  ] as readonly (readonly [string, string[], Dialogue['steps']])[])(
    '%s: 130, and nothing changed',
    async (_, args, steps) => {
      const there = await scene(STATE);
      const { code, screen, raw } = await on(there, args, steps);
      expect(code, screen).toBe(130);
      expect(screen).toContain('cancelled');
      expect(screen).not.toMatch(/this is a bug|\n\s+at /);
      expect(raw).not.toContain('Geheim');
      await expectUntouched(there);
      expect(await readdir(join(there.root, 'etc/eboxmail'))).toEqual(['state.yaml']);
    },
  );
});

describe('a confirmation', () => {
  it('is asked after what it means was shown; no is the default', async () => {
    for (const answer of [ENTER, `n${ENTER}`]) {
      const there = await scene(STATE);
      const { code, screen } = await on(
        there,
        ['user', 'remove', 'alice@example.com'],
        [['Remove alice@example.com?', answer]],
      );
      expect(code, screen).toBe(130);
      expect(screen).toContain('group staff loses alice@example.com');
      await expectUntouched(there);
    }
  });

  it('does it on yes', async () => {
    const there = await scene(STATE);
    const removed = await on(
      there,
      ['user', 'remove', 'alice@example.com'],
      [['Remove alice@example.com?', `y${ENTER}`]],
    );
    expect(removed.code, removed.screen).toBe(0);
    expect(await there.text()).not.toContain('alice@example.com');
    const cascade = await on(
      there,
      ['domain', 'remove', 'example.com', '--cascade'],
      [['Remove example.com', `y${ENTER}`]],
    );
    expect(cascade.code, cascade.screen).toBe(0);
    expect(await there.text()).not.toContain('@example.com');
  });

  it('shows what it means even with --quiet', async () => {
    const there = await scene(STATE);
    const { code, screen } = await on(
      there,
      ['-q', 'user', 'remove', 'alice@example.com'],
      [['Remove alice@example.com?', `n${ENTER}`]],
    );
    expect(code).toBe(130);
    expect(screen).toContain('group staff loses alice@example.com');
  });

  it('is not asked with --yes', async () => {
    const there = await scene(STATE);
    expect((await on(there, ['user', 'remove', 'alice@example.com', '--yes'], [])).code).toBe(0);
  });
});

describe('tables', () => {
  it('have a header on a terminal', async () => {
    const there = await scene(STATE);
    const { code, screen } = await on(there, ['user', 'list'], []);
    expect(code).toBe(0);
    expect(screen).toMatch(/ADDRESS\s+NAME\s+ACCOUNT\s+QUOTA/);
    expect(screen).toMatch(/alice@example\.com\s+Alice Liddell\s+yes\s+2 GB/);
  });

  it.each([80, 40])('fit into %d columns, with wide characters and long addresses', async (columns) => {
    const names = ['李明 王小明', '👩‍💻 Ada Lovelace', 'Bartholomew Featherstonehaugh'];
    const users = names.map((name, n) => `  user${n}@example.com: {name: "${name}", account: false}\n`).join('');
    const there = await scene(
      `version: 1\nserver: {mailname: mx.test.example}\ndomains: {example.com: }\nusers:\n${users}`,
    );
    const lines = async (args: string[]): Promise<string[]> => {
      const env = { EBOXMAIL_ROOT: there.root };
      const { code, screen } = await onTerminal({ args, steps: [], env, columns });
      expect(code).toBe(0);
      return screen.split('\r\n').filter((line) => line !== '');
    };
    const table = await lines(['user', 'list']);
    expect(Math.max(...table.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
    for (const word of names.flatMap((name) => name.split(' '))) expect(table.join('\n')).toContain(word);
    expect(table.length > names.length + 1).toBe(columns === 40);
    const long = `${'x'.repeat(60)}@example.com`;
    await there.ok(['user', 'add', long, '--no-account']);
    expect((await lines(['user', 'list'])).some((line) => line.includes(long))).toBe(true);
    expect(Math.max(...(await lines(['user', 'show', 'user2@example.com'])).map((line) => line.length))).toBeLessThan(
      columns + 1,
    );
  });

  it('and colours follow the terminal', async () => {
    const there = await scene(STATE);
    expect((await on(there, ['plan'], [])).raw).toContain('\u001b[32m');
    expect((await on(there, ['--color', 'never', 'plan'], [])).raw).not.toContain('\u001b[32m');
    const env = { EBOXMAIL_ROOT: there.root, NO_COLOR: '1' };
    expect((await onTerminal({ args: ['plan'], steps: [], env })).raw).not.toContain('\u001b[32m');
    const dumb = { EBOXMAIL_ROOT: there.root, TERM: 'dumb' };
    expect((await onTerminal({ args: ['plan'], steps: [], env: dumb })).raw).not.toContain('\u001b[32m');
  });
});
