// npm run test:deb: builds the package in two versions, has lintian look at it, and installs, uses, upgrades, removes and purges it
// in a clean root of Debian 12 that debootstrap makes. Needs root and Debian's mirror; takes some minutes, so it is no part of
// npm test. EBOXMAIL_DEBIAN_MIRROR names the mirror where this machine's own apt sources have no Debian 12.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDeb } from './build-deb.mjs';
import { PACKAGE_TEST_PACKAGES, ensureDebianPackages, ensureNpmPackages } from './machine.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUITES = ['bookworm', 'bookworm-updates', 'bookworm-security'];

/** What the second version is called: later than the first for dpkg. */
const NEXT = '99.0.0';

process.umask(0o022);
// Ctrl-C ends what runs, and then this tidies up.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
ensureDebianPackages(PACKAGE_TEST_PACKAGES);
ensureNpmPackages();
const directory = mkdtempSync(join(tmpdir(), 'eboxmail-deb-root-'));
try {
  const packages = join(directory, 'packages');
  mkdirSync(packages);
  renameSync(await buildDeb({ outdir: packages }), join(packages, 'old.deb'));
  renameSync(await buildDeb({ outdir: packages, version: NEXT }), join(packages, 'new.deb'));
  run('lintian', ['--allow-root', '--fail-on', 'error,warning', join(packages, 'old.deb')]);
  console.log('lintian: no errors, no warnings');
  packNode(join(packages, 'nodejs.deb'));
  const sources = debianSources();
  writeFileSync(join(packages, 'sources.list'), sources.map((words) => `deb ${words.join(' ')}\n`).join(''));
  copyFileSync(join(ROOT, 'test/package/in-the-root.sh'), join(packages, 'in-the-root.sh'));
  const script = ['sh', join(ROOT, 'test/package/clean-root.sh'), directory, sources[0][0]];
  run('unshare', ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...script]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  // Its mounts went with their namespace.
  rmSync(directory, { recursive: true, force: true });
}

/** Debian 12 has Node 18. So the Node that runs this gets there as a package of its own, as one from elsewhere would. */
function packNode(target) {
  const stage = join(directory, 'nodejs');
  const control = [
    'Package: nodejs',
    `Version: ${process.versions.node}`,
    `Architecture: ${run('dpkg', ['--print-architecture'], 'pipe').trim()}`,
    'Maintainer: nobody <nobody@localhost>',
    'Depends: libstdc++6',
    'Description: the Node that runs the test of the package',
  ];
  for (const path of ['DEBIAN', 'usr/bin']) mkdirSync(join(stage, path), { recursive: true });
  writeFileSync(join(stage, 'DEBIAN/control'), `${control.join('\n')}\n`);
  copyFileSync(process.execPath, join(stage, 'usr/bin/node'));
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', stage, target], 'pipe');
  rmSync(stage, { recursive: true });
}

/** Address, suite and component of this machine's own sources, the release itself first. */
function debianSources() {
  const given = process.env.EBOXMAIL_DEBIAN_MIRROR;
  if (given !== undefined) return [[given, SUITES[0], 'main']];
  const format = ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const lines = run('apt-get', format, 'pipe').trim().split('\n');
  const sources = SUITES.flatMap((suite) =>
    lines.map((line) => line.split(' ')).filter((words) => words[1] === suite),
  ).filter((words) => words[2] === 'main');
  if (sources[0]?.[1] === SUITES[0]) return sources;
  throw new Error(
    "This machine's apt sources have no Debian 12. Name a mirror: EBOXMAIL_DEBIAN_MIRROR=http://…/debian",
  );
}

function run(command, args, output = 'inherit') {
  const { error, status, stdout } = spawnSync(command, args, {
    stdio: ['ignore', output, 'inherit'],
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed (${status})`);
  return stdout;
}
