import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failed } from '../core/errors.ts';
import type { HostFile } from '../core/generated/host-types.ts';
import type { DovecotDialect, DovecotFacts, HostFacts, PostfixFacts, TableType } from '../core/host-facts.ts';
import { recall, remember } from './cache.ts';
import { exec, findProgram, MissingProgram } from './exec.ts';
import { sha256 } from './hash.ts';
import { groupId, userId, userName } from './identity.ts';
import { missingPackage } from './packages.ts';
import { programCommand } from './program.ts';
import { usesSystemd } from './systemd.ts';

/** Used where no user vmail exists: below the range of login users, above Debian's static ones. */
const MAIL_OWNER_WITHOUT_NAME = 5000;

const DEFAULT_DAEMONS = '/usr/lib/postfix/sbin';
const DEFAULT_COMMANDS = '/usr/sbin';

/**
 * Everything about the machine that rendering needs: host.yaml and what the installed daemons say of themselves.
 * @param mayRemember a cache may be written
 */
export async function hostFacts(
  root: string,
  host: HostFile,
  secrets: ReadonlyMap<string, string>,
  mayRemember = false,
): Promise<HostFacts> {
  const cache = { root, mayRemember };
  const [postfix, dovecot] = await Promise.all([postfixFacts(host, cache), dovecotFacts(cache)]);
  return {
    root,
    listen: host.listen ?? [],
    portOffset: host.port_offset ?? 0,
    postfix,
    dovecot,
    mailOwner: mailOwner(host),
    sandbox: host.sandbox,
    jobs: {
      by: host.sandbox !== undefined ? 'none' : usesSystemd(root, host.services) ? 'systemd' : 'cron',
      command: programCommand(),
    },
    caFile: host.paths?.ca_file,
    secrets,
  };
}

/** Who owns all mail. */
export function mailOwner(host: HostFile): HostFacts['mailOwner'] {
  const { uid, gid } = host.mail_owner ?? {
    uid: userId('vmail') ?? MAIL_OWNER_WITHOUT_NAME,
    gid: groupId('vmail') ?? MAIL_OWNER_WITHOUT_NAME,
  };
  const name = userName(uid);
  return name === String(uid) ? { uid, gid } : { uid, gid, name };
}

async function postfixFacts(host: HostFile, cache: VersionCache): Promise<PostfixFacts> {
  // -d prints built-in values and so needs no main.cf.
  const version = await versionOf('postconf', ['-d', '-h', 'mail_version'], cache);
  return {
    version,
    commandDirectory: host.paths?.postfix_commands ?? DEFAULT_COMMANDS,
    daemonDirectory: host.paths?.postfix_daemons ?? DEFAULT_DAEMONS,
    tableType: tableType(),
  };
}

/**
 * The best kind of indexed table of this Postfix: cdb and lmdb come as packages that register in dynamicmaps.cf.d
 * (Debian's README), hash is always there.
 */
function tableType(): TableType {
  const directory = '/etc/postfix/dynamicmaps.cf.d';
  const files = existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
  const main = '/etc/postfix/dynamicmaps.cf';
  if (existsSync(main)) files.push(main);
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  if (/^cdb\s/m.test(text)) return 'cdb';
  return /^lmdb\s/m.test(text) ? 'lmdb' : 'hash';
}

async function dovecotFacts(cache: VersionCache): Promise<DovecotFacts> {
  const version = (await versionOf('dovecot', ['--version'], cache)).split(' ')[0] ?? '';
  return { version, dialect: dialectOf(version) };
}

function dialectOf(version: string): DovecotDialect {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 2 && minor === 3) return '2.3';
  if (major === 2 && minor === 4) return '2.4';
  throw failed(`Dovecot ${version} is installed, which eboxmail does not know`, 'it works with Dovecot 2.3 and 2.4');
}

interface VersionCache {
  readonly root: string;
  readonly mayRemember: boolean;
}

/** What a program says of itself does not change while its file stays the same one. */
async function versionOf(
  program: string,
  args: readonly string[],
  { root, mayRemember }: VersionCache,
): Promise<string> {
  const file = findProgram(program);
  if (file === undefined) return firstLine(program, args);
  const hash = sha256(file.identity);
  const known = recall(root, file.path, hash);
  if (typeof known === 'string') return known;
  const version = await firstLine(program, args);
  if (mayRemember) remember(root, file.path, hash, version);
  return version;
}

async function firstLine(program: string, args: readonly string[]): Promise<string> {
  try {
    const { code, stdout, stderr } = await exec(program, args);
    const line = stdout.split('\n')[0]?.trim() ?? '';
    if (code === 0 && line !== '') return line;
    throw failed(`${program} ${args.join(' ')} failed: ${stderr.trim()}`);
  } catch (error) {
    throw error instanceof MissingProgram ? missingPackage(error) : error;
  }
}
