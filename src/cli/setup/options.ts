import type { Command } from 'commander';
import { SERVICES, type Service } from '../../core/edits/first-state.ts';
import { usageError } from '../../core/errors.ts';
import { quoted } from '../../core/state/schema-words.ts';
import { passwordOptions, type PasswordOptions } from '../password-options.ts';

/** An option for every question. */
export interface SetupOptions extends PasswordOptions {
  readonly mailname?: string;
  readonly domain?: string;
  readonly user?: string;
  readonly name?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly selfSigned?: boolean;
  readonly services?: string;
  readonly smarthost?: string;
  readonly smarthostUsername?: string;
  readonly smarthostPasswordFile?: string;
  readonly direct?: boolean;
  readonly relayNetworks?: string | false;
  readonly apply?: boolean;
  readonly adopt?: boolean;
}

export function setupOptions(command: Command): Command {
  return passwordOptions(
    command
      .option('--mailname <name>', 'full name of the server, to which the MX records of its domains point')
      .option('--domain <domain>', 'the first mail domain')
      .option('--user <address>', 'the first user')
      .option('--name <name>', "that person's name"),
  )
    .option('--tls-certificate <file>', 'certificate with its chain, PEM')
    .option('--tls-key <file>', "the certificate's private key, PEM")
    .option('--self-signed', 'make a certificate that nobody has signed')
    .option('--services <list>', `how users get at their mail: some of ${Object.keys(SERVICES).join(',')}`)
    .option('--smarthost <host>', 'HOST or HOST:PORT that takes all mail to the outside')
    .option('--smarthost-username <name>', 'log in there as this user')
    .option('--smarthost-password-file <file>', 'file with the password for that, as its only line')
    .option('--direct', 'mail leaves to the servers of its recipients')
    .option('--relay-networks <list>', 'networks whose machines may send to the outside without a login')
    .option('--no-relay-networks', 'nobody may do that')
    .option('--apply', 'apply when the state is written')
    .option('--no-apply', 'only write the state')
    .option('--adopt', 'replace configuration that is there already; the originals are kept');
}

/** @throws usage error for options that do not go together */
export function requireConsistent(options: SetupOptions): void {
  const { tlsCertificate, tlsKey, selfSigned, smarthost, smarthostUsername, smarthostPasswordFile, direct } = options;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw usageError('--tls-certificate and --tls-key belong together', 'give both');
  if (tlsKey !== undefined && selfSigned === true)
    throw usageError('--self-signed and --tls-certificate exclude each other', 'give one of them');
  if (smarthost !== undefined && direct === true)
    throw usageError('--direct and --smarthost exclude each other', 'give one of them');
  if (smarthost === undefined && (smarthostUsername ?? smarthostPasswordFile) !== undefined)
    throw usageError('--smarthost-username and --smarthost-password-file need --smarthost', 'name the server');
  if (smarthostUsername === undefined && smarthostPasswordFile !== undefined)
    throw usageError('--smarthost-password-file needs --smarthost-username', 'a password alone is no login');
}

export function hasPassword(options: PasswordOptions): boolean {
  const { passwordStdin, passwordFile, passwordHash, generatePassword } = options;
  return [passwordStdin, passwordFile, passwordHash, generatePassword].some((value) => value !== undefined);
}

/**
 * The answers that nobody can be asked for and no option gives, by their options.
 * @param yes what can be proposed counts as answered
 */
export function missingAnswers(options: SetupOptions, yes: boolean, mailname: string | undefined): readonly string[] {
  const { tlsKey, selfSigned, services, smarthost, smarthostUsername, direct, relayNetworks, apply } = options;
  const missing: (readonly [missing: boolean, option: string])[] = [
    [options.mailname === undefined && !(yes && mailname !== undefined), '--mailname NAME'],
    [options.domain === undefined, '--domain DOMAIN'],
    [options.user === undefined, '--user ADDRESS'],
    [!hasPassword(options), '--password-file FILE (or --password-stdin, --password-hash, --generate-password)'],
    [
      !yes && tlsKey === undefined && selfSigned !== true,
      '--tls-certificate FILE and --tls-key FILE, or --self-signed',
    ],
    [!yes && services === undefined, '--services LIST'],
    [!yes && smarthost === undefined && direct !== true, '--direct or --smarthost HOST'],
    [smarthostUsername !== undefined && options.smarthostPasswordFile === undefined, '--smarthost-password-file FILE'],
    [!yes && relayNetworks === undefined, '--relay-networks LIST or --no-relay-networks'],
    [!yes && apply === undefined, '--apply or --no-apply'],
  ];
  return missing.filter(([is]) => is).map(([, option]) => option);
}

export function servicesIn(list: string): readonly Service[] {
  return listIn(list).map((word) => {
    const service = (Object.keys(SERVICES) as Service[]).find((name) => name === word.toLowerCase());
    if (service !== undefined) return service;
    throw usageError(`${quoted(word)} is no service`, `write some of ${Object.keys(SERVICES).join(',')}`);
  });
}

export function listIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
