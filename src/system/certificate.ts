import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { failed } from '../core/errors.ts';
import { exec, MissingProgram } from './exec.ts';
import { bytesIfPresent, makeDirectory, readIfPresent, stageFile } from './files.ts';
import { missingPackage } from './packages.ts';

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const VALID_DAYS = 3650;

/** Fewer days left than this are worth a warning; a self-signed pair is made anew. */
export const FEW_DAYS = 30;

/** Makes a self-signed pair (ECDSA P-256) for a name. */
export async function makeSelfSigned(paths: KeyPair, name: string): Promise<void> {
  makeDirectory(dirname(paths.key), 0o700);
  const { code, stdout, stderr } = await openssl([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'],
    ...['-days', String(VALID_DAYS), '-subj', `/CN=${name.slice(0, 64)}`, '-addext', `subjectAltName=DNS:${name}`],
    ...['-keyout', '-', '-out', '-'],
  ]);
  const key = pem(stdout, 'PRIVATE KEY');
  const certificate = pem(stdout, 'CERTIFICATE');
  if (code !== 0 || key === undefined || certificate === undefined) throw failed(`openssl failed: ${stderr.trim()}`);
  const files = [
    stageFile({ path: paths.key, content: key, mode: 0o600, uid: 0, gid: 0 }),
    stageFile({ path: paths.certificate, content: certificate, mode: 0o644, uid: 0, gid: 0 }),
  ];
  for (const file of files) file.commit();
}

/** Why the daemons could not use a certificate and key; they would start, or reload, and only say so in their logs. */
export function whyNoPair(paths: KeyPair): string | undefined {
  const certificate = readCertificate(paths.certificate);
  if (certificate === undefined) return `${paths.certificate} holds no certificate in PEM form`;
  try {
    const key = createPrivateKey(readIfPresent(paths.key) ?? '');
    return certificate.checkPrivateKey(key) ? undefined : `${paths.key} is not the key of ${paths.certificate}`;
  } catch {
    return `${paths.key} holds no key in PEM form, or one with a passphrase`;
  }
}

/** The first certificate of a file, which is the server's own; undefined when there is none. */
export function readCertificate(path: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readIfPresent(path) ?? '');
  } catch {
    return undefined;
  }
}

/** Whole days until a certificate ends; negative when it has ended. */
export function daysLeft(certificate: X509Certificate, now: number): number {
  return Math.floor((Date.parse(certificate.validTo) - now) / 86_400_000);
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}

/** Whether a pair that was made here can be used on: it is for this name, and its time is not nearly over. */
export function isUsable(paths: KeyPair, name: string, now: number): boolean {
  const certificate = readCertificate(paths.certificate);
  if (certificate?.checkHost(name) === undefined || bytesIfPresent(paths.key) === undefined) return false;
  return daysLeft(certificate, now) >= FEW_DAYS;
}

async function openssl(args: readonly string[]): ReturnType<typeof exec> {
  try {
    return await exec('openssl', args);
  } catch (error) {
    throw error instanceof MissingProgram ? missingPackage(error) : error;
  }
}

function pem(text: string, label: string): string | undefined {
  const match = new RegExp(`-----BEGIN ${label}-----[\\s\\S]+?-----END ${label}-----\n`).exec(text);
  return match?.[0];
}
