import { describe, expect, it } from 'vitest';
import { scene, STATE } from '../support/scene.ts';

describe('explain', () => {
  it('shows the way with the lines of the state', async () => {
    const there = await scene(STATE);
    const { stdout, stderr } = await there.ok(['explain', 'TEAM+x@example.net']);
    expect(stdout).toBe(`team+x@example.net
  TEAM+x@example.net is the same as team+x@example.net
  example.net is a domain alias of example.com  (state.yaml:9)
  "+x" is a detail: the address is looked up as team@example.com
  team@example.com is an alias  (state.yaml:23)
    the group staff  (state.yaml:23)
      the mailbox of alice@example.com, which holds 2 GB  (state.yaml:20)
      carol@other.example has no mail account and gets nothing  (state.yaml:20)
accepted (250): kept for alice+x@example.com
`);
    expect(stderr).toBe('');
  });

  it('exits 1 for what is refused, and says why', async () => {
    const there = await scene(STATE);
    const unknown = await there.run(['explain', 'nobody@example.com']);
    expect(unknown).toMatchObject({ code: 1, stderr: '' });
    expect(unknown.stdout).toMatch(/refused \(550\): there is no nobody@example.com\n$/);
    const foreign = await there.run(['explain', 'who@elsewhere.example']);
    expect(foreign.code).toBe(1);
    expect(foreign.stdout).toMatch(/refused \(554\).*\naccepted from users who have logged in\n$/);
  });

  it('gives data', async () => {
    const there = await scene(STATE);
    expect(await there.json(['explain', 'partner@example.com'])).toEqual({
      address: 'partner@example.com',
      verdict: { deliverable: true, code: 250, loggedIn: 250, reason: 'sent on to bob@partner.example' },
      steps: [
        {
          kind: 'alias',
          depth: 0,
          text: 'partner@example.com is an alias',
          address: 'partner@example.com',
          line: 26,
          key: 'aliases.partner@example.com',
        },
        {
          kind: 'external',
          depth: 1,
          text: 'bob@partner.example, not kept here: it is sent on',
          address: 'bob@partner.example',
          line: 26,
          key: 'aliases.partner@example.com',
        },
      ],
      recipients: [{ address: 'bob@partner.example', kind: 'external' }],
      copies: [],
    });
  });

  it('finds groups in whatever case they are written, and no lines for what is so by default', async () => {
    const there = await scene(STATE.replace('  staff: {', '  Staff: {'));
    const { steps } = (await there.json(['explain', 'team@example.com'])) as { steps: { key?: string }[] };
    expect(steps.map(({ key }) => key)).toContain('groups.Staff.members[1]');
    const postmaster = await there.ok(['explain', 'postmaster@other.example']);
    expect(postmaster.stdout).not.toContain('state.yaml');
  });

  it('completes a bare name, and exits 2 for what is no address', async () => {
    const there = await scene(STATE);
    expect((await there.ok(['explain', 'bob'])).stdout).toContain('kept for bob@example.com');
    expect(await there.refuses(2, ['explain', 'a b@example.com'])).toContain('a space');
    expect(await there.refuses(2, ['explain', ''])).toContain('no address');
    await there.refuses(2, ['explain']);
  });

  it('exits 3 for an invalid state and 4 without one', async () => {
    const there = await scene(`${STATE}  bad@example.com: nobody@example.com\n`);
    expect(await there.refuses(3, ['explain', 'bob@example.com'])).toContain('nobody@example.com');
    await (await scene()).refuses(4, ['explain', 'bob@example.com']);
  });
});

describe('explain --send', () => {
  it('exits 0 where it is allowed', async () => {
    const there = await scene(STATE);
    const { stdout } = await there.ok(['explain', '--send', 'alice', 'team@example.net']);
    expect(stdout).toBe(`alice@example.com as team@example.net
  example.net is a domain alias of example.com  (state.yaml:9)
  team@example.com is an alias  (state.yaml:23)
    alice@example.com is in the group staff  (state.yaml:20)
allowed (250): team@example.com ends in this mailbox
`);
    await there.ok(['explain', '--send', 'alice', '<>']);
  });

  it('exits 1 where it is not, and says what would allow it', async () => {
    const there = await scene(STATE);
    const { code, stdout } = await there.run(['explain', '--send', 'bob@example.com', 'team@example.com']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /refused \(553\): .*\n {2}to allow it: eboxmail group member add staff bob@example.com, or /,
    );
  });

  it('gives data', async () => {
    const there = await scene(STATE);
    const { code, stdout } = await there.run(['explain', '--json', '--send', 'carol@other.example', 'bob@example.com']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      address: 'bob@example.com',
      canSend: { user: 'carol@other.example', allowed: false, code: null, owners: ['bob@example.com'] },
      steps: [{ kind: 'login', line: 18, key: 'users.carol@other.example.account' }],
    });
  });

  it('exits 4 for who is no user', async () => {
    const there = await scene(STATE);
    const ask = (user: string): string[] => ['explain', '--send', user, 'bob@example.com'];
    expect(await there.refuses(4, ask('alcie'))).toContain('did you mean alice@example.com?');
    expect(await there.refuses(4, ask('al@example.com'))).toContain('is an alias, and aliases cannot log in');
    expect(await there.refuses(4, ask('bob@example.net'))).toContain('name the user in example.com');
    expect(await there.refuses(2, ask('b b'))).toContain('a space');
  });
});
