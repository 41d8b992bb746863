import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { copies, PASSWORD_HASH, sendAs } from '../support/mail.ts';
import { eventually, reloads, useSandbox } from '../support/sandbox.ts';

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
          'recipient_canonical_maps: "proxy:$mine"',
          'smtp_tls_policy_maps: "hash:/nonexistent/b"',
          'smtpd_sender_restrictions: "check_sender_access cidr:$config_directory/c"',
          'header_checks: "regexp:{{/x/ DUNNO}}, regexp:/nonexistent/d"',
          'body_checks: "regexp:{{/x/ DUNNO}}, mongodb:{{x}}"',
          'nested_header_checks: "ldap:some"',
          'smtp_tls_session_cache_database: "btree:${data_directory}/cache"',
        ].join(', '),
      ),
    );
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('nothing was changed');
    expect(stderr).toContain(
      'recipient_canonical_maps names the table hash:/nonexistent/a, but there is no /nonexistent/a.db',
    );
    for (const file of ['/nonexistent/b.db', `${sandbox().root}/etc/postfix/c`, '/nonexistent/d']) {
      expect(stderr).toContain(`there is no ${file}\n`);
    }
    expect(stderr).toContain('body_checks names the table mongodb:{{x, and this Postfix has no tables of type mongodb');
    expect(stderr).toContain('header_checks names the table ldap:some, and this Postfix has no tables of type ldap');
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
    await sandbox().writeState(
      state('virtual_transport: nosuch, content_filter: "scan:[127.0.0.1]:10024", bounce_service_name: gone'),
    );
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    for (const [setting, transport] of [
      ['virtual_transport', 'nosuch'],
      ['content_filter', 'scan'],
      ['bounce_service_name', 'gone'],
    ]) {
      expect(stderr).toContain(`${setting} names the transport ${transport}, and master.cf has no such service`);
    }
    expect(stderr).toMatch(/state\.yaml:\d+:\d+: .*virtual_transport/);
  });

  it('parts of Postfix in the place of others are refused: who asks them would wait for ever', async () => {
    await sandbox().writeState(
      state('rewrite_service_name: bounce, cleanup_service_name: pickup, defer_service_name: bounce'),
    );
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('rewrite_service_name names the service bounce, which is bounce and not trivial-rewrite');
    expect(stderr).toContain('cleanup_service_name names the service pickup, which is pickup and not cleanup');
    expect(stderr).not.toContain('defer_service_name');
  });

  it('a place for mail where nobody listens is found by the proof, and the previous configuration is back', async () => {
    for (const transport of ['lmtp:unix:private/nobody', 'lmtp:inet:127.0.0.1:9', 'smtp:[127.0.0.1]:9']) {
      await sandbox().writeState(state(`virtual_transport: "${transport}"`));
      const { code, stderr } = await sandbox().run(['apply']);
      expect(code, stderr).toBe(8);
      expect(stderr).toContain(`virtual_transport = ${transport}: nobody takes mail there`);
    }
  });
});

describe('values of overrides that programs of Postfix read', { timeout: 120_000 }, () => {
  const sandbox = useSandbox({
    state: state('queue_run_delay: 4m'),
    tolerate: [/qmgr\[\d+\]: fatal: /, /master\[\d+\]: warning: .*qmgr( pid \d+ exit status 1|: bad command startup)/],
  });
  const delivered = async (): Promise<void> => {
    const token = await sendAs(sandbox(), 'alice@a.test', 'alice@a.test');
    expect(await copies(sandbox(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
  };

  it('and would end at are all named with their lines, and nothing is changed', async () => {
    const before = await reloads(sandbox().root);
    const wrong = {
      minimal_backoff_time: 'abc',
      maximal_queue_lifetime: '99999999999999999999',
      lmtp_destination_recipient_limit: '$mine',
      relay_transport_rate_delay: '1y',
      initial_destination_concurrency: '0',
      bounce_size_limit: '1k',
      virtual_minimum_uid: 'vmail',
      smtpd_helo_required: '"1"',
    };
    const settings = Object.entries({ mine: 'x', soft_bounce: '"no"', ...wrong });
    await sandbox().writeState(state(settings.map(([name, value]) => `${name}: ${value}`).join(', ')));
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('nothing was changed');
    const named = [...stderr.matchAll(/state\.yaml:\d+:\d+: error: overrides\.postfix\.(\w+): /g)].map(
      ([, name]) => name,
    );
    expect(named.sort()).toEqual(Object.keys(wrong).sort());
    expect(stderr).toContain('(the default is 5d)');
    expect(await reloads(sandbox().root)).toEqual(before);
  });

  it('are taken as Postfix takes them', async () => {
    const odd = [
      'mine: 7h, queue_run_delay: $mine, minimal_backoff_time: "300", maximal_queue_lifetime: 1w',
      'smtpd_soft_error_limit: "${stress?{3}:{10}}", smtpd_timeout: "${stress?{10}:{300}}s"',
      'soft_bounce: "NO", smtpd_helo_required: "Yes", html_directory: "no", smtpd_recipient_limit: "+500"',
      'default_destination_concurrency_positive_feedback: 1/concurrency, lmtp_destination_concurrency_limit: "0"',
      'lmtp_destination_recipient_limit: "${default_destination_recipient_limit}", smtpd_tls_loglevel: "1"',
      'default_destination_recipient_limit: "50", mailbox_size_limit: "9999999999"',
    ];
    await sandbox().writeState(state(odd.join(', ')));
    await sandbox().ok(['apply']);
    await delivered();
  });

  it('a queue manager that ends all the same is found by the proof, and the previous configuration works', async () => {
    const programs = `${sandbox().root}/programs/postfix`;
    const { stdout: theirs } = await run('postconf', ['-dh', 'daemon_directory']);
    await mkdir(dirname(programs));
    await run('cp', ['-r', theirs.trim(), programs]);
    const qmgr = `${programs}/qmgr`;
    await rm(qmgr);
    await writeFile(qmgr, `#!/bin/sh\ncase "$*" in *-D*) exec ${theirs.trim()}/qmgr "$@";; esac\nexit 1\n`, {
      mode: 0o755,
    });
    await sandbox().writeState(state(`daemon_directory: ${programs}`));
    const { code, stderr } = await sandbox().run(['apply']);
    expect(code, stderr).toBe(8);
    expect(stderr).toContain('no mail is delivered: qmgr of Postfix does not work');
    await delivered();
  });

  it('that were made by hand are named by status, and another apply works at once', async () => {
    const mainCf = `${sandbox().root}/etc/postfix/main.cf`;
    await appendFile(mainCf, 'qmgr_clog_warn_time = abc\n');
    await run('postfix', ['-c', `${sandbox().root}/etc/postfix`, 'reload']);
    await eventually('the master waits', async () =>
      (await readFile(`${sandbox().root}/var/log/mail.log`, 'utf8')).includes('qmgr: bad command startup'),
    );
    const status = await sandbox().run(['status']);
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^!! postfix .* but its qmgr does not work, so no mail is delivered$/m);
    await sandbox().writeState(state('queue_run_delay: 5m'));
    await sandbox().ok(['apply', '--adopt']);
    await delivered();
    await sandbox().ok(['status']);
  });
});
