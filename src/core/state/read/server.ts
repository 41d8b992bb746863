import { parseAnyAddress, parseDomain, formatAddress } from '../../address.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { MailModel, Retrieval } from '../../model.ts';
import { parseDays, parseSize } from '../../units.ts';
import type { DomainIndex } from './domains.ts';
import { readFetchSettings } from './fetch.ts';
import type { Findings } from './findings.ts';

export type ServerPart = Pick<
  MailModel,
  'mailname' | 'postmaster' | 'tls' | 'smtp' | 'limits' | 'expiry' | 'retrieval' | 'fetch'
>;

/** Message size when the state does not say: 25 MB. */
const DEFAULT_MESSAGE_SIZE = 25 * 1024 ** 2;

const DEFAULT_RETRIEVAL: Retrieval = {
  imap: true,
  imaps: true,
  pop3: false,
  pop3s: false,
  managesieve: true,
  cleartext: 'refuse',
};

/** Reads `server`, with every default filled in. */
export function readServer(state: StateFile, index: DomainIndex, findings: Findings): ServerPart {
  const server = state.server ?? {};
  return {
    mailname: readMailname(server.mailname, index, findings),
    postmaster: readPostmaster(server.postmaster, index, findings),
    tls: readTls(server.tls, findings),
    smtp: { tls: server.smtp?.tls ?? 'opportunistic', authentication: server.smtp?.authentication ?? true },
    limits: {
      mailbox: readSize(server.limits?.mailbox, null, ['server', 'limits', 'mailbox'], findings),
      message: readSize(server.limits?.message, DEFAULT_MESSAGE_SIZE, ['server', 'limits', 'message'], findings),
    },
    expiry: {
      trash: parseDays(server.expiry?.trash ?? 'never') ?? null,
      spam: parseDays(server.expiry?.spam ?? 'never') ?? null,
      basis: server.expiry?.basis ?? 'saved',
    },
    retrieval: { ...DEFAULT_RETRIEVAL, ...server.retrieval },
    fetch: readFetchSettings(server.fetch),
  };
}

function readMailname(written: string | undefined, index: DomainIndex, findings: Findings): string {
  const path = ['server', 'mailname'];
  if (written === undefined) {
    const first = index.domains.keys().next().value;
    const name = `mail.${first ?? 'localdomain'}`;
    const hint = 'write the name that the MX record of your domains points to: server: {mailname: mx.example.com}';
    if (index.domains.has(name) || index.aliasOf.has(name)) {
      const what = index.domains.has(name) ? 'a mail domain' : 'a domain alias';
      findings.error('mailname', path, 'key', `server.mailname is not set, and ${name} is ${what}`, hint);
    } else if (first !== undefined) {
      findings.warning('mailname', path, 'key', `server.mailname is not set, so ${name} is used`, hint);
    }
    return name;
  }
  const name = parseDomain(written);
  if (!name.ok) {
    findings.error('mailname', path, 'value', `"${written}" is no full host name: it ${name.why}`);
    return 'mail.localdomain';
  }
  if (index.domains.has(name.value) || index.aliasOf.has(name.value)) {
    const what = index.domains.has(name.value) ? 'a mail domain' : 'a domain alias';
    const hint = `use the host's own name, e.g. mail.${name.value}; Postfix cannot have a domain both as local and as virtual`;
    findings.error('mailname', path, 'value', `the mailname "${written}" is also ${what}`, hint);
  }
  return name.value;
}

/** Dovecot takes `#` in the name of a certificate file for a comment, however it is quoted. */
function readTls(written: MailModel['tls'], findings: Findings): MailModel['tls'] {
  for (const name of ['certificate', 'key'] as const) {
    if (written?.[name].includes('#') !== true) continue;
    const message = `"${written[name]}" contains "#", which begins a comment in Dovecot's settings`;
    findings.error(
      'tls-path',
      ['server', 'tls', name],
      'value',
      message,
      'give the file another name, or a link to it',
    );
  }
  return written ?? undefined;
}

function readPostmaster(written: string | undefined, index: DomainIndex, findings: Findings): string {
  if (written === undefined || written === 'root') return 'root';
  const address = parseAnyAddress(written);
  if (!address.ok) {
    const hint = 'write root or a full address';
    findings.error(
      'postmaster',
      ['server', 'postmaster'],
      'value',
      `"${written}" is no address: it ${address.why}`,
      hint,
    );
    return 'root';
  }
  const { local, domain } = address.value;
  return formatAddress({ local: index.domains.has(domain) ? local.toLowerCase() : local, domain });
}

/** Bytes of a size that the state gives, or the default; what is no size is reported. */
export function readSize(
  written: string | undefined,
  byDefault: number | null,
  path: readonly string[],
  findings: Findings,
): number | null {
  if (written === undefined) return byDefault;
  const bytes = parseSize(written);
  if (bytes !== undefined) return bytes;
  const hint = 'write e.g. 500 MB, 2 GB or unlimited';
  findings.error('size', path, 'value', `"${written}" is less than one byte, or too large`, hint);
  return byDefault;
}
