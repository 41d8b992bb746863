import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { makeTempDir, tempDir } from '../support/temp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAME = `eboxmail_${packageJson.version}_all.deb`;
const EPOCH = 1_700_000_000;

/** Milliseconds within which the package is built, whatever else the machine does. */
const BUILDS = 120_000;

/** What the package is, quickly; scripts/test-deb.mjs installs it in a clean Debian. */
describe('the Debian package', () => {
  let deb: string;
  let tree: string;

  beforeAll(async () => {
    const { path, remove } = await makeTempDir();
    deb = await buildDeb(path, '022');
    tree = join(path, 'tree');
    await mkdir(tree);
    await output('dpkg-deb', ['--extract', deb, tree]);
    return remove;
  }, BUILDS);

  it(
    'is the same to the byte, whoever builds it and wherever to',
    async () => {
      const again = await buildDeb(join(await tempDir(), 'made/on/the/way'), '077');
      expect((await readFile(again)).equals(await readFile(deb))).toBe(true);
    },
    BUILDS,
  );

  it('asks for the Node and the Debian packages that the project says it needs', async () => {
    const fields = await output('dpkg-deb', ['--field', deb, 'Version', 'Architecture', 'Depends', 'Recommends']);
    expect(fields).toContain(`Version: ${packageJson.version}\nArchitecture: all\n`);
    expect(fields).toContain(`Depends: nodejs (${packageJson.engines.node.replace('>=', '>= ')}), postfix, `);
    const asked = fields.split(/[\s,]+/);
    const machine: unknown = await import(join(ROOT, 'scripts/machine.mjs'));
    const { MAIL_PACKAGES: needed } = machine as { MAIL_PACKAGES: readonly string[] };
    for (const name of needed) expect(asked.filter((word) => word === name)).toEqual([name]);
  });

  it('belongs to root, is writable for nobody else, and has scripts for what comes and goes with it', async () => {
    const contents = (await output('dpkg-deb', ['--contents', deb])).trim().split('\n');
    for (const line of contents) expect(line).toMatch(/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root /);
    expect(contents.filter((line) => line.startsWith('-rwx'))).toHaveLength(1);
    for (const line of contents) expect(line).toMatch(/ \.\/(usr\/.*)?$/);
    await output('dpkg-deb', ['--control', deb, join(tree, 'control')]);
    expect((await readdir(join(tree, 'control'))).sort()).toEqual([
      ...['control', 'md5sums', 'postinst', 'postrm', 'prerm', 'triggers'],
    ]);
    for (const name of ['postinst', 'postrm', 'prerm']) await output('sh', ['-n', join(tree, 'control', name)]);
    await output('md5sum', ['--check', '--quiet', 'control/md5sums'], tree);
  });

  it('runs from where it is put, and knows nothing of where it was built', async () => {
    expect(await eboxmail(tree, '--version')).toBe(`${packageJson.version}\n`);
    const state = join(ROOT, 'examples/state.yaml');
    expect(await eboxmail(tree, '--state', state, 'user', 'list')).toContain('alice@example.com');
    await expect(output('grep', ['--recursive', '--files-with-matches', ROOT, tree])).rejects.toMatchObject({
      code: 1,
    });
  });

  it('has man pages, completions, schemas, documents and licences in their places', async () => {
    const share = join(tree, 'usr/share');
    for (const [page, words] of [
      ['man1/eboxmail.1.gz', 'eboxmail user add'],
      ['man5/eboxmail-state.5.gz', 'catch_all'],
    ] as const) {
      expect((await output('gzip', ['-dc', join(share, 'man', page)])).replaceAll('\\-', '-')).toContain(words);
    }
    for (const [shell, path] of [
      ['bash', 'bash-completion/completions/eboxmail'],
      ['zsh', 'zsh/vendor-completions/_eboxmail'],
      ['fish', 'fish/vendor_completions.d/eboxmail.fish'],
    ] as const) {
      expect(await readFile(join(share, path), 'utf8')).toBe(await eboxmail(tree, 'completion', shell));
    }
    expect(await readdir(join(share, 'eboxmail/schemas'))).toEqual(await readdir(join(ROOT, 'schemas')));
    expect(await readdir(join(share, 'doc/eboxmail/docs'))).toEqual(await readdir(join(ROOT, 'docs')));
    const copyright = await readFile(join(share, 'doc/eboxmail/copyright'), 'utf8');
    for (const name of Object.keys(packageJson.dependencies))
      expect(copyright).toMatch(new RegExp(`^${name} [0-9]`, 'm'));
  });

  it('has a changelog that dpkg can read, dated as the sources are', async () => {
    const changelog = join(tree, 'usr/share/doc/eboxmail/changelog.gz');
    const text = await output('gzip', ['-dc', changelog]);
    expect(text.split('\n')[0]).toBe(`eboxmail (${packageJson.version}) unstable; urgency=medium`);
    expect(text).toMatch(/^ -- .+ <.+@.+> {2}Tue, 14 Nov 2023 22:13:20 \+0000\n$/m);
    expect(text.split('\n').filter((line) => line.startsWith('  ') && line.length > 79)).toEqual([]);
    expect((await stat(changelog)).mtimeMs).toBe(EPOCH * 1000);
  });
});

it('the npm package has the program, its pages and schemas, and nothing of its workshop', async () => {
  const packed = await output('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], ROOT);
  const [{ files }] = JSON.parse(packed) as [{ files: readonly { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['bin/eboxmail.js', 'dist/cli/main.cjs', 'dist/man/eboxmail.1', 'LICENSE']),
  );
  expect(new Set(paths.map((path) => path.replace(/\/.*/, '')))).toEqual(
    new Set([...packageJson.files, 'package.json']),
  );
  expect(paths.filter((path) => path.endsWith('.deb'))).toEqual([]);
});

async function buildDeb(directory: string, umask: string): Promise<string> {
  const script = 'umask "$1"; shift; exec "$@"';
  const command = [process.execPath, join(ROOT, 'scripts/build-deb.mjs'), directory];
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(EPOCH) };
  await promisify(execFile)('sh', ['-c', script, 'sh', umask, ...command], { cwd: '/', env });
  return join(directory, NAME);
}

const eboxmail = (tree: string, ...args: readonly string[]): Promise<string> =>
  output(process.execPath, [join(tree, 'usr/bin/eboxmail'), ...args]);

async function output(command: string, args: readonly string[], cwd?: string): Promise<string> {
  return (await promisify(execFile)(command, args, { cwd })).stdout;
}
