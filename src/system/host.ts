import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failed } from '../core/errors.ts';
import type { HostFile } from '../core/generated/host-types.ts';
import type { DovecotDialect, DovecotFacts, HostFacts, PostfixFacts, TableType } from '../core/host-facts.ts';
import { exec, MissingProgram } from './exec.ts';
import { groupId, userId, userName } from './identity.ts';
import { missingPackage } from './packages.ts';
import { programCommand } from './program.ts';
import { usesSystemd } from './services.ts';

/** Used where no user vmail exists: below the range of login users, above Debian's static ones. */
const MAIL_OWNER_WITHOUT_NAME = 5000;

const DEFAULT_DAEMONS = '/usr/lib/postfix/sbin';
const DEFAULT_COMMANDS = '/usr/sbin';

/** Everything about the machine that rendering needs: host.yaml and what the installed daemons say of themselves. */
export async function hostFacts(
  root: string,
  host: HostFile,
  secrets: ReadonlyMap<string, string>,
): Promise<HostFacts> {
  const [postfix, dovecot] = await Promise.all([postfixFacts(host), dovecotFacts()]);
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

function mailOwner(host: HostFile): HostFacts['mailOwner'] {
  const { uid, gid } = host.mail_owner ?? {
    uid: userId('vmail') ?? MAIL_OWNER_WITHOUT_NAME,
    gid: groupId('vmail') ?? MAIL_OWNER_WITHOUT_NAME,
  };
  const name = userName(uid);
  return name === String(uid) ? { uid, gid } : { uid, gid, name };
}

async function postfixFacts(host: HostFile): Promise<PostfixFacts> {
  // -d prints built-in values and so needs no main.cf.
  const version = await firstLine('postconf', ['-d', '-h', 'mail_version']);
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

async function dovecotFacts(): Promise<DovecotFacts> {
  const version = (await firstLine('dovecot', ['--version'])).split(' ')[0] ?? '';
  return { version, dialect: dialectOf(version) };
}

function dialectOf(version: string): DovecotDialect {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 2 && minor === 3) return '2.3';
  if (major === 2 && minor === 4) return '2.4';
  throw failed(`Dovecot ${version} is installed, which eboxmail does not know`, 'it works with Dovecot 2.3');
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
