// Bundles src/cli into dist/cli/: main.cjs, which starts, and a file for each lazily loaded part, so that a command reads only
// what it runs. bin/load.js loads them, faster with what bin/compile.js made of them.
// Text templates are taken in as strings. The man pages are made of what was built (scripts/man.mjs).
// Generation (types, validators) is a step of its own: npm run generate.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeManPages } from './man.mjs';
import { mergeChunks } from './merge-chunks.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds the program. Chunks are written before the entry that names them, and each file whole (temporary name, then
 * rename), so a command started meanwhile finds either the old program or the new one.
 *
 * @param {{ outdir?: string, version?: string }} [options] relative to the repository's root; package.json's version when absent
 * @returns {Promise<{ files: number, bytes: number }>} what dist/ now holds
 */
export async function build({ outdir = 'dist', version } = {}) {
  const target = resolve(ROOT, outdir);
  const named = version ?? JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version;
  const outputs = (await bundle(target, named)).sort((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)));
  for (const { path, contents } of outputs) await writeWhole(path, contents);
  await removeOthers(join(target, 'cli'), new Set(outputs.map(({ path }) => path)));
  await writeManPages(target, named);
  return { files: outputs.length, bytes: outputs.reduce((sum, { contents }) => sum + contents.length, 0) };
}

async function bundle(outdir, version) {
  const esbuild = await import('esbuild');
  const options = {
    absWorkingDir: ROOT,
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    // Only modules can be split; asCommonJs comes afterwards.
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    metafile: true,
    // Worth 2 to 3 ms a start; shortening names as well gains nothing more, and would spoil the stack in a bug report.
    minifyWhitespace: true,
    // For Node the package offers CommonJS only: a third larger, and `await import('yaml')` would lose its named exports.
    alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
    loader: { '.cf': 'text', '.conf': 'text', '.sh': 'text', '.lua': 'text', '.sieve': 'text' },
    define: { __EBOXMAIL_VERSION__: JSON.stringify(version) },
    logLevel: 'warning',
  };
  const chunkNames = 'cli/chunks/[name]-[hash]';
  // The table of commands is an entry, too: scripts/man.mjs makes the man pages of it.
  const run = { 'cli/run': 'src/cli/run.ts', 'cli/program': 'src/cli/program.ts', 'cli/topics': 'src/cli/topics.ts' };
  const program = await esbuild.build({ ...options, entryPoints: run, chunkNames, splitting: true });
  const main = { 'cli/main': 'src/cli/main.ts' };
  const start = await esbuild.build({ ...options, entryPoints: main, plugins: [external] });
  const files = [...(await mergeChunks(esbuild, filesOf(program))), ...filesOf(start)];
  return Promise.all(files.map(async ({ path, text }) => ({ path, contents: await asCommonJs(esbuild, text) })));
}

/** Node loads CommonJS faster than modules, and what V8 made of it can be kept. */
async function asCommonJs(esbuild, text) {
  const { code } = await esbuild.transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    supported: { 'dynamic-import': false },
  });
  return code;
}

/** All but what needs nothing else. */
const external = {
  name: 'external',
  setup: ({ onResolve }) => onResolve({ filter: /\/run\.ts$/ }, () => ({ path: './run.cjs', external: true })),
};

function filesOf({ outputFiles, metafile }) {
  return outputFiles.map(({ path, text }) => {
    const { imports, exports, entryPoint } = metafile.outputs[relative(ROOT, path)];
    const absolute = imports.map((one) => ({ ...one, path: one.external ? one.path : join(ROOT, one.path) }));
    return { path, text, imports: absolute, exports, entry: entryPoint !== undefined };
  });
}

/** In a process of its own, without flags that commands will not have: V8 refuses what was made with others. */
function compile() {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status } = spawnSync(process.execPath, [join(ROOT, 'bin/compile.js')], { env, stdio: 'inherit' });
  if (status !== 0) throw new Error('bin/compile.js failed');
}

const isEntry = (path) => path.endsWith(join('cli', 'main.cjs'));

async function writeWhole(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

async function removeOthers(directory, keep) {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !keep.has(path)) await rm(path, { force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const started = performance.now();
  try {
    const { files, bytes } = await build();
    const took = Math.round(performance.now() - started);
    compile();
    console.error(`Built dist: ${files} files, ${Math.round(bytes / 1024)} kB, ${took} ms`);
  } catch (error) {
    console.error(error.errors ? 'The build failed.' : error);
    process.exitCode = 1;
  }
}
