import { checkServerIdentity, rootCertificates, type PeerCertificate, type TLSSocket } from 'node:tls';
import { readIfPresent } from './files.ts';

/** Debian's list of authorities; SSL_CERT_FILE is OpenSSL's way to name another one. */
const SYSTEM_LIST = '/etc/ssl/certs/ca-certificates.crt';

/** Who may sign certificates, as Postfix sees it; where the machine has no list, those that Node.js brings. */
export function certificateAuthorities(): readonly string[] {
  const named = process.env['SSL_CERT_FILE'];
  const text = readIfPresent(named === undefined || named === '' ? SYSTEM_LIST : named);
  return text === undefined ? rootCertificates : [text];
}

export interface CheckedCertificate {
  /** Whom it names, and until when it is valid. */
  readonly about: string;
  /** Everything that is wrong with it, in sentences; empty when nothing is. */
  readonly faults: readonly string[];
}

/** What OpenSSL calls the faults of a chain (verify(1)). */
const CHAIN_FAULTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its chain is not complete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'it is signed by an authority that is not known here, or its chain is not complete',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by an authority that is not known here, or its chain is not complete',
};

/**
 * Looks at the certificate of the other side: name, chain, dates.
 * @param names one of which it has to be for
 */
export function checkPeer(socket: TLSSocket, names: readonly string[]): CheckedCertificate {
  const certificate = socket.getPeerCertificate();
  const faults: string[] = [];
  const error = String(socket.authorizationError ?? '');
  if (certificate.valid_to === undefined) return { about: 'none', faults: ['the server shows no certificate'] };
  const [from, to] = [Date.parse(certificate.valid_from), Date.parse(certificate.valid_to)];
  if (to < Date.now()) faults.push(`it expired on ${day(to)}`);
  if (from > Date.now()) faults.push(`it is valid only from ${day(from)} on`);
  if (!names.some((name) => checkServerIdentity(name, certificate) === undefined)) {
    faults.push(`it is for ${namesIn(certificate)}, not for ${names.join(' or ')}`);
  }
  const known = CHAIN_FAULTS[error];
  if (known !== undefined) faults.push(known);
  else if (error !== '' && faults.length === 0) faults.push(`it cannot be verified: ${error}`);
  return { about: `for ${namesIn(certificate)}, until ${day(to)}`, faults };
}

function namesIn({ subjectaltname: alternatives, subject }: PeerCertificate): string {
  const names = (alternatives ?? '').split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  const text = names.filter((name) => name !== '').join(', ') || String(subject?.CN ?? 'nobody');
  return text.replace(/[\p{C}\u2028\u2029]/gu, ' ').slice(0, 200);
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
