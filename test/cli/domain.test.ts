import { describe, expect, it } from 'vitest';
import { scene, STATE } from '../support/scene.ts';

describe('domain add', () => {
  it('makes the state file, 0600, when there is none', async () => {
    const there = await scene();
    const { stdout, stderr } = await there.ok(['domain', 'add', 'example.com']);
    expect(stdout).toBe('');
    expect(stderr).toContain('added the domain example.com');
    expect(stderr).toContain('eboxmail user add NAME@example.com');
    expect(await there.text()).toMatch(/^#.*\nversion: 1\ndomains:\n {2}example\.com: \{\}\n$/);
    expect(await there.beside()).toEqual(['state.yaml']);
    expect(await there.json(['domain', 'add', 'example.org'])).toEqual({ changed: true, domain: 'example.org' });
  });

  it('exits 5 when it is there, in whatever case, and 0 with --if-not-exists', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(5, ['domain', 'add', 'example.com'])).toContain('example.com is already there');
    await there.refuses(5, ['domain', 'add', 'EXAMPLE.com']);
    const { stderr } = await there.ok(['domain', 'add', 'Example.Com', '--if-not-exists']);
    expect(stderr).toBe('unchanged\n');
    expect(await there.json(['domain', 'add', 'example.com', '--if-not-exists'])).toEqual({ changed: false });
    expect(await there.text()).toBe(STATE);
  });

  it('exits 5 when it is a domain alias, even with --if-not-exists', async () => {
    const there = await scene(STATE);
    const words = await there.refuses(5, ['domain', 'add', 'example.net', '--if-not-exists']);
    expect(words).toContain('eboxmail domain alias remove example.com example.net');
  });

  it('refuses the mailname', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(3, ['domain', 'add', 'mx.test.example'])).toContain('server.mailname');
  });

  it('keeps an IDN domain as it was written and finds it under both names', async () => {
    const there = await scene(STATE);
    await there.ok(['domain', 'add', 'Exämple.de']);
    expect(await there.text()).toContain('  exämple.de:');
    await there.refuses(5, ['domain', 'add', 'xn--exmple-cua.de']);
    expect(await there.json(['domain', 'show', 'XN--exmple-cua.de'])).toMatchObject({ domain: 'exämple.de' });
    // The same name with a combining character.
    await there.refuses(5, ['domain', 'add', 'exa\u0308mple.de']);
    await there.ok(['user', 'add', 'x@exämple.de', '--no-account']);
    expect(await there.json(['domain', 'list'])).toContainEqual(
      expect.objectContaining({ domain: 'exämple.de', users: 1 }),
    );
    await there.ok(['user', 'remove', 'x@xn--exmple-cua.de']);
    await there.ok(['domain', 'remove', 'xn--exmple-cua.de']);
    expect(await there.text()).toBe(STATE);
  });
});

describe('domain remove', () => {
  it('refuses while addresses remain, and names them', async () => {
    const there = await scene(STATE);
    const words = await there.refuses(5, ['domain', 'remove', 'example.com', '--yes']);
    expect(words).toContain('--cascade');
    for (const address of ['alice@example.com', 'bob@example.com', 'al@example.com', 'partner@example.com']) {
      expect(words).toContain(address);
    }
  });

  it('lists with --cascade all that goes, also elsewhere, and needs --yes without a terminal', async () => {
    const there = await scene(STATE);
    const words = await there.refuses(2, ['domain', 'remove', 'example.com', '--cascade']);
    expect(words).toContain('--yes');
    for (const gone of ['alice@example.com', 'team@example.com', 'group staff loses alice', 'chain@other.example']) {
      expect(words).toContain(gone);
    }
    await there.ok(['-y', 'alias', 'remove', 'team@example.com']);
    const { stdout } = await there.ok(['domain', 'remove', 'example.com', '--cascade', '--yes', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      changed: true,
      domain: 'example.com',
      removed: expect.arrayContaining(['alice@example.com', 'al@example.com']) as unknown,
    });
    const text = await there.text();
    expect(text).not.toContain('@example.com');
    expect(text).not.toContain('example.net');
    expect(text).toContain('members: [carol@other.example]');
    expect(await there.ok(['validate'])).toMatchObject({ code: 0 });
  });

  it('exits 4 with the nearest name, or 0 with --if-exists', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(4, ['domain', 'remove', 'exmaple.com'])).toContain('did you mean example.com?');
    expect(await there.refuses(4, ['domain', 'remove', 'nothing.alike.test'])).toContain('eboxmail domain add');
    expect((await there.ok(['domain', 'remove', 'nothing.test', '--if-exists'])).stderr).toBe('unchanged\n');
    expect(await there.text()).toBe(STATE);
  });

  it('suggests names with hyphens too', async () => {
    const there = await scene(STATE);
    await there.ok(['domain', 'add', 'my-nice-mail-domain.example']);
    const words = await there.refuses(4, ['domain', 'show', 'my-nice-mail-domian.example']);
    expect(words).toContain('did you mean my-nice-mail-domain.example?');
  });

  it('asks nobody when nothing else goes', async () => {
    const there = await scene(STATE);
    await there.ok(['domain', 'add', 'new.example']);
    await there.ok(['domain', 'remove', 'new.example']);
    expect(await there.text()).toBe(STATE);
  });
});

describe('domain list and show', () => {
  it('prints lines for programs, and JSON', async () => {
    const there = await scene(STATE);
    expect(await there.ok(['domain', 'list'])).toMatchObject({
      stdout: 'example.com\texample.net\t2\t4\nother.example\t\t1\t1\n',
      stderr: '',
    });
    expect(await there.json(['domain', 'list'])).toEqual([
      { domain: 'example.com', aliases: ['example.net'], users: 2, addressAliases: 4 },
      { domain: 'other.example', aliases: [], users: 1, addressAliases: 1 },
    ]);
    expect((await there.ok(['domain', 'show', 'other.example'])).stdout).toContain('carol@other.example');
    expect(await there.json(['domain', 'show', 'EXAMPLE.com'])).toEqual({
      domain: 'example.com',
      asciiName: 'example.com',
      domainAliases: ['example.net'],
      users: ['alice@example.com', 'bob@example.com'],
      aliases: ['al@example.com', 'team@example.com', 'both@example.com', 'partner@example.com'],
    });
    expect(await there.refuses(4, ['domain', 'show', 'exampel.com'])).toContain('did you mean example.com?');
  });
});

describe('domain alias', () => {
  it('adds and removes', async () => {
    const there = await scene(STATE);
    const added = await there.json(['domain', 'alias', 'add', 'example.com', 'Example.ORG']);
    expect(added).toEqual({ changed: true, domain: 'example.com', alias: 'example.org' });
    expect(await there.text()).toContain('    aliases: [example.net, example.org]\n');
    await there.refuses(5, ['domain', 'alias', 'add', 'example.com', 'example.org']);
    await there.ok(['domain', 'alias', 'add', 'example.com', 'example.org', '--if-not-exists']);
    const { stderr } = await there.ok(['domain', 'alias', 'remove', 'example.com', 'example.org']);
    expect(stderr).toContain('example.org is no alias of example.com any more');
    expect(await there.text()).toBe(STATE);
    await there.refuses(4, ['domain', 'alias', 'remove', 'example.com', 'example.org']);
    await there.ok(['domain', 'alias', 'remove', 'example.com', 'example.org', '--if-exists']);
  });

  it('refuses what is a domain, an alias of another one, itself, or the mailname', async () => {
    const there = await scene(STATE);
    const add = ['domain', 'alias', 'add', '--if-not-exists'];
    await there.refuses(5, [...add, 'example.com', 'other.example']);
    await there.refuses(5, [...add, 'other.example', 'example.net']);
    await there.refuses(5, [...add, 'example.com', 'example.com']);
    await there.refuses(3, [...add, 'example.com', 'mx.test.example']);
    expect(await there.refuses(4, [...add, 'exmple.com', 'new.example'])).toContain('did you mean example.com?');
    // A domain alias is no domain.
    await there.refuses(4, [...add, 'example.net', 'new.example']);
  });
});
