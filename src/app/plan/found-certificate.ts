import { EboxmailError } from '../../core/errors.ts';
import { listDirectory, lstat } from '../../system/files.ts';
import type { KeyPair } from '../../system/certificate.ts';
import { checkPair } from './certificate.ts';

/** A certificate for a name, in one of the places where the usual programs keep them; undefined when there is none to use. */
export function findCertificate(root: string, mailname: string): KeyPair | undefined {
  return candidates(root, mailname).find((pair) => isFor(pair, mailname));
}

function candidates(root: string, name: string): readonly KeyPair[] {
  // certbot and dehydrated: a directory for each certificate, which may be for further names.
  const directories = [`${root}/etc/letsencrypt/live`, `${root}/var/lib/dehydrated/certs`].flatMap((parent) =>
    [name, ...listDirectory(parent).filter((other) => other !== name)].map((each) => `${parent}/${each}`),
  );
  return [
    ...directories.map((path) => ({ certificate: `${path}/fullchain.pem`, key: `${path}/privkey.pem` })),
    { certificate: `${root}/etc/ssl/certs/${name}.pem`, key: `${root}/etc/ssl/private/${name}.key` },
  ];
}

/** Whether the daemons could use it, and clients would not complain. */
function isFor(pair: KeyPair, mailname: string): boolean {
  if (lstat(pair.certificate) === undefined || lstat(pair.key) === undefined) return false;
  try {
    return checkPair(pair, mailname).length === 0;
  } catch (error) {
    if (error instanceof EboxmailError) return false;
    throw error;
  }
}
