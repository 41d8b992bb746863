import type { HostFacts } from '../../src/core/host-facts.ts';

/** HostFacts as JSON holds them: what is left out is that of a plain Debian machine. */
export interface FactsFile extends Partial<Omit<HostFacts, 'secrets' | 'postfix' | 'dovecot' | 'former'>> {
  readonly postfix?: Partial<HostFacts['postfix']>;
  readonly dovecot?: Partial<HostFacts['dovecot']>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly former?: Readonly<Record<string, string>>;
}

/** Facts of a Debian 12 machine with cdb tables, or of a sandbox on one, but for what is given. */
export function facts(given: FactsFile = {}): HostFacts {
  return {
    root: '',
    listen: [],
    portOffset: 0,
    mailOwner: { uid: 998, gid: 998, name: 'vmail' },
    sandbox: undefined,
    jobs: {
      by: given.sandbox === undefined ? 'systemd' : 'none',
      command: ['/usr/bin/node', '/usr/local/lib/eboxmail/bin/eboxmail.js'],
    },
    caFile: undefined,
    ...given,
    postfix: {
      version: '3.7.11',
      commandDirectory: '/usr/sbin',
      daemonDirectory: '/usr/lib/postfix/sbin',
      tableType: 'cdb',
      ...given.postfix,
    },
    dovecot: { version: '2.3.19.1', dialect: '2.3', ...given.dovecot },
    secrets: new Map(Object.entries(given.secrets ?? {})),
    former: new Map(Object.entries(given.former ?? {})),
  };
}
