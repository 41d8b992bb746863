import { describe, expect, it } from 'vitest';
import { checkStateSchema } from '../../../src/core/state/check-schema.ts';
import { parseState } from '../../../src/core/state/parse.ts';
import { problemText } from '../../../src/ui/problems.ts';

/** What is said of a text, with the lines that are shown. */
function said(text: string): string {
  const parsed = parseState(text);
  const found = parsed.problems.length > 0 ? parsed.problems : checkStateSchema(parsed.data).map(parsed.located);
  return found.map((problem) => problemText('state.yaml', problem)).join('\n');
}

const user = (entry: string): string =>
  `version: 1\nserver: {mailname: mx.example.org}\nusers:\n  alice@example.com:\n${entry}\n`;

describe('a secret is never shown', () => {
  it.each([
    ['a quote that is not closed', user('    password: "{PLAIN}GEHEIM\n    x: y')],
    ['a single quote that is not closed', user("    password: 'GEHEIM\n    x: y")],
    ['no quotes', user('    password: {PLAIN}GEHEIM')],
    ['a hash without quotes', user('    password: {SHA512-CRYPT}$6$GEHEIM$x')],
    ['a misspelt key', user('    pasword: GEHEIM')],
    ['a misspelt key in what is no YAML', user('    pasword: GEHEIM\n   x: [')],
    ['a key of another language in flow style', user('    {name: x, secret: GEHEIM, account: maybe}')],
    ['a value on the next line', user('    password:\n      GEHEIM: x: y')],
    ['a value on the next line, no YAML', user('    password: "a\n      GEHEIM" x')],
    ['a tag', user('    password: !GEHEIM x')],
    ['an alias', user('    password: *GEHEIM')],
    ['an anchor', user('    password: &GEHEIM 5')],
    ['an anchor elsewhere', user('    qouta: &a GEHEIM\n    password: *a')],
    ['lines of a quoted text', user('    password: "{PLAIN}a\n      GEHEIM"\n    colour: x')],
    ['the end of a quoted text before a mistake', user('    {password: "{PLAIN}a\n      GEHEIM", colour: x}')],
    ['a block', user('    password: |\n      GEHEIM\n    colour: x')],
    ['a block of the wrong type', user('    password: 5 # GEHEIM')],
    ['a comment', user('    colour: blue # was GEHEIM')],
    ['a comment in what is no YAML', user('    name: "x" y # was GEHEIM')],
    ['a list', user('    password: [GEHEIM]')],
    ['a list that is not closed', user('    password: [GEHEIM')],
    ['a map', user('    password: {GEHEIM: x}')],
    ['instead of the user', 'version: 1\nusers: {alice@example.com: GEHEIM}'],
    ['instead of the users', 'version: 1\nusers: GEHEIM'],
    ['a key that is there twice', user('    password: "{PLAIN}a"\n    password: "{PLAIN}GEHEIM"')],
    ['of a smarthost', 'version: 1\nrelay: {smarthost: {host: a b, username: u, password: GEHEIM}}'],
    ['of an account elsewhere', user('    fetch:\n      - {address: x, password: GEHEIM, port: no}')],
    ['under an unknown key', user('    more: {of: [it, GEHEIM]}')],
    ['with a carriage return', user('    password: "{PLAIN}GEHEIM\r\n    x: y').replaceAll('\n', '\r\n')],
  ])('%s', (_, text) => {
    const words = said(text);
    expect(words).toMatch(/state\.yaml:\d+:\d+: error: /);
    expect(words).not.toContain('GEHEIM');
  });
});

it.each([
  [user('    name: Alice\n    account: maybe'), '6 |     account: maybe', '6 |              ^'],
  ['version: 1\nusers: {"li@example.com": {name: "李明", account: 7}}', '"李明", account: 7}}', ''],
  ['\uFEFFverison: 1', '1 | verison: <hidden>', '1 | ^'],
])('%j is shown', (text, line, caret) => {
  expect(said(text)).toContain(line);
  expect(said(text)).toContain(caret.replace(/\d/, ' '));
});
