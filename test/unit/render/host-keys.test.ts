import { describe, expect, it, vi } from 'vitest';
import type { HostFile } from '../../../src/core/generated/host-types.ts';
import { render } from '../../../src/core/render/render.ts';
import { hostFacts } from '../../../src/system/host.ts';
import { validState } from '../../support/read-state.ts';
import { readSchema, schemaPlaces } from '../schema/schema-walk.ts';

/** The daemons are asked for their versions only; this answers for them. */
vi.mock(import('../../../src/system/exec.ts'), async (original) => ({
  ...(await original()),
  exec: async (program: string) => {
    const stdout = program === 'postconf' ? '3.7.11\n' : '2.3.19.1 (9b53102964)\n';
    return { code: 0, stdout, stderr: '' };
  },
}));

const SANDBOX = { sandbox: { outbound: 'outbound' } };

/** A state in which mail is fetched from elsewhere, too. */
const FETCHING = `version: 1
server: {mailname: mx.example.com, fetch: {enabled: true}}
domains: {example.com: }
users:
  alice@example.com:
    fetch: [{address: a@isp.example, server: localhost, protocol: imaps, password: {file: secrets/isp}}]
`;

/** Two host files that differ in one key, for each. */
const PAIRS: Readonly<Record<string, readonly [Partial<HostFile>, Partial<HostFile>]>> = {
  'listen.[]': [{ listen: ['192.0.2.1'] }, { listen: ['192.0.2.2'] }],
  port_offset: [{ port_offset: 0 }, { port_offset: 1000 }],
  'mail_owner.uid': [{ mail_owner: { uid: 500, gid: 500 } }, { mail_owner: { uid: 501, gid: 500 } }],
  'mail_owner.gid': [{ mail_owner: { uid: 500, gid: 500 } }, { mail_owner: { uid: 500, gid: 501 } }],
  'sandbox.outbound': [SANDBOX, { sandbox: { outbound: 'out/there' } }],
  'paths.postfix_daemons': [{}, { paths: { postfix_daemons: '/usr/libexec/postfix' } }],
  'paths.ca_file': [{}, { paths: { ca_file: '/etc/ssl/company-ca.pem' } }],
  'paths.postfix_commands': [{}, { paths: { postfix_commands: '/opt/bin' } }],
};

const NOT_RENDERED: Readonly<Record<string, string>> = {
  version: 'only 1 is possible',
  services: 'how daemons are started and stopped; no file depends on it',
};

describe('every key of host.yaml changes a rendered byte', () => {
  it('all keys are in the tables', () => {
    const sections = ['listen', 'mail_owner', 'sandbox', 'paths'];
    const keys = schemaPlaces(readSchema('host')).map(({ pattern }) => pattern);
    expect([...Object.keys(PAIRS), ...Object.keys(NOT_RENDERED), ...sections].sort()).toEqual(keys.sort());
  });

  it.each(Object.entries(PAIRS))('%s', async (_, [one, other]) => {
    expect(await rendered(one)).not.toEqual(await rendered(other));
  });
});

describe('facts', () => {
  it('are taken from host.yaml and from what the daemons say', async () => {
    const secrets = new Map([['secrets/a', '{PLAIN}a']]);
    const host: HostFile = { version: 1, listen: ['::1'], port_offset: 5, mail_owner: { uid: 7, gid: 8 }, ...SANDBOX };
    expect(await hostFacts('/srv/x', host, secrets)).toMatchObject({
      root: '/srv/x',
      listen: ['::1'],
      portOffset: 5,
      mailOwner: { uid: 7, gid: 8 },
      sandbox: { outbound: 'outbound' },
      postfix: { version: '3.7.11', commandDirectory: '/usr/sbin', daemonDirectory: '/usr/lib/postfix/sbin' },
      dovecot: { version: '2.3.19.1', dialect: '2.3' },
      secrets,
    });
  });
});

async function rendered(host: Partial<HostFile>): Promise<readonly string[]> {
  const { model, directory } = await validState(FETCHING);
  const facts = await hostFacts('', { version: 1, ...host }, new Map([['secrets/isp', 'x']]));
  return render(model, directory, facts).map(({ content }) => content);
}
