import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, scene, STATE } from '../support/scene.ts';

const LINES = `# a new department
domain add new.example
user add dora@new.example --name "Dora O'Neil" --password-hash '${HASH}'   # quoted

user add emil@new.example --no-account
alias add sales@new.example dora@new.example
group add sales dora@new.example emil@new.example
user set alice@example.com --quota '3 GB'
domain catch-all new.example --unknown-to dora@new.example
network add office
network member add office lan 192.0.2.0/24
relay allow office
server set --message-size "30 MB"
filter set none
`;

describe('batch', () => {
  it('does what its lines do one after the other, byte for byte, in one write', async () => {
    const [one, other] = [await scene(STATE), await scene(STATE)];
    const { stderr } = await one.ok(['batch', '-'], { input: LINES });
    expect(stderr).toContain('done: 12 changes');
    for (const line of LINES.split('\n')) {
      const words = [...line.replace(/#.*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
        ([, a, b, c]) => a ?? b ?? c ?? '',
      );
      if (words.length > 0) await other.ok(words);
    }
    expect(await one.text()).toBe(await other.text());
    expect(await one.beside()).toEqual(['state.yaml']);
  });

  it('finds a state where there is none, when the batch adds a domain', async () => {
    const there = await scene();
    await there.ok(['batch'], { input: 'domain add example.com\nuser add a@example.com --no-account\n' });
    expect(await there.text()).toContain('a@example.com');
    const without = await scene();
    expect((await without.run(['batch'], { input: 'user add a@example.com --no-account\n' })).code).toBe(4);
  });

  it('tells all that is wrong with file, line and column, and changes nothing', async () => {
    const there = await scene(STATE);
    const file = join(there.root, 'lines.txt');
    const lines = [
      'domain add fine.example',
      'user add alice@example.com --no-account',
      'usr add x@example.com',
      'user ad x@example.com',
      "user add 'x@example.com",
      'user add y@example.com --no-account --quota 3X',
      'user add z@example.com --no-account ; rm -rf /',
      'server set --mailname fine.example',
      'user list',
      'user add z@example.com --no-account --apply',
      'user add z@example.com --password-stdin',
      '--root / user add z@example.com',
      'user add z@example.com --no-account --root /',
      'user --help',
      'batch other.txt',
      'user remove alice@example.com',
      'user restore --list',
      'user add z@example.com',
    ];
    await writeFile(file, lines.join('\r\n'));
    const said = await there.refuses(5, ['batch', file]);
    const at = (line: number, column = ''): string => `lines.txt:${line}${column}: error: `;
    for (const expected of [
      `${at(2)}the user alice@example.com is already there`,
      `${at(3)}unknown command 'usr' (Did you mean user?)`,
      `${at(4)}unknown command 'ad' (Did you mean add?)`,
      `${at(5, ':10')}a quote is not closed`,
      `${at(6)}"3X" is no size`,
      `${at(7, ':37')}; is nothing that is acted on here`,
      `${at(8)}server.mailname: the mailname "fine.example" is also a mail domain`,
      `${at(9)}"user list" does not edit the state`,
      `${at(10)}--apply is nothing for a line`,
      `${at(11)}--password-stdin is nothing for a line`,
      `${at(12)}--root is no command`,
      `${at(13)}--root is nothing for a line`,
      `${at(15)}"batch" does not edit the state`,
      `${at(16)}this needs an answer: Remove alice@example.com?`,
      `${at(17)}"restore --list" does not edit the state`,
      `${at(18)}a password for z@example.com is needed`,
      '17 errors, so nothing was changed',
      'group staff loses alice@example.com',
    ]) {
      expect(said).toContain(expected);
    }
    expect(said).not.toContain('lines.txt:1:');
  });

  it('reads passwords from files, and keeps what belongs beside the state until it is written', async () => {
    const there = await scene(STATE);
    const secret = join(there.root, 'secret');
    await writeFile(secret, 'Geheim 4711\n', { mode: 0o600 });
    const line = `relay smarthost set smtp.test.example:587 --username u --password-file ${secret}\n`;
    const fetch = `fetch add alice@example.com al@isp.test --server pop.isp.test --protocol pop3s --password-file ${secret}\n`;
    const failed = await there.refuses(4, ['batch'], {
      input: `${line}${fetch}user set nobody@example.com --quota default\n`,
    });
    expect(failed).toContain('standard input:3: error: there is no user nobody@example.com');
    expect(await readdir(join(there.root, 'etc/eboxmail'))).not.toContain('secrets');
    await chmod(secret, 0o644);
    const { stderr, stdout } = await there.ok(['batch', '--json'], {
      input: `${line}${fetch}user add dora@example.com --password-file ${secret}\n`,
    });
    expect(stderr).toContain(`others can read ${secret}`);
    expect(stdout + stderr).not.toContain('Geheim');
    expect(JSON.parse(stdout)).toMatchObject({
      changed: true,
      commands: [
        { line: 1, changed: true, smarthost: 'smtp.test.example:587' },
        { line: 2, changed: true, address: 'al@isp.test' },
        { line: 3, changed: true, user: 'dora@example.com' },
      ],
    });
    expect(await there.text()).toContain('{SHA512-CRYPT}$6$rounds=100000$');
    const secrets = await readdir(join(there.root, 'etc/eboxmail/secrets'));
    expect(secrets.map((name) => name.replace(/-[0-9a-f]{8}$/, '')).sort()).toEqual([
      'fetch-alice@example.com-al@isp.test',
      'smarthost',
    ]);
  });

  it('leaves nothing after --dry-run where there was nothing', async () => {
    const there = await scene();
    await there.ok(['batch', '--dry-run'], { input: 'domain add example.com\n' });
    expect(await readdir(join(there.root, '..'))).not.toContain('root');
  });

  it('keeps the mail of an address that is removed with its mail and given to somebody again', async () => {
    const there = await scene(STATE);
    const lines = 'user remove bob@example.com --purge --yes\nuser add bob@example.com --no-account\n';
    await there.ok(['batch'], { input: lines });
    await there.ok(['batch'], { input: 'user remove bob@example.com --purge --yes\n' });
    const purge = join(there.root, 'var/lib/eboxmail/purge');
    expect(await readFile(purge, 'utf8')).toBe('bob@example.com\n');
    await there.ok(['batch'], { input: 'user add bob@example.com --no-account\n' });
    expect(await readFile(purge, 'utf8')).toBe('');
    await there.ok(['batch'], { input: lines });
    expect(await readFile(purge, 'utf8')).toBe('');
  });

  it('prints the passwords that it makes', async () => {
    const there = await scene(STATE);
    const { stdout } = await there.ok(['batch'], {
      input: 'user add d@example.com --generate-password\nuser add e@example.com --no-account\n',
    });
    expect(stdout).toMatch(/^d@example\.com\t\S{20}\n$/);
  });

  it('is content with what is so already where lines say so', async () => {
    const there = await scene(STATE);
    const input = 'user add alice@example.com --no-account --if-not-exists\nuser remove x@example.com --if-exists\n';
    const { stderr } = await there.ok(['batch'], { input });
    expect(stderr).toContain('done: 0 changes; 2 were so already');
    expect(await there.text()).toBe(STATE);
  });

  it('changes nothing with --dry-run, and asks nobody with --yes', async () => {
    const there = await scene(STATE);
    const input = 'user remove alice@example.com\n';
    const { stderr } = await there.ok(['batch', '--dry-run', '--yes'], { input });
    expect(stderr).toContain('nothing was changed; it would be 1 change');
    expect(await there.text()).toBe(STATE);
    await there.ok(['batch'], { input: 'user remove alice@example.com --yes\n' });
    expect(await there.text()).not.toContain('alice@example.com');
  });

  it('is refused when it is nothing, no text or not there', async () => {
    const there = await scene(STATE);
    await there.refuses(2, ['batch'], { input: '# only a comment\n' });
    await there.refuses(4, ['batch', join(there.root, 'nothing.txt')]);
    const latin = join(there.root, 'latin');
    await writeFile(latin, Buffer.from('user add x@example.com --name Zo\xeb', 'latin1'));
    expect(await there.refuses(2, ['batch', latin])).toContain('not in UTF-8');
  });

  it('does ten thousand lines without looking through all that is there for each', async () => {
    const there = await scene(STATE);
    const input = Array.from({ length: 10_000 }, (_, n) => `user add u${n}@example.com --no-account`).join('\n');
    const { stderr } = await there.ok(['batch'], { input });
    expect(stderr).toContain('done: 10000 changes');
    const again = await there.refuses(5, ['batch'], { input });
    expect(again).toContain('… and 9900 more');
  }, 120_000);

  it('does not let a line rename whom an earlier one has changed', async () => {
    const there = await scene(STATE);
    const input = 'user set bob@example.com --name Bob\nuser rename bob@example.com rob@example.com\n';
    expect(await there.refuses(2, ['batch'], { input })).toContain('an earlier line has changed bob@example.com');
    await there.ok(['batch'], {
      input: 'user rename bob@example.com rob@example.com\nalias remove al@example.com --yes\n',
    });
    expect(await there.text()).toContain('rob@example.com: {password');
  });
});
