import { describe, expect, it } from 'vitest';
import { scene } from '../support/scene.ts';

const STATE = `version: 1
server: {mailname: mx.test.example}
domains:
  example.com: {aliases: [example.net]}
`;

describe('filter set', () => {
  it('sets a custom filter, and keeps its settings while it is off', async () => {
    const there = await scene(STATE);
    await there.ok(['filter', 'set', 'custom', '--address', '192.0.2.9', '--port', '25', '--return-port', '10030']);
    await there.ok(['filter', 'set', 'none']);
    expect(await there.text()).toBe(
      `${STATE}filter:\n  mode: none\n  address: 192.0.2.9\n  port: 25\n  return_port: 10030\n`,
    );
    expect(await there.json(['filter', 'show'])).toEqual({ mode: 'none' });
    await there.ok(['filter', 'set', 'custom', '--address', 'default', '--port', 'default']);
    expect(await there.json(['filter', 'show'])).toEqual({
      mode: 'custom',
      address: '127.0.0.1',
      port: 10024,
      returnPort: 10030,
      returnsTo: ['127.0.0.1:10030'],
    });
  });

  it('shows where a filter elsewhere hands mail back', async () => {
    const there = await scene(STATE);
    await there.ok(['filter', 'set', 'custom', '--address', '192.0.2.9']);
    expect((await there.ok(['filter', 'show'])).stdout).toMatch(/^Hands it back to: 0\.0\.0\.0:10025$/m);
  });

  it('refuses what is no answer, and ports that clash', async () => {
    const there = await scene(STATE);
    await there.refuses(2, ['filter', 'set']);
    await there.refuses(2, ['filter', 'set', 'amavis']);
    await there.refuses(2, ['filter', 'set', 'custom', '--port', 'smtp']);
    await there.refuses(2, ['filter', 'set', 'none', '--port', '10024']);
    await there.refuses(2, ['filter', 'set', 'custom', '--threshold', '5']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--port', '5']);
    await there.refuses(3, ['filter', 'set', 'custom', '--port', '0']);
    await there.refuses(3, ['filter', 'set', 'custom', '--address', 'localhost']);
    await there.refuses(3, ['filter', 'set', 'custom', '--address', '127.0.0.1\nmynetworks = 0.0.0.0/0']);
    for (const port of ['25', '465', '587', '143', '4190', '10024', '10026', '10027', '10028', '10029']) {
      await there.refuses(3, ['filter', 'set', 'custom', '--return-port', port]);
    }
    await there.refuses(3, ['filter', 'set', 'custom', '--port', '25']);
  });
});

describe('the built-in filter', () => {
  it('gets its scores, for all domains or one', async () => {
    const there = await scene(STATE);
    await there.ok(['filter', 'set', 'builtin', '--threshold', '4.5', '--reject', 'never', '--subject-tag', '[SPAM]']);
    await there.ok(['filter', 'set', 'builtin', '--domain', 'EXAMPLE.com', '--threshold', '8']);
    await there.ok(['filter', 'set', 'builtin', '--on-failure', 'accept']);
    const shown = await there.json(['filter', 'show']);
    expect(shown).toEqual({
      mode: 'builtin',
      threshold: 4.5,
      reject: null,
      senders: {},
      subjectTag: '[SPAM]',
      antivirus: null,
      greylisting: null,
      learning: null,
      onFailure: 'accept',
      bannedExtensions: [],
      bannedTypes: [],
      domains: { 'example.com': { threshold: 8, reject: null, senders: {} } },
    });
    await there.ok(['filter', 'set', 'builtin', '--domain', 'example.com', '--threshold', 'default']);
    await there.ok([
      ...['filter', 'set', 'builtin', '--threshold', 'default', '--reject', 'default'],
      ...['--subject-tag', 'default', '--on-failure', 'default'],
    ]);
    expect(await there.text()).toBe(`${STATE}filter:\n  mode: builtin\n`);
  });

  it('has mail come again and learns where that is wanted', async () => {
    const there = await scene(STATE);
    await there.ok(['filter', 'set', 'builtin', '--greylisting', 'on', '--learning', 'on']);
    expect(await there.json(['filter', 'show'])).toMatchObject({
      greylisting: { delay: 300, score: 4 },
      learning: { messages: 200 },
    });
    await there.ok([
      ...['filter', 'set', 'builtin', '--greylisting-delay', '90s', '--greylisting-score', '0.5'],
      ...['--learning-messages', '50'],
    ]);
    const shown = (await there.ok(['filter', 'show'])).stdout;
    expect(shown).toMatch(/^Greylisting: +mail from 0\.5 on has to come again after 90 s$/m);
    expect(shown).toMatch(/^Learning: +from moves; counts from 50 messages of each kind$/m);
    await there.ok(['filter', 'set', 'builtin', '--greylisting', 'off', '--learning', 'off']);
    expect(await there.json(['filter', 'show'])).toMatchObject({ greylisting: null, learning: null });
    expect(await there.text()).toContain('greylisting:');
    for (const option of ['--greylisting', '--greylisting-delay', '--greylisting-score']) {
      await there.ok(['filter', 'set', 'builtin', option, 'default']);
    }
    await there.ok(['filter', 'set', 'builtin', '--learning', 'default', '--learning-messages', 'default']);
    expect(await there.text()).toBe(`${STATE}filter:\n  mode: builtin\n`);
  });

  it('gets senders and files, and forgets them', async () => {
    const there = await scene(STATE);
    await there.ok(['filter', 'sender', 'block', '@Spam.example']);
    await there.ok(['filter', 'sender', 'allow', '@spam.example', '--domain', 'example.com']);
    await there.ok(['filter', 'ban', '.EXE', '*.scr', 'application/X-MsDownload', 'exe']);
    expect(await there.text()).toContain('    senders: {"@Spam.example": block}\n');
    expect((await there.ok(['filter', 'set', 'builtin'])).stderr).toContain('mail passes through the builtin filter');
    expect(await there.json(['filter', 'show'])).toMatchObject({
      senders: { '@spam.example': 'block' },
      bannedExtensions: ['exe', 'scr'],
      bannedTypes: ['application/x-msdownload'],
      domains: { 'example.com': { senders: { '@spam.example': 'allow' } } },
    });
    await there.ok(['filter', 'sender', 'block', '@SPAM.example', '--domain', 'example.com']);
    await there.ok(['filter', 'sender', 'unset', '@spam.example', '--domain', 'example.com']);
    await there.ok(['filter', 'sender', 'unset', '@spam.example']);
    await there.ok(['filter', 'unban', 'exe', '.scr', 'application/x-msdownload']);
    expect(await there.text()).toBe(`${STATE}filter:\n  mode: builtin\n`);
    expect((await there.ok(['filter', 'unban', 'exe'])).stderr).toBe('unchanged\n');
  });

  it('refuses what is no sender, no file, no score and no domain', async () => {
    const there = await scene(STATE);
    await there.refuses(2, ['filter', 'sender', 'deny', 'a@b.example']);
    await there.refuses(3, ['filter', 'sender', 'block', 'spam.example']);
    await there.refuses(4, ['filter', 'sender', 'block', '@spam.example', '--domain', 'elsewhere.example']);
    await there.refuses(3, ['filter', 'ban', 'e xe']);
    await there.refuses(2, ['filter', 'ban']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--threshold', '-1']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--threshold', 'never']);
    await there.refuses(3, ['filter', 'set', 'builtin', '--threshold', '0']);
    await there.refuses(3, ['filter', 'set', 'builtin', '--threshold', '16']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--on-failure', 'reject']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--greylisting', '5 min']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--greylisting-delay', '1 h']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--greylisting-score', 'never']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--learning', 'yes']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--learning-messages', '0']);
    await there.refuses(3, ['filter', 'set', 'builtin', '--learning-messages', '999999']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--domain', 'example.com', '--greylisting', 'on']);
    await there.refuses(2, ['filter', 'set', 'custom', '--learning', 'on']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--domain', 'example.com']);
    await there.refuses(2, ['filter', 'set', 'builtin', '--domain', 'example.com', '--subject-tag', 'x']);
    await there.refuses([2, 3], ['filter', 'set', 'builtin', '--subject-tag', 'a\nb']);
  });
});
