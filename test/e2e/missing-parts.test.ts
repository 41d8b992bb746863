import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PASSWORD_HASH } from '../support/mail.ts';
import { reloads, useSandbox } from '../support/sandbox.ts';

const run = promisify(execFile);

const state = (settings: string): string => `
version: 1
server: {mailname: mx.example.test}
domains:
  a.test: {}
users:
  alice@a.test: {password: "${PASSWORD_HASH}"}
overrides:
  postfix: {${settings}}
`;

describe('tables and transports that overrides name', { timeout: 60_000 }, () => {
  const sandbox = useSandbox({ state: state('smtpd_client_connection_count_limit: 20') });

  it('are all named when they are not there, and nothing is changed', async () => {
    const before = await reloads(sandbox().root);
    await sandbox().writeState(
      state(
        [
          'mine: "hash:/nonexistent/a"',
          'virtual_alias_maps: "proxy:$mine"',
          'smtp_tls_policy_maps: "hash:/nonexistent/b"',
          'smtpd_sender_restrictions: "check_sender_access cidr:$config_directory/c"',
          'header_checks: "pcre:{{/x/ DUNNO}}, regexp:/nonexistent/d"',
          'smtp_tls_session_cache_database: "btree:${data_directory}/cache"',
        ].join(', '),
      ),
    );
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('nothing was changed');
    expect(stderr).toContain(
      'virtual_alias_maps names the table hash:/nonexistent/a, but there is no /nonexistent/a.db',
    );
    for (const file of ['/nonexistent/b.db', `${sandbox().root}/etc/postfix/c`, '/nonexistent/d']) {
      expect(stderr).toContain(`there is no ${file}\n`);
    }
    expect(stderr).not.toContain('cache');
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it('are used when they are there; one whose index is missing says how it is made', async () => {
    const etc = `${sandbox().root}/etc/postfix`;
    const table = `${etc}/own`;
    await writeFile(table, 'x.test OK\n');
    await sandbox().writeState(state('smtpd_sender_restrictions: "check_sender_access hash:$config_directory/own"'));
    const refused = await sandbox().run(['apply']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`there is no ${table}.db; make it: postmap -c ${etc} hash:${table}`);
    await run('postmap', ['-c', etc, `hash:${table}`]);
    await sandbox().ok(['apply']);
  });

  it('transports without a service are named, and nothing is changed', async () => {
    await sandbox().writeState(state('virtual_transport: nosuch, content_filter: "scan:[127.0.0.1]:10024"'));
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    for (const [setting, transport] of [
      ['virtual_transport', 'nosuch'],
      ['content_filter', 'scan'],
    ]) {
      expect(stderr).toContain(`${setting} names the transport ${transport}, and master.cf has no such service`);
    }
    expect(stderr).toMatch(/state\.yaml:\d+:\d+: .*virtual_transport/);
  });

  it('a socket for mail that nobody listens on is found by the proof, and the previous configuration is back', async () => {
    await sandbox().writeState(state('virtual_transport: "lmtp:unix:private/nobody"'));
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(8);
    expect(stderr).toContain('virtual_transport');
  });
});
