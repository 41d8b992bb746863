import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modeOf, scene } from '../support/scene.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}
domains: {example.com: {aliases: [example.net]}}
`;

const STDIN = ['--username', 'alice', '--password-stdin'];

describe('relay smarthost', () => {
  it('is set, shown and unset; the password is in one file', async () => {
    const there = await scene(STATE);
    const secret = join(there.root, 'etc/eboxmail/secrets/smarthost');
    await there.ok(['relay', 'smarthost', 'set', 'Smtp.isp.example:587', ...STDIN], { input: 's3cret:#\n' });
    expect(await there.text()).toBe(
      `${STATE}relay:\n  smarthost:\n    host: Smtp.isp.example\n    port: 587\n    username: alice\n    password: {file: secrets/smarthost}\n`,
    );
    expect([await readFile(secret, 'utf8'), await modeOf(secret)]).toEqual(['s3cret:#\n', '0600']);
    expect(await there.json(['relay', 'show'])).toEqual({
      smarthost: { host: 'smtp.isp.example', port: 587, username: 'alice', tls: 'required' },
      rules: [],
      networks: {},
    });
    // Only the password is another one: the state is as it was.
    expect(
      await there.json(['relay', 'smarthost', 'set', 'Smtp.isp.example:587', ...STDIN], { input: 'other' }),
    ).toMatchObject({ changed: true });
    expect(await readFile(secret, 'utf8')).toBe('other\n');
    expect(
      await there.json(['relay', 'smarthost', 'set', 'Smtp.isp.example:587', ...STDIN], { input: 'other' }),
    ).toEqual({ changed: false });
    const { stderr } = await there.ok(['relay', 'smarthost', 'unset']);
    expect(stderr).toContain('the password stays in secrets/smarthost');
    expect(await there.text()).toBe(STATE);
    expect(await there.json(['relay', 'smarthost', 'unset'])).toEqual({ changed: false });
  });

  it.each([
    ['smtp.isp.example', 'smtp.isp.example', 25],
    ['[Smtp.isp.example]:465', '[smtp.isp.example]', 465],
    ['192.0.2.25', '192.0.2.25', 25],
    ['[192.0.2.25]:2525', '192.0.2.25', 2525],
    ['[2001:DB8::25]', '[2001:db8::25]', 25],
    ['bücher.example:26', 'xn--bcher-kva.example', 26],
    ['localhost:2525', 'localhost', 2525],
  ])('takes %s', async (text, host, port) => {
    const there = await scene(STATE);
    await there.ok(['relay', 'smarthost', 'set', text]);
    expect(await there.json(['relay', 'show'])).toMatchObject({
      smarthost: { host, port, username: null, tls: 'opportunistic' },
    });
  });

  it('refuses what is none, and writes nothing', async () => {
    const there = await scene(STATE);
    const set = ['relay', 'smarthost', 'set'];
    const wrong = [
      '',
      ':25',
      'a:0',
      'a:70000',
      'a:abc',
      'a:',
      'a:25:26',
      '::1',
      '[::1',
      '[::1]x',
      'a b',
      'a\nb',
      '$x',
      'a#b',
      '-a.example',
      '[]',
      '1.2.3',
      'smtp:x@y',
    ];
    for (const text of wrong) await there.refuses(2, [...set, '--', text]);
    await there.refuses(3, [...set, 'mx.test.example']);
    expect(await there.refuses(2, [...set, 'a.example', '--username', 'u'])).toContain('--password-stdin');
    await there.refuses(2, [...set, 'a.example', '--password-stdin'], { input: 'x' });
    await there.refuses([2, 3], [...set, 'a.example', '--username', 'a:b', '--password-stdin'], { input: 'x' });
    for (const input of ['', ' x', 'x ', 'a\nb', 'a\tb', 'a\0b']) {
      await there.refuses(2, [...set, 'a.example', ...STDIN], { input });
    }
    await there.refuses(2, [...set, 'a.example', '--tls', 'maybe']);
    await there.refuses(3, [...set, '192.0.2.1', '--tls', 'verify']);
  });

  it('of a state elsewhere has its password beside that', async () => {
    const there = await scene(STATE);
    const own = await there.text();
    const state = join(there.root, 'elsewhere.yaml');
    await writeFile(state, STATE);
    await there.ok(['--state', state, 'relay', 'smarthost', 'set', 'a.example', ...STDIN], { input: 's3cret' });
    expect(await modeOf(join(there.root, 'secrets/smarthost'))).toBe('0600');
    expect(await modeOf(join(there.root, 'secrets'))).toBe('0700');
    expect((await there.ok(['--state', state, 'plan'])).stdout).toContain('+a.example:25 <hidden>\n');
    expect([await there.text(), await there.beside()]).toEqual([own, ['state.yaml']]);
  });

  it('reads its password again when applying, and says what is wrong with the file', async () => {
    const there = await scene(STATE);
    const secret = join(there.root, 'etc/eboxmail/secrets/smarthost');
    await there.ok(['relay', 'smarthost', 'set', 'a.example', ...STDIN], { input: 's3cret' });
    const plan = await there.ok(['plan']);
    expect(plan.stdout).toContain('+a.example:25 <hidden>\n');
    expect(plan.stdout).not.toContain('s3cret');
    for (const [content, why] of [
      ['', 'is empty'],
      ['a\nb\n', 'has more than one line'],
      [' s3cret\n', 'begins or ends with a blank'],
      [Buffer.from([0x61, 0xe9]), 'is not in UTF-8'],
    ] as const) {
      await writeFile(secret, content);
      expect(await there.run(['plan'])).toMatchObject({ code: 1, stderr: expect.stringContaining(why) as string });
    }
  });
});

describe('relay rule', () => {
  it('is added, listed and removed', async () => {
    const there = await scene(STATE);
    const add = ['relay', 'rule', 'add'];
    await there.ok([...add, 'sender', 'Sales@Example.com', 'smtp.isp.example:587', ...STDIN], { input: 's3cret-1' });
    await there.ok([...add, 'sender', 'example.com', 'smtp.isp.example:587', '--username', 'bob', '--password-stdin'], {
      input: 's3cret-2',
    });
    await there.ok([...add, 'recipient', 'partner.example', '--direct']);
    expect(await there.json(['relay', 'rule', 'list'])).toEqual([
      { sender: 'sales@example.com', host: 'smtp.isp.example', port: 587, username: 'alice', tls: 'required' },
      { sender: 'example.com', host: 'smtp.isp.example', port: 587, username: 'bob', tls: 'required' },
      { recipient: 'partner.example', direct: true },
    ]);
    const plan = await there.ok(['plan']);
    expect(plan.stdout).toContain('gains sender sales@example.com host smtp.isp.example port 587 username alice');
    expect(plan.stdout).not.toMatch(/s3cret/);
    expect(await there.text()).toContain('secrets/relay-sender-sales@example.com');
    await there.refuses(5, [...add, 'sender', 'sales@example.com', 'b.example']);
    await there.ok([...add, 'sender', 'sales@example.com', 'b.example', '--if-not-exists']);
    await there.refuses(4, ['relay', 'rule', 'remove', 'recipient', 'example.com']);
    await there.ok(['relay', 'rule', 'remove', 'sender', 'SALES@example.com']);
    await there.ok(['relay', 'rule', 'remove', 'sender', 'example.com']);
    await there.ok(['relay', 'rule', 'remove', 'recipient', 'partner.example']);
    await there.ok(['relay', 'rule', 'remove', 'recipient', 'partner.example', '--if-exists']);
    expect(await there.text()).toBe(STATE);
  });

  it('is refused what makes no sense', async () => {
    const there = await scene(STATE);
    const add = ['relay', 'rule', 'add'];
    await there.refuses(2, [...add, 'sender', 'x@example.com']);
    await there.refuses(2, [...add, 'sender', 'x@example.com', 'a.example', '--direct']);
    await there.refuses(2, [...add, 'sender', 'x@example.com', '--direct', '--username', 'u']);
    await there.refuses(2, [...add, 'from', 'x@example.com', 'a.example']);
    await there.refuses(2, [...add, 'recipient', 'x@partner.example', 'a.example']);
    await there.refuses(2, [...add, 'sender', 'a b@example.com', 'a.example']);
    await there.refuses(2, [...add, 'sender', 'x+tag@example.com', 'a.example']);
    for (const domain of [
      'example.com',
      'example.net',
      'mx.test.example',
      'localhost.test.example',
      'sender.copy.eboxmail.invalid',
    ]) {
      expect(await there.refuses(3, [...add, 'recipient', domain, 'a.example'])).toContain('stays here');
    }
    await there.refuses(3, [...add, 'recipient', 'partner.example', 'mx.test.example:587']);
    expect((await there.ok([...add, 'sender', 'exmple.com', 'a.example'])).stderr).toContain(
      'did you mean example.com?',
    );
  });
});
