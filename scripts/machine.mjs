// Gets a machine ready to build and test: npm packages, Debian packages, the built program. Plain Node without packages,
// because it runs on a fresh clone before node_modules exists. Each step does nothing when there is nothing to do, says
// in a line what it does, and ends the program with the command to run by hand when it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * What a private mail server needs. postfix-cdb: the table type that eboxmail builds. libsasl2-modules: how Postfix logs in
 * elsewhere.
 */
export const MAIL_PACKAGES = [
  'postfix',
  'postfix-cdb',
  'libsasl2-modules',
  'dovecot-core',
  'dovecot-imapd',
  'dovecot-pop3d',
  'dovecot-lmtpd',
  'dovecot-sieve',
  'dovecot-managesieved',
  'openssl',
  'fetchmail',
];

/** What the built-in filter needs, what it remembers things in, and what it asks about viruses. */
export const FILTER_PACKAGES = ['rspamd', 'redis-server', 'clamav-daemon'];

/** Clients that people type into a shell, for the demonstration. */
export const CLIENT_PACKAGES = ['iproute2', 'swaks', 'libnet-ssleay-perl', 'curl'];

/**
 * For the tests. systemd: its analyzer of unit files, and a machine of its own in which it runs. systemd-journal-remote: makes a
 * journal without a systemd that runs. debootstrap: a root of Debian 13. Shells that completion is tried in; what reads man pages.
 */
export const TEST_PACKAGES = [
  'systemd',
  'systemd-journal-remote',
  'debootstrap',
  'debian-archive-keyring',
  'zsh',
  'fish',
  'groff-base',
];

/** What the test of the Debian package makes a clean Debian with, and Debian's own checker of packages. */
export const PACKAGE_TEST_PACKAGES = ['debootstrap', 'debian-archive-keyring', 'lintian', 'iproute2'];

/** Runs `npm ci` when what is installed is not what package-lock.json says. npm then builds the program (`prepare`). */
export function ensureNpmPackages() {
  if (npmPackagesMatchLock()) return;
  say('Installing npm packages: node_modules is missing or not what package-lock.json says');
  const args = ['ci', '--no-audit', '--no-fund'];
  const { status, signal } = spawnSync('npm', args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) fail('npm could not install the packages.', `cd ${ROOT} && npm ci`, signal);
}

/**
 * Installs the Debian packages that are missing, without starting any of their services.
 *
 * @param {readonly string[]} names
 */
export function ensureDebianPackages(names) {
  const missing = missingDebianPackages(names);
  if (missing.length === 0) return;
  const byHand = installCommand(missing);
  if (spawnSync('apt-get', ['--version']).error) {
    fail(`These programs are needed and this is no Debian system: ${missing.join(' ')}.`, byHand);
  }
  if (process.getuid?.() !== 0)
    fail(`Debian packages are missing, and only root can install them: ${missing.join(' ')}.`, byHand);
  say(`Installing Debian packages: ${missing.join(' ')} (needs root, takes a minute; no service is started)`);
  withServicesKeptFromStarting(() => install(missing, byHand));
}

const LOG_QUEUE = '/proc/sys/net/unix/max_dgram_qlen';

/**
 * Lets as many log lines wait for Postfix's postlogd as systemd does on every machine that it starts (512 since version 219).
 * With the kernel's own 10 a reload while much is logged can stop a private Postfix for good, and tests reload a lot.
 */
export function ensureLogQueue() {
  if (!existsSync(LOG_QUEUE) || Number(readFileSync(LOG_QUEUE, 'utf8')) >= 512) return;
  try {
    writeFileSync(LOG_QUEUE, '512\n');
    say('Raised net.unix.max_dgram_qlen to 512, as systemd does: private mail servers could hang in their logs');
  } catch {
    say('net.unix.max_dgram_qlen is small and cannot be raised here: a test may find a private mail server hanging');
  }
}

/** Builds the program when a source is newer than what was built. */
export function ensureBuilt() {
  const built = modified(join(ROOT, 'dist/cli/main.cjs'));
  const sources = ['src', 'bin', 'schemas', 'templates', 'scripts', 'package.json', 'package-lock.json'];
  if (sources.every((source) => newest(join(ROOT, source)) <= built)) return;
  say(`Building the program: ${built === 0 ? 'dist is missing' : 'a source is newer than dist'}`);
  const { status, signal } = spawnSync(process.execPath, ['scripts/build.mjs'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) fail('The program could not be built.', `cd ${ROOT} && npm run build`, signal);
}

/** npm keeps the list of what it installed in node_modules; optional packages of other platforms may be absent from it. */
function npmPackagesMatchLock() {
  const installedList = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installedList)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packages(installedList);
  return Object.entries(packages(join(ROOT, 'package-lock.json'))).every(
    ([path, wanted]) =>
      path === '' || (installed[path] ? installed[path].version === wanted.version : wanted.optional === true),
  );
}

function missingDebianPackages(names) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set((query.stdout ?? '').split('\n'));
  return names.filter((name) => !installed.has(`${name} installed`));
}

/** Postfix's own question; without an answer the package sets up a mail system nobody asked for. */
const POSTFIX_ANSWER = 'postfix postfix/main_mailer_type select No configuration';

function install(missing, byHand) {
  if (missing.includes('postfix')) spawnSync('debconf-set-selections', { input: `${POSTFIX_ANSWER}\n` });
  const update = aptGet('update');
  // A failed update (no network, one bad source) matters only when the packages cannot be had without it.
  const installed = update.signal ? update : aptGet('install', '--yes', '--no-install-recommends', ...missing);
  if (installed.status === 0) return;
  process.stderr.write(`${update.stdout}${update.stderr}${installed.stdout}${installed.stderr}`);
  fail('apt-get could not install the packages; its messages are above.', byHand, installed.signal);
}

function aptGet(...args) {
  return spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}

function installCommand(missing) {
  const answer = missing.includes('postfix') ? [`echo '${POSTFIX_ANSWER}' | sudo debconf-set-selections`] : [];
  const installing = `sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  return [...answer, 'sudo apt-get update', installing].join(' && ');
}

const POLICY = '/usr/sbin/policy-rc.d';
const OUR_POLICY = '#!/bin/sh\n# Written by eboxmail while it installs packages; safe to delete.\nexit 101\n';

/**
 * Debian asks /usr/sbin/policy-rc.d before a package starts its service; 101 says no. A file that is there already
 * (in most containers) is left alone, unless a killed run of ours left it.
 */
function withServicesKeptFromStarting(action) {
  const ours = !existsSync(POLICY) || readFileSync(POLICY, 'utf8') === OUR_POLICY;
  if (!ours) return action();
  const remove = () => rmSync(POLICY, { force: true });
  // With a handler Ctrl-C ends apt-get and not this program, which then goes on to tidy up; fail() leaves by `exit`.
  const wait = () => {};
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, wait);
  process.once('exit', remove);
  try {
    writeFileSync(POLICY, OUR_POLICY, { mode: 0o755 });
    return action();
  } finally {
    remove();
    process.off('exit', remove);
    for (const signal of signals) process.off(signal, wait);
  }
}

/** Modification time of the newest file under a path, in milliseconds; 0 when there is none. */
function newest(path) {
  const own = modified(path);
  if (own === 0 || !statSync(path).isDirectory()) return own;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), own);
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function say(line) {
  console.error(line);
}

/** Ends the program: 130 when it was interrupted, otherwise 1 with the command that does the same by hand. */
function fail(message, byHand, signal) {
  if (signal === 'SIGINT') process.exit(130);
  console.error(`${message}\nTo do it by hand:\n  ${byHand}`);
  process.exit(1);
}
