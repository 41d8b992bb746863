import { failed, isForbidden } from '../../core/errors.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import type { Problem } from '../../core/problem.ts';
import { certificateOf } from '../../core/render/paths.ts';
import { daysLeft, FEW_DAYS, isUsable, readCertificate, whyNoPair, type KeyPair } from '../../system/certificate.ts';
import { bytesIfPresent, isReadable, lstat } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';

export interface CertificateFacts {
  /** The self-signed pair is missing, for another name, or its time is nearly over. */
  readonly toBeMade: boolean;
  /** SHA-256 of the certificate file as it was looked at. */
  readonly hash: string;
  /** Path of the certificate, when the daemons have read another content than it has now, or will have. */
  readonly renewed: string | undefined;
  readonly warnings: readonly Problem[];
}

/**
 * Looks at the certificate and key that the daemons are to use.
 * @param served SHA-256 of the certificate file that they have read; undefined when that is not known
 * @throws when they could not use it; one that they show already is only warned of, or its end would stop every change
 */
export function lookAtCertificate(model: MailModel, facts: HostFacts, served: string | undefined): CertificateFacts {
  const now = Date.now();
  const paths = certificateOf(model, facts);
  if (model.tls === undefined) {
    const toBeMade = !isUsable(paths, model.mailname, now);
    const hash = hashOf(paths);
    const renewed = served !== undefined && (toBeMade || hash !== served);
    const warnings = facts.sandbox !== undefined || toBeMade ? [] : [selfSigned(paths, now)];
    return { toBeMade, hash, renewed: renewed ? paths.certificate : undefined, warnings };
  }
  if (process.getuid?.() !== 0 && !isReadable(paths.certificate)) {
    const unseen = warning(`this user cannot read ${paths.certificate}`, 'run as root to have it checked');
    return { toBeMade: false, hash: '', renewed: undefined, warnings: [unseen] };
  }
  requirePair(paths);
  const hash = hashOf(paths);
  const warnings = ownWarnings(paths, model.mailname, now, hash === served);
  return {
    toBeMade: false,
    hash,
    renewed: served !== undefined && hash !== served ? paths.certificate : undefined,
    warnings,
  };
}

/** @returns warnings about a pair for a name. @throws when the daemons could not use it */
export function checkPair(paths: KeyPair, mailname: string): readonly Problem[] {
  requirePair(paths);
  return ownWarnings(paths, mailname, Date.now(), false);
}

/** Who may not read the key (plan works without root) sees no more than that it is there. */
function requirePair(paths: KeyPair): void {
  const hint = 'server.tls in the state names it';
  for (const path of [paths.certificate, paths.key]) {
    if (!mayBeThere(path)) throw failed(`${path} does not exist`, hint);
  }
  if (process.getuid?.() !== 0 && !isReadable(paths.key)) return;
  const wrong = whyNoPair(paths);
  if (wrong !== undefined) throw failed(wrong, 'server.tls in the state names them; the daemons could not use them');
}

/** Whether there is a file, as far as this user may know: Debian's /etc/ssl/private is closed to others. */
function mayBeThere(path: string): boolean {
  try {
    return lstat(path) !== undefined;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

function ownWarnings(paths: KeyPair, name: string, now: number, inForce: boolean): readonly Problem[] {
  const certificate = readCertificate(paths.certificate);
  if (certificate === undefined) return [];
  const days = daysLeft(certificate, now);
  const until = new Date(certificate.validTo).toISOString().slice(0, 10);
  if (days < 0 && !inForce)
    throw failed(
      `the certificate ${paths.certificate} ended on ${until}`,
      'get a new one; server.tls in the state names it',
    );
  if (Date.parse(certificate.validFrom) > now)
    throw failed(
      `the certificate ${paths.certificate} is not valid before ${certificate.validFrom}`,
      'is the clock right?',
    );
  const warnings: Problem[] = [];
  if (days < 0) warnings.push(warning(`the certificate ended on ${until}, and clients refuse it`, 'renew it'));
  else if (days < FEW_DAYS) warnings.push(warning(`the certificate ends on ${until}, in ${days} days`, 'renew it'));
  if (certificate.checkHost(name) === undefined) {
    warnings.push(
      warning(`the certificate is not for ${name}, the mailname`, 'clients that connect to that name refuse it'),
    );
  }
  return warnings;
}

function selfSigned(paths: KeyPair, now: number): Problem {
  const certificate = readCertificate(paths.certificate);
  const days = certificate === undefined ? 0 : daysLeft(certificate, now);
  return warning(`the certificate is self-signed, so clients warn; ${days} days left`, 'set server.tls to a real one');
}

function warning(message: string, hint: string): Problem {
  return { rule: 'certificate', severity: 'warning', path: ['server', 'tls'], at: 'key', message, hint };
}

function hashOf({ certificate }: KeyPair): string {
  return sha256(bytesIfPresent(certificate) ?? '');
}
