import type { CertificateStatus } from '../../core/status.ts';
import type { PortName } from '../../core/host-facts.ts';
import { certificateOf } from '../../core/render/paths.ts';
import { daysLeft, FEW_DAYS, isSelfSigned, readCertificate } from '../../system/certificate.ts';
import { servedFingerprint, type TlsBeginning } from '../../system/served-certificate.ts';
import { listenersOf, type Listener } from './listeners.ts';
import type { Scene } from './scene.ts';

const BEGINNINGS: Readonly<Record<PortName, TlsBeginning>> = {
  smtp: 'smtp',
  submission: 'smtp',
  smtps: 'implicit',
  imap: 'imap',
  imaps: 'implicit',
  pop3: 'pop3',
  pop3s: 'implicit',
  managesieve: 'sieve',
};

export async function certificateStatus({ model, facts }: Pick<Scene, 'model' | 'facts'>): Promise<CertificateStatus> {
  const path = certificateOf(model, facts).certificate;
  const certificate = readCertificate(path);
  const ports = listenersOf(model, facts).filter(
    ({ name }) => name in BEGINNINGS && !(name === 'smtp' && model.smtp.tls === 'off'),
  );
  const served = await Promise.all(ports.map((port) => compare(port, model.mailname, certificate?.fingerprint256)));
  if (certificate === undefined) return { well: false, path, file: null, served };
  const days = daysLeft(certificate, Date.now());
  const file = {
    fingerprint: certificate.fingerprint256,
    until: new Date(certificate.validTo).toISOString(),
    daysLeft: days,
    fewDays: days < FEW_DAYS,
    selfSigned: isSelfSigned(certificate),
    forName: certificate.checkHost(model.mailname) !== undefined,
  };
  return { well: !file.fewDays && file.forName && served.every(({ same }) => same), path, file, served };
}

async function compare(
  { name, host, port }: Listener,
  mailname: string,
  fingerprint: string | undefined,
): Promise<CertificateStatus['served'][number]> {
  try {
    const shown = await servedFingerprint({ host, port }, BEGINNINGS[name as PortName], mailname);
    return { name, host, port, same: shown === fingerprint };
  } catch (error) {
    return { name, host, port, same: false, problem: (error as Error).message };
  }
}
