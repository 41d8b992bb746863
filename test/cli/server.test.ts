import { describe, expect, it } from 'vitest';
import { scene } from '../support/scene.ts';

const STATE = `# General options
version: 1
server:
  mailname: mx.test.example # visible
domains:
  example.com: {}
`;

describe('server set', () => {
  it('writes each option to its place and shows it', async () => {
    const there = await scene(STATE);
    await there.ok([
      ...['server', 'set', '--postmaster', 'root', '--smtp-tls', 'required', '--authentication', 'off'],
      ...['--mailbox-size', '2gb', '--message-size', 'unlimited', '--imap', 'off', '--imaps', 'off', '--pop3', 'on'],
      ...['--pop3s', 'on', '--managesieve', 'off', '--cleartext', 'allow'],
      ...['--trash-expiry', '30', '--spam-expiry', '7d', '--expiry-basis', 'date'],
      ...['--fetch', 'on', '--fetch-interval', '10min'],
      ...['--tls-certificate', '/etc/ssl/c.pem', '--tls-key', '/etc/ssl/k.pem'],
    ]);
    expect(await there.text()).toContain('mailname: mx.test.example # visible\n');
    expect(await there.json(['server', 'show'])).toEqual({
      mailname: 'mx.test.example',
      postmaster: 'root',
      tls: { certificate: '/etc/ssl/c.pem', key: '/etc/ssl/k.pem' },
      smtp: { tls: 'required', authentication: false },
      limits: { mailbox: '2 GB', message: 'unlimited' },
      expiry: { trash: '30 d', spam: '7 d', basis: 'date' },
      retrieval: { imap: false, imaps: false, pop3: true, pop3s: true, managesieve: false, cleartext: 'allow' },
      fetch: { enabled: true, interval: '10 min' },
    });
  });

  it('takes everything back with the word default', async () => {
    const there = await scene(STATE);
    await there.ok(['server', 'set', '--pop3', 'on', '--mailbox-size', '1 GB']);
    await there.ok(['server', 'set', '--pop3', 'default', '--mailbox-size', 'default']);
    expect(await there.text()).toBe(STATE);
  });

  it('refuses what is no answer, and nothing at all', async () => {
    const there = await scene(STATE);
    await there.refuses(2, ['server', 'set']);
    await there.refuses(2, ['server', 'set', '--imap', 'yes']);
    await there.refuses(2, ['server', 'set', '--smtp-tls', 'always']);
    await there.refuses(2, ['server', 'set', '--mailbox-size', '2 parsecs']);
    for (const days of ['0', '1.5 d']) {
      await there.refuses(2, ['server', 'set', '--trash-expiry', days]);
    }
    await there.refuses(2, ['server', 'set', '--expiry-basis', 'arrival']);
    for (const size of ['0 MB', '-5 MB']) {
      await there.refuses(2, ['server', 'set', '--message-size', size]);
    }
    await there.refuses(3, ['server', 'set', '--tls-certificate', 'c.pem', '--tls-key', '/etc/ssl/k.pem']);
    for (const time of ['0', '3 h', '-1', '10000']) await there.refuses(2, ['server', 'set', '--fetch-interval', time]);
    await there.refuses(3, ['server', 'set', '--mailname', 'example.com']);
    await there.refuses(3, ['server', 'set', '--tls-key', '/etc/ssl/k.pem']);
    await there.refuses(3, ['server', 'set', '--postmaster', 'nobody@example.com']);
    await there.refuses([2, 3], ['server', 'set', '--mailname', 'mx.test.example\nmynetworks = 0.0.0.0/0']);
  });
});
