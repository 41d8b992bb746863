import { accessSync, constants, mkdtempSync, rmdirSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { doveconfBlocks, type DoveconfBlock } from '../core/doveconf-blocks.ts';
import { isSystemError } from '../core/errors.ts';
import { exec } from './exec.ts';
import { whyNotFree } from './ports.ts';

/** Where a Dovecot has to be found. */
export interface DovecotPlaces {
  readonly base: string;
  /** The directory of sockets of which only Postfix knows. */
  readonly sockets: string;
}

/** Sockets that Postfix connects to. */
const OF_POSTFIX = new Set(['auth', 'dovecot-lmtp', 'quota-status']);

/** Sockets below its own directory for which there is one. Dovecot 2.4 makes others when it starts, and a reload ends it. */
const WITHIN = /^((login|token-login|empty|srv\.[\w-]+)\/)?[^/]+$/;

/** What Linux lets a program have in one variable of its environment. */
const LARGEST = 128 * 1024;

const LOGS = ['log_path', 'info_log_path', 'debug_log_path'];
const ASKED = [...LOGS, 'base_dir', 'state_dir', 'libexec_dir', 'instance_name', 'listen', 'default_internal_group'];

/**
 * What Dovecot could not start with, in sentences that begin with the setting as doveconf(1) shows it. It says nothing of
 * all this: a reload is refused then, or taken by a Dovecot that would not come up the next time.
 */
export async function unusableDovecot(config: string, places: DovecotPlaces): Promise<readonly string[]> {
  const [changed, asked, doveadm] = await Promise.all([
    exec('doveconf', ['-c', config, '-n']),
    exec('doveconf', ['-c', config, ...ASKED]),
    exec('doveadm', ['-c', config, 'pw', '-l']),
  ]);
  if (changed.code !== 0) return [];
  const all = doveconfBlocks(changed.stdout);
  const { settings } = doveconfBlocks(asked.stdout);
  const services = all.blocks.filter(({ name }) => name.startsWith('service '));
  const libexec = settings.get('libexec_dir');
  const programs = libexec !== undefined && isThere(`${libexec}/log`) ? libexec : undefined;
  return [
    ...ofPaths(settings, places.base),
    ...(programs === undefined && libexec !== undefined
      ? [about(`libexec_dir = ${libexec}`, 'there are no programs of Dovecot')]
      : []),
    ...(await ofNames('default_internal_group', settings, 'group')),
    ...(await ofAddresses('listen', settings)),
    ...(await Promise.all(services.map((service) => ofService(service, programs, places)))).flat(),
    ...(doveadm.stderr.includes('Argument list too long') ? tooLarge(all, doveadm.stderr) : []),
  ];
}

/** A complaint about a setting or the beginning of a block; what says where it stands in the state reads it again. */
function about(setting: string, why: string): string {
  return `"${setting}" in dovecot.conf: ${why}`;
}

type Settings = DoveconfBlock['settings'];

function ofPaths(settings: Settings, base: string): readonly string[] {
  const complain = (name: string, why: (path: string) => string | undefined): readonly string[] => {
    const value = settings.get(name);
    const reason = value === undefined ? undefined : why(value);
    return reason === undefined ? [] : [about(`${name} = ${value ?? ''}`.trimEnd(), reason)];
  };
  return [
    ...LOGS.flatMap((name) => complain(name, (path) => (path.startsWith('/') ? whyNoLog(path) : undefined))),
    ...complain('base_dir', (path) => (path === base ? undefined : `Dovecot has to be found in ${base}`)),
    ...complain('state_dir', whyNoDirectory),
    ...complain('instance_name', (name) => (name === '' ? 'Dovecot ends without a name' : undefined)),
  ];
}

/** Dovecot makes the file, and no directory for it. */
function whyNoLog(path: string): string | undefined {
  const file = at(path);
  if (file?.isDirectory() === true) return `${path} is a directory`;
  if (file === undefined) return whyNoEntryIn(dirname(path));
  return file.isFile() ? refusal(() => accessSync(path, constants.W_OK)) : undefined;
}

/** Dovecot makes it, with what is above it. */
function whyNoDirectory(path: string): string | undefined {
  if (!path.startsWith('/')) return 'it has to be an absolute path';
  if (at(path) !== undefined) return at(path)?.isDirectory() === true ? undefined : `${path} is no directory`;
  let above = dirname(path);
  while (above !== '/' && at(above) === undefined) above = dirname(above);
  return whyNoEntryIn(above);
}

/** Tried, since not every file system says it otherwise. */
function whyNoEntryIn(directory: string): string | undefined {
  if (at(directory)?.isDirectory() !== true) return `there is no directory ${directory}`;
  const reason = refusal(() => rmdirSync(mkdtempSync(`${directory}/.eboxmail-`)));
  return reason === undefined ? undefined : `nothing can be made in ${directory}`;
}

async function ofService(
  { name, settings, blocks }: DoveconfBlock,
  programs: string | undefined,
  places: DovecotPlaces,
): Promise<readonly string[]> {
  const executable = settings.get('executable') ?? '';
  const [program = ''] = executable.split(/\s+/);
  const path = program.startsWith('/') ? program : programs && `${programs}/${program}`;
  const chroot = settings.get('chroot') ?? '';
  const complaints = [
    ...(await ofOwners(settings, name)),
    ...(program !== '' && path !== undefined && refusal(() => accessSync(path, constants.X_OK)) !== undefined
      ? [about(`executable = ${executable}`, `${name}: there is no program ${path}`)]
      : []),
    ...(chroot.startsWith('/') && at(chroot)?.isDirectory() !== true
      ? [about(`chroot = ${chroot}`, `${name}: there is no directory ${chroot}`)]
      : []),
  ];
  return [...complaints, ...(await Promise.all(blocks.map((block) => ofListener(block, name, places)))).flat()];
}

async function ofListener(
  { name, settings }: DoveconfBlock,
  service: string,
  { base, sockets }: DovecotPlaces,
): Promise<readonly string[]> {
  const [, kind, place = ''] = /^(unix|fifo|inet)_listener ?(.*)$/.exec(name) ?? [];
  if (kind === undefined) return [];
  if (kind === 'inet') {
    if (settings.get('port') === '0') return [];
    return [...(await ofAddresses('address', settings, service)), ...(await ofAddresses('listen', settings, service))];
  }
  const path = place.startsWith('/') ? place : `${base}/${place}`;
  const isOfPostfix = dirname(path) === sockets && OF_POSTFIX.has(path.slice(sockets.length + 1));
  if (isOfPostfix && !letsPostfixIn(settings))
    return [about(`${name} {`, 'Postfix could not connect to it: leave the mode at 0666')];
  if (isClosed(settings)) return [];
  const directory = dirname(path);
  const isMade = directory === sockets || (path.startsWith(`${base}/`) && WITHIN.test(path.slice(base.length + 1)));
  const isMissing = !isMade && at(directory)?.isDirectory() !== true;
  return [
    ...(await ofOwners(settings, service)),
    ...(isMissing ? [about(`${name} {`, `${service}: there is no directory ${directory}`)] : []),
  ];
}

/** Mode 0 says that there is to be no such socket. */
function isClosed(settings: Settings): boolean {
  return /^0+$/.test(settings.get('mode') ?? '0600');
}

function letsPostfixIn(settings: Settings): boolean {
  const mode = Number.parseInt(settings.get('mode') ?? '0600', 8);
  const is = (bits: number): boolean => (mode & bits) === bits;
  return (
    is(0o006) || (settings.get('group') === 'postfix' && is(0o060)) || (settings.get('user') === 'postfix' && is(0o600))
  );
}

async function ofOwners(settings: Settings, where: string): Promise<readonly string[]> {
  const names: readonly (readonly [string, 'user' | 'group'])[] = [
    ['user', 'user'],
    ['group', 'group'],
    ['privileged_group', 'group'],
    ['extra_groups', 'group'],
  ];
  return (await Promise.all(names.map(([name, kind]) => ofNames(name, settings, kind, where)))).flat();
}

/** Dovecot wants names, also where there is an account with such a number. */
async function ofNames(
  setting: string,
  settings: Settings,
  kind: 'user' | 'group',
  where?: string,
): Promise<readonly string[]> {
  const value = settings.get(setting) ?? '';
  const missing: string[] = [];
  for (const name of value.split(/[\s,]+/).filter((one) => one !== '' && !one.startsWith('$'))) {
    const { code } = /^\d+$/.test(name)
      ? { code: 2 }
      : await exec('getent', [kind === 'user' ? 'passwd' : 'group', name]);
    if (code !== 0) missing.push(name);
  }
  const prefix = where === undefined ? '' : `${where}: `;
  return missing.map((name) =>
    about(`${setting} = ${value}`, `${prefix}this machine has no ${kind} of the name ${name}`),
  );
}

/** Those that this machine has not got. */
async function ofAddresses(setting: string, settings: Settings, where?: string): Promise<readonly string[]> {
  const value = settings.get(setting) ?? '';
  const complaints: string[] = [];
  for (const host of value.split(/[\s,]+/).filter((one) => !/^(\*|\[?::\]?|)$/.test(one))) {
    const reason = await whyNotFree(host.replace(/^\[(.*)\]$/, '$1'), 0);
    const prefix = where === undefined ? '' : `${where}: `;
    if (reason !== undefined)
      complaints.push(about(`${setting} = ${value}`, `${prefix}this machine has no address ${host}`));
  }
  return complaints;
}

/** Settings out of files go to doveadm(1) and dovecot-lda(1) as variables, each of which has to have room. */
function tooLarge(all: DoveconfBlock, said: string): readonly string[] {
  const files = ({ settings, blocks }: DoveconfBlock): readonly string[] => [
    ...[...settings]
      .filter(([, value]) => value.startsWith('<') && (at(value.slice(1))?.size ?? 0) > LARGEST - 1024)
      .map(([name, value]) => `${name} = ${value}`),
    ...blocks.flatMap(files),
  ];
  const why = `doveadm and dovecot-lda cannot start with it: such a file may have ${LARGEST / 1024} kB at most`;
  const complaints = files(all).map((setting) => about(setting, why));
  return complaints.length > 0 ? complaints : [`doveadm cannot start with this configuration: ${said.trim()}`];
}

function isThere(path: string): boolean {
  return at(path) !== undefined;
}

function at(path: string): Stats | undefined {
  let found: Stats | undefined;
  refusal(() => (found = statSync(path, { throwIfNoEntry: false })));
  return found;
}

/** Why the system refuses it. */
function refusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return error.message;
  }
}
