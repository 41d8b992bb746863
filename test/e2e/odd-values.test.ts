import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { copies, imapLogin, loggedIn, PASSWORD_HASH, send, sendAsStranger, tryLogin } from '../support/mail.ts';
import { useSandbox } from '../support/sandbox.ts';

const PASSWORDS = [
  ' leading and trailing ',
  '"double" and \'single\'',
  'back\\slash\\',
  '$HOME ${x} $(id) `id`',
  '%u %{user} 100%%',
  'a:b:c::d',
  '# no comment #',
  '{PLAIN}nested',
  'Grüße, Ωμέγα, 密码, 🔑',
  '<file>/etc/passwd',
  '=3D?utf-8?q? &amp; ~!@^*()[]|;,.',
  '-n',
  'x'.repeat(511),
] as const;

const LONG_LOCAL = 'l'.repeat(64);
const LONG_DOMAIN = `${'d'.repeat(63)}.${'e'.repeat(60)}.${'f'.repeat(59)}.test`;
const LONG = `${LONG_LOCAL}@${LONG_DOMAIN}`;

const users = PASSWORDS.flatMap((password, n) => [
  `  plain${n}@a.test: {password: ${JSON.stringify(`{PLAIN}${password}`)}}`,
  `  file${n}@a.test: {password: {file: secrets/p${n}}}`,
]);

const STATE = `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
  ${LONG_DOMAIN}: {}
  bücher.test: {aliases: [straße.test]}
  1-2.3com.test: {}
users:
${users.join('\n')}
  named@a.test: {name: "Alice \\"The # Hash\\" O'Neil: {x} %u $y", password: "${PASSWORD_HASH}"}
  ${LONG}: {password: "${PASSWORD_HASH}"}
  Info@Bücher.test: {password: "${PASSWORD_HASH}"}
  a@1-2.3com.test: {password: "${PASSWORD_HASH}"}
  "1@a.test": {password: "${PASSWORD_HASH}"}
  _.-x@a.test: {password: "${PASSWORD_HASH}"}
  "true@a.test": {password: "${PASSWORD_HASH}"}
aliases:
  kontakt@bücher.test: info@bücher.test
`;

const sandbox = useSandbox({
  state: STATE,
  tolerate: [/warning: \S+: SASL PLAIN authentication failed/],
  prepare: async (directory) => {
    await mkdir(`${directory}/secrets`, { mode: 0o700 });
    for (const [n, password] of PASSWORDS.entries()) {
      await writeFile(`${directory}/secrets/p${n}`, `{PLAIN}${password}\n`, { mode: 0o600 });
    }
  },
});

describe('odd passwords', () => {
  beforeAll(async () => {
    await Promise.all(
      PASSWORDS.map((password, n) =>
        sandbox().ok(['user', 'add', `stdin${n}@a.test`, '--password-stdin'], { input: `${password}\n` }),
      ),
    );
    await sandbox().ok(['apply']);
  });

  const cases = PASSWORDS.map((password, n) => [password.slice(0, 30), password, n] as const);
  it.each(cases)('%s', async (_, password, n) => {
    await Promise.all(
      ['stdin', 'plain', 'file'].map(async (kind) => {
        const user = `${kind}${n}@a.test`;
        expect((await tryLogin(sandbox(), user, { password })).lines[0], `SMTP ${user}`).toMatch(/^235 /);
        expect(await imapLogin(sandbox(), user, password), `IMAP ${user}`).toBe(true);
      }),
    );
  });

  it('near misses are refused', async () => {
    const misses = PASSWORDS.map((password, n) => [`stdin${n}@a.test`, password === '-n' ? '' : password.slice(0, -1)]);
    const all = misses.flatMap(([user = '', password = '']) =>
      ['stdin', 'plain', 'file'].map((kind) => tryLogin(sandbox(), user.replace('stdin', kind), { password })),
    );
    expect(new Set((await Promise.all(all)).map(({ code }) => code))).toEqual(new Set([535]));
  });
});

describe('odd names', () => {
  it.each([
    ['a name with quotes and #', 'named@a.test', 'named@a.test'],
    ['the longest address', LONG, LONG],
    ['an IDN domain', 'info@xn--bcher-kva.test', 'info@xn--bcher-kva.test'],
    ['digits and hyphens', 'a@1-2.3com.test', 'a@1-2.3com.test'],
    ['a number', '1@a.test', '1@a.test'],
    ['only signs', '_.-x@a.test', '_.-x@a.test'],
    ['a word of YAML', 'true@a.test', 'true@a.test'],
  ])('%s: login, mail out and mail in', async (_, address, account) => {
    expect(await imapLogin(sandbox(), address)).toBe(true);
    const client = await loggedIn(sandbox(), address);
    const { token } = await send(client, address, [address, 'named@a.test']);
    await client.quit();
    const expected = { [account]: 1, 'named@a.test': 1 };
    expect(await copies(sandbox(), token, [account, 'named@a.test'])).toEqual(expected);
  });

  it.each(['kontakt@xn--bcher-kva.test', 'info@xn--strae-oqa.test', 'kontakt+x@xn--strae-oqa.test'])(
    '%s reaches the account in the IDN domain',
    async (address) => {
      const token = await sendAsStranger(sandbox(), address);
      const account = 'info@xn--bcher-kva.test';
      expect(await copies(sandbox(), token, [account])).toEqual({ [account]: 1 });
    },
  );

  it('the longest address can be removed, and its mail is kept', async () => {
    await sandbox().ok(['user', 'remove', LONG, '--apply']);
    expect((await tryLogin(sandbox(), LONG)).code).toBe(535);
    const kept = await readdir(`${sandbox().root}/var/vmail/.archive`, { recursive: true });
    expect(kept.some((name) => name.includes(LONG_LOCAL))).toBe(true);
    expect(await readdir(`${sandbox().root}/var/vmail/${LONG_DOMAIN}`)).toEqual([]);
  });
});
