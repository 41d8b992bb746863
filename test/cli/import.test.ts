import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HASH, scene, STATE, type Scene } from '../support/scene.ts';

async function csv(there: Scene, text: string): Promise<string> {
  const file = join(there.root, 'users.csv');
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const TABLE = `address,name,password,password_hash,quota,account,aliases,groups
dora@example.com,"Dora ""Dot"" O'Neil, MA",Geheim 4711,,3 GB,,d@example.com dot@other.example,staff
emil@other.example,,,${HASH},,yes,,staff

frieda@example.com,-x,,,,no,,
`;

describe('user import', () => {
  it('adds users with aliases and groups; passwords are hashed', async () => {
    const there = await scene(STATE);
    const file = await csv(there, TABLE);
    const { stdout, stderr } = await there.ok(['user', 'import', file]);
    expect(stdout).toBe('');
    expect(stderr).toContain('done: 6 changes');
    expect(stderr).not.toContain('others can read');
    const text = await there.text();
    expect(text).toContain(
      `  dora@example.com:\n    name: Dora "Dot" O'Neil, MA\n    password: "{SHA512-CRYPT}$6$rounds=100000$`,
    );
    expect(text).toContain('    quota: 3 GB\n');
    expect(text).toContain('  frieda@example.com:\n    name: -x\n    account: false\n');
    expect(text).toContain('  dot@other.example: dora@example.com\n');
    expect(text).toContain('members: [alice@example.com, carol@other.example, dora@example.com, emil@other.example]');
    expect(text).not.toContain('Geheim');
    await there.refuses(5, ['user', 'import', file]);
    expect((await there.ok(['user', 'import', file, '--if-not-exists'])).stderr).toContain('done: 0 changes');
  });

  it('takes what spreadsheets write, and standard input', async () => {
    const there = await scene(STATE);
    const input = `\ufeffAddress;Name;Password Hash\r\nzoe@example.com;"Zoë; Sr.";${HASH}\r\n`;
    await there.ok(['user', 'import', '-'], { input });
    expect(await there.text()).toContain('name: Zoë; Sr.');
  });

  it('tells all that is wrong with row and column, and changes nothing', async () => {
    const there = await scene(STATE);
    const rows = [
      'address,name,password,password_hash,quota,account,aliases,groups',
      `alice@example.com,,,${HASH},,,,`,
      `x@nowhere.example,,,${HASH},,,,`,
      `,,,${HASH},,,,`,
      `a@example.com,,,${HASH},3X,perhaps,,`,
      `b@example.com,"two\nlines",,${HASH},,,,`,
      'c@example.com,,{SHA512-CRYPT}$6$a$b,,,,,',
      `d@example.com,,,{NOPE,,,,`,
      `e@example.com,,,${HASH},,,bob@example.com,`,
      `f@example.com,,,${HASH},3X,,,nobody`,
      `g@example.com,too,few`,
      'h@example.com,,,,,,,',
      `--yes,,,${HASH},,,,`,
      `i@example.com,,secret,${HASH},,,,`,
    ];
    const said = await there.refuses(5, ['user', 'import', await csv(there, rows.join('\n'))]);
    for (const expected of [
      'users.csv:2: address: error: the user alice@example.com is already there',
      'users.csv:3: address: error: there is no domain nowhere.example',
      'users.csv:4: address: error: there is no address',
      'users.csv:5: quota: error: "3X" is no size',
      'users.csv:5: account: error: "perhaps" is neither yes nor no',
      'users.csv:6: name: error: users.b@example.com.name: ',
      'users.csv:8: password: error: the password looks like a hash',
      'users.csv:9: password_hash: error: the password hash ',
      'users.csv:10: aliases: error: bob@example.com is already a user',
      'users.csv:11: quota: error: "3X" is no size',
      'users.csv:11: groups: error: there is no group nobody',
      'users.csv:12: error: the row has 3 cells, and the first line names 8 columns',
      'users.csv:13: password: error: a password for h@example.com is needed',
      'users.csv:14: address: error: "--yes" ',
      'users.csv:15: password: error: there is a hash as well',
    ]) {
      expect(said).toContain(expected);
    }
    expect(said).not.toContain('secret');
  });

  it('tells of a row what is wrong there, in the words of the table, and not of others that name it', async () => {
    const there = await scene(STATE);
    const rows = [
      'address,password,password_hash,aliases,groups',
      'dora@example.com,Geheim 4711,,,staff',
      'emil@example.com,,,e@example.com,staff',
      'frieda@example.com,,$6$a$b,,staff',
    ];
    const file = await csv(there, rows.join('\n'));
    expect(await there.refuses(2, ['user', 'import', file])).toBe(
      `users.csv:3: password: error: a password for emil@example.com is needed
    give it with --generate-passwords, or in the column password or password_hash
users.csv:4: password_hash: error: the password hash has no {SCHEME} in front, so it may be clear text
    write it as Dovecot does: {SHA512-CRYPT}$6$…; a password in clear goes into the column password
eboxmail: 2 errors, so nothing was changed
`,
    );
    // What is left of a row and a group is looked at all the same.
    await csv(there, rows.slice(0, 3).join('\n').replaceAll('staff', 'nobody'));
    const said = await there.refuses(4, ['user', 'import', file]);
    expect(said).toContain('users.csv:2: groups: error: there is no group nobody');
    expect(said).not.toContain('there is no user');
  });

  it.each([
    ['', /is empty/],
    ['address\n', /holds no user/],
    ['adress,name\na@example.com,x\n', /column 1 is named "adress"[\s\S]*did you mean address\?/],
    ['name\nx\n', /there is no column address/],
    ['address,address\na,b\n', /twice/],
    ['address\n"a@example.com\n', /is no CSV: a quote is not closed/],
    ['password,address\n"x"y,a@example.com\n', /:2 is no CSV: something stands behind a closing quote/],
    ['x"y,a@example.com\n', /:1 is no CSV: a quote stands within a value/],
    // A file without the names of its columns: its first line may hold a password.
    ['hunter2,a@example.com\n', /:1: the first line does not name the columns\n(?![\s\S]*hunter2)/],
  ])('is refused when it is %j', async (text, why) => {
    const there = await scene(STATE);
    expect(await there.refuses(2, ['user', 'import', await csv(there, text)])).toMatch(why);
  });

  it('changes nothing with --dry-run, makes passwords, warns when others can read', async () => {
    const there = await scene(STATE);
    const file = await csv(there, 'address,password\ndora@example.com,\nemil@example.com,Geheim 4711\n');
    await chmod(file, 0o644);
    const dry = await there.ok(['user', 'import', file, '--dry-run', '--generate-passwords']);
    expect(dry.stderr).toContain('nothing was changed; it would be 2 changes');
    expect(dry.stderr).toContain(`others can read ${file}`);
    expect(dry.stdout).toBe('');
    expect(await there.text()).toBe(STATE);
    const { stdout } = await there.ok(['user', 'import', file, '--generate-passwords']);
    expect(stdout).toMatch(/^dora@example\.com\t\S{20}\n$/);
    const json = await there.json(['user', 'import', file, '--if-not-exists', '--generate-passwords']);
    expect(json).toMatchObject({
      changed: false,
      commands: [
        { line: 2, changed: false },
        { line: 3, changed: false },
      ],
    });
  });
});
