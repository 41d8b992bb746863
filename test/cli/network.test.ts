import { describe, expect, it } from 'vitest';
import { scene } from '../support/scene.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}
domains: {example.com: }
networks:
  # those who work here
  Office: {members: {lan: 198.51.100.0/24}} # for now
  home: {members: {v6: "2001:db8::/48"}}
relay:
  networks: {office: allow}
`;

describe('network', () => {
  it('is added, filled, listed, shown and removed', async () => {
    const there = await scene(STATE);
    await there.ok(['network', 'add', 'guests']);
    await there.ok(['network', 'member', 'add', 'GUESTS', 'wifi', '192.0.2.0/25']);
    await there.ok(['network', 'member', 'add', 'guests', 'v6', '2001:DB8:0:0:1::/80']);
    expect(await there.json(['network', 'list'])).toEqual([
      { network: 'Office', members: { lan: '198.51.100.0/24' }, relay: 'allow', open: false },
      { network: 'home', members: { v6: '2001:db8::/48' }, relay: null, open: false },
      { network: 'guests', members: { wifi: '192.0.2.0/25', v6: '2001:db8:0:0:1::/80' }, relay: null, open: false },
    ]);
    const { stdout } = await there.ok(['network', 'show', 'guests']);
    expect(stdout).toMatch(
      /^Network: +guests\nRelay: +\(no policy: strangers\)\nMembers: +\n {2}wifi: +192\.0\.2\.0\/25\n/,
    );
    await there.ok(['network', 'member', 'remove', 'guests', 'v6']);
    await there.ok(['network', 'remove', 'guests']);
    expect(await there.text()).toBe(STATE);
  });

  it('is refused what makes no sense', async () => {
    const there = await scene(STATE);
    await there.refuses(5, ['network', 'add', 'office']);
    await there.refuses(2, ['network', 'add', 'a b']);
    await there.refuses(2, ['network', 'add', '../x']);
    await there.refuses(4, ['network', 'show', 'offic']);
    await there.refuses(4, ['network', 'member', 'remove', 'office', 'printer']);
    await there.refuses(4, ['network', 'member', 'add', 'nowhere', 'a', '192.0.2.1']);
    await there.refuses(5, ['network', 'member', 'add', 'office', 'lan', '198.51.100.0/24']);
    await there.refuses(5, ['network', 'member', 'add', 'office', 'lan', '198.51.0.0/16', '--if-not-exists']);
    await there.refuses(3, ['network', 'member', 'add', 'office', 'again', '198.51.100.0/24']);
    const hints = [
      ['10.0.0.5/24', 'did you mean 10.0.0.0/24?'],
      ['2001:db8::1/32', 'did you mean 2001:db8::/32?'],
      ['::ffff:192.0.2.0/120', 'did you mean 192.0.2.0/24?'],
    ] as const;
    for (const [text, hint] of hints) {
      expect(await there.refuses(2, ['network', 'member', 'add', 'office', 'x', text])).toContain(hint);
    }
    const wrong = [
      '',
      '1.2.3',
      '1.2.3.4/33',
      '1.2.3.04',
      '::/129',
      '1.2.3.4/',
      '1.2.3.4/8/8',
      'fe80::1%eth0',
      'a.b',
      '::1\n',
      '1.2.3.4 OK',
      ':::',
      '1:2',
      'g::',
    ];
    for (const text of wrong) await there.refuses(2, ['network', 'member', 'add', 'office', 'x', text]);
  });

  it('in use stays, and what is there already or not there is no error when that is asked for', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(5, ['network', 'remove', 'office'])).toContain('first: eboxmail relay unset Office');
    await there.refuses(5, ['network', 'remove', 'office', '--if-exists']);
    for (const args of [
      ['network', 'add', 'office', '--if-not-exists'],
      ['network', 'member', 'add', 'office', 'lan', '198.51.100.0/24', '--if-not-exists'],
      ['network', 'member', 'remove', 'office', 'other', '--if-exists'],
      ['network', 'remove', 'other', '--if-exists'],
    ]) {
      expect(await there.json(args)).toEqual({ changed: false });
    }
    expect(await there.text()).toBe(STATE);
  });
});

describe('relay policies', () => {
  it('are set and unset', async () => {
    const there = await scene(STATE);
    await there.ok(['relay', 'deny', 'HOME']);
    await there.ok(['relay', 'deny', 'office']);
    expect(await there.json(['relay', 'show'])).toEqual({
      smarthost: null,
      rules: [],
      networks: { office: 'deny', home: 'deny' },
    });
    await there.ok(['relay', 'unset', 'home']);
    expect(await there.json(['relay', 'unset', 'home'])).toEqual({ changed: false });
    await there.ok(['relay', 'allow', 'Office']);
    expect(await there.text()).toBe(STATE);
    await there.ok(['relay', 'unset', 'office']);
    expect(await there.text()).not.toContain('relay');
    await there.refuses(4, ['relay', 'allow', 'nowhere']);
  });

  it('make no open relay, unless that is meant; and then it is said ever after', async () => {
    const there = await scene(STATE);
    const member = (name: string, text: string, ...more: readonly string[]): string[] => [
      'network',
      'member',
      'add',
      'office',
      name,
      text,
      ...more,
    ];
    for (const wide of ['0.0.0.0/0', '::/0', '0.0.0.0/1', '10.0.0.0/7', '8.0.0.0/8', '2000::/3', '2002::/16']) {
      expect(await there.refuses(3, member('x', wide))).toMatch(/open relay.*--force/s);
    }
    for (const fine of ['10.0.0.0/8', '9.0.0.0/9', 'fd00:1::/32', '172.16.0.0/12'])
      await there.ok(member(`n-${fine.replace(/\W/g, '-')}`, fine));
    // The other half of 9.0.0.0/8.
    expect(await there.refuses(3, member('half', '9.128.0.0/9'))).toContain('the allowed networks together');
    const { stderr } = await there.ok(member('half', '9.128.0.0/9', '--force'));
    expect(stderr).toContain('makes this server an open relay');
    expect(await there.text()).toMatch(/Office:.*open: true/);
    for (const args of [['validate'], ['plan']]) {
      const { stderr: said } = await there.run(args);
      expect(said).toMatch(
        /state\.yaml:\d+:\d+: warning: relay\.networks\.office: the network office makes this server an open relay/,
      );
    }
    await there.refuses(3, ['network', 'member', 'add', 'home', 'all', '0.0.0.0/0']);
    await there.ok(['relay', 'deny', 'home']);
    await there.ok(['network', 'member', 'add', 'home', 'all', '0.0.0.0/0']);
    expect(await there.refuses(3, ['relay', 'allow', 'home'])).toContain('0.0.0.0/0 is as good as everybody');
    await there.ok(['relay', 'allow', 'home', '--force']);
  });

  it('are no longer open when the last of what is too wide goes', async () => {
    const there = await scene(STATE);
    await there.ok(['network', 'member', 'add', 'office', 'all', '0.0.0.0/0', '--force']);
    await there.ok(['network', 'member', 'add', 'office', 'six', '::/0', '--force']);
    await there.ok(['network', 'member', 'remove', 'office', 'all']);
    expect(await there.text()).toContain('open: true');
    const { stderr } = await there.ok(['network', 'member', 'remove', 'office', 'six']);
    expect(stderr).toContain('six is no longer in the network office, which is no longer marked with "open: true"');
    expect(await there.text()).toBe(STATE);
    expect((await there.ok(['validate'])).stderr).not.toContain('open');

    // Together they are too wide, so unset is what takes that away.
    for (const half of ['9.0.0.0/9', '9.128.0.0/9'])
      await there.ok(['network', 'member', 'add', 'office', `n${half.replace(/\W/g, '-')}`, half, '--force']);
    expect(await there.text()).toContain('open: true');
    await there.ok(['relay', 'unset', 'office']);
    expect(await there.text()).not.toContain('open: true');
  });
});
