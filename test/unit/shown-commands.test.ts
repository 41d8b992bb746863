import { expect, it } from 'vitest';
import { COMMANDS_ON_A_ROOT, ShownCommands } from '../../src/cli/shown-commands.ts';
import { HEADER } from '../../src/core/render/rendered-file.ts';
import { allCommands } from '../support/program.ts';

const both = new ShownCommands({ root: '/srv/mail', state: 'new.yaml' });

it('knows every command', async () => {
  const [program] = await allCommands();
  const names = program?.command.commands.map((one) => one.name()) ?? [];
  expect(names.sort()).toEqual([...COMMANDS_ON_A_ROOT, 'completion', 'help', 'sandbox', 'schema'].sort());
});

it.each([
  ['make it so: eboxmail apply', 'make it so: eboxmail --root /srv/mail --state new.yaml apply'],
  ['"eboxmail plan"; "eboxmail apply" too', /^"eboxmail --root \S+ --state \S+ plan"; "eboxmail --root \S+ --state/],
  [
    'first: eboxmail domain alias remove a.test b.test',
    /eboxmail --root \S+ --state \S+ domain alias remove a\.test b/,
  ],
  ['eboxmail sandbox start /srv/mail', 'eboxmail --state new.yaml sandbox start /srv/mail'],
  ['eboxmail sandbox stop /srv/mail', 'eboxmail sandbox stop /srv/mail'],
  ['eboxmail --root /elsewhere status', 'eboxmail --root /elsewhere status'],
  ['see: eboxmail user add --help', 'see: eboxmail user add --help'],
  ['another eboxmail is at work, and eboxmail plans', 'another eboxmail is at work, and eboxmail plans'],
  ['/var/lib/eboxmail apply', '/var/lib/eboxmail apply'],
  [HEADER, HEADER],
  [`  +${HEADER}`, `  +${HEADER}`],
  ['    14 | # eboxmail apply\n       | ^', '    14 | # eboxmail apply\n       | ^'],
])('%s', (text, expected) => {
  const completed = both.complete(text);
  if (typeof expected === 'string') expect(completed).toBe(expected);
  else expect(completed).toMatch(expected);
  expect(both.complete(completed), 'once is enough').toBe(completed);
});

it('a shell takes the value for one word, and a terminal acts on nothing in it', () => {
  const complete = (root: string): string => new ShownCommands({ root }).complete('eboxmail apply');
  expect(complete('my mail')).toBe("eboxmail --root 'my mail' apply");
  expect(complete("it's $1")).toBe("eboxmail --root 'it'\\''s $1' apply");
  expect(complete('a\u001b[2Jb')).not.toContain('\u001b');
});

it('without options, nothing changes; and a command may be about a root that it names otherwise', () => {
  expect(new ShownCommands({}).complete('eboxmail apply')).toBe('eboxmail apply');
  const sandbox = new ShownCommands({ state: 'new.yaml' });
  sandbox.turnTo('/tmp/mail');
  expect(sandbox.complete('eboxmail apply; eboxmail sandbox start /tmp/mail')).toBe(
    'eboxmail --root /tmp/mail apply; eboxmail --state new.yaml sandbox start /tmp/mail',
  );
});
