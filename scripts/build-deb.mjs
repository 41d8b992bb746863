// npm run build:deb: the Debian package eboxmail_VERSION_all.deb, made of the sources by dpkg-deb alone. The same sources and
// the same SOURCE_DATE_EPOCH give the same bytes; without it the time of the last commit counts.
//   npm run build:deb -- [DIRECTORY]    where the package goes; here by default
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from './build.mjs';
import { changelogText, controlText, copyrightText } from './deb-texts.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the program is, with the paths of a checkout. */
const HOME = 'usr/lib/eboxmail';
const DOC = 'usr/share/doc/eboxmail';

const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/eboxmail',
  zsh: 'usr/share/zsh/vendor-completions/_eboxmail',
  fish: 'usr/share/fish/vendor_completions.d/eboxmail.fish',
};

/**
 * Builds the package in a directory of its own, so that dist/ stays as it is while others use it.
 *
 * @param {{ outdir?: string, version?: string }} [options] relative to the repository's root; package.json's version when absent
 * @returns {Promise<string>} the path of the package
 */
export async function buildDeb({ outdir = '.', version = packageJson().version } = {}) {
  const stage = mkdtempSync(join(tmpdir(), 'eboxmail-deb-'));
  try {
    chmodSync(stage, 0o755);
    const epoch = sourceDate();
    await addProgram(stage, version);
    addCompletions(stage);
    addDocuments(stage, version, epoch);
    addControl(stage, version);
    const target = resolve(ROOT, outdir, `eboxmail_${version}_all.deb`);
    mkdirSync(dirname(target), { recursive: true });
    const args = ['--root-owner-group', '-Zxz', '--build', stage, target];
    run('dpkg-deb', args, { SOURCE_DATE_EPOCH: String(epoch) });
    return target;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function packageJson() {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

/** In seconds since 1970. */
function sourceDate() {
  const commit = () => spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).stdout ?? '';
  const seconds = process.env.SOURCE_DATE_EPOCH ?? commit().trim();
  if (/^\d+$/.test(seconds)) return Number(seconds);
  throw new Error(
    'the package has to be dated: set SOURCE_DATE_EPOCH to a number of seconds, or build in a git checkout',
  );
}

async function addProgram(stage, version) {
  const { type, license } = packageJson();
  const home = join(stage, HOME);
  write(home, 'package.json', `${JSON.stringify({ name: 'eboxmail', version, license, type })}\n`);
  await build({ outdir: join(home, 'dist'), version });
  for (const page of readdirSync(join(home, 'dist/man'))) {
    write(stage, `usr/share/man/man${page.at(-1)}/${page}.gz`, zipped(readFileSync(join(home, 'dist/man', page))));
  }
  rmSync(join(home, 'dist/man'), { recursive: true });
  cpSync(join(ROOT, 'bin'), join(home, 'bin'), { recursive: true });
  // Debian's own Node, whatever else PATH offers.
  const entry = readFileSync(join(ROOT, 'bin/eboxmail.js'), 'utf8').replace('/usr/bin/env node', '/usr/bin/node');
  write(home, 'bin/eboxmail.js', entry, 0o755);
  mkdirSync(join(stage, 'usr/bin'));
  symlinkSync('../lib/eboxmail/bin/eboxmail.js', join(stage, 'usr/bin/eboxmail'));
  cpSync(join(ROOT, 'schemas'), join(stage, 'usr/share/eboxmail/schemas'), { recursive: true });
}

function addCompletions(stage) {
  const program = join(stage, HOME, 'bin/eboxmail.js');
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    write(stage, path, run(process.execPath, [program, 'completion', shell]));
  }
}

function addDocuments(stage, version, epoch) {
  cpSync(join(ROOT, 'docs'), join(stage, DOC, 'docs'), { recursive: true });
  cpSync(join(ROOT, 'README.md'), join(stage, DOC, 'README.md'));
  cpSync(join(ROOT, 'examples'), join(stage, DOC, 'examples'), { recursive: true });
  write(stage, `${DOC}/copyright`, copyrightText());
  write(stage, `${DOC}/changelog.gz`, zipped(changelogText(version, epoch)));
}

function addControl(stage, version) {
  const paths = filesBelow(stage, '');
  const bytes = paths.reduce((sum, path) => sum + statSync(join(stage, path)).size, 0);
  const digest = (path) =>
    createHash('md5')
      .update(readFileSync(join(stage, path)))
      .digest('hex');
  write(stage, 'DEBIAN/md5sums', paths.map((path) => `${digest(path)}  ${path}\n`).join(''));
  write(stage, 'DEBIAN/control', controlText(version, Math.ceil(bytes / 1024)));
  for (const name of ['postinst', 'prerm', 'postrm']) {
    write(stage, `DEBIAN/${name}`, readFileSync(join(ROOT, 'packaging', name)), 0o755);
  }
  write(stage, 'DEBIAN/triggers', readFileSync(join(ROOT, 'packaging/triggers')));
}

/** Regular files, relative to a directory; with the modes of a package, whatever those of the checkout are. */
function filesBelow(directory, prefix) {
  chmodSync(join(directory, prefix), 0o755);
  return readdirSync(join(directory, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(prefix, entry.name);
      if (entry.isDirectory()) return filesBelow(directory, path);
      if (!entry.isFile()) return [];
      const executable = path === join(HOME, 'bin/eboxmail.js');
      chmodSync(join(directory, path), executable ? 0o755 : 0o644);
      return [path];
    });
}

/** Without a name and a time in it. */
const zipped = (text) => gzipSync(text, { level: 9 });

function write(directory, path, content, mode = 0o644) {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), content);
  chmodSync(join(directory, path), mode);
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...env } });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${result.stderr}`);
  return result.stdout;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.umask(0o022);
  try {
    console.log(await buildDeb({ outdir: process.argv[2] }));
  } catch (error) {
    console.error(`The package could not be built: ${error.message}`);
    process.exitCode = 1;
  }
}
