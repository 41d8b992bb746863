// Puts the many small chunks that esbuild makes of shared code into one file. Node takes half a millisecond to find and
// open a module and next to nothing to read one that is a little larger; a command had thirty of them.
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** Bytes up to which a chunk is small. */
const SMALL = 64_000;

/**
 * @param {typeof import('esbuild')} esbuild
 * @param {readonly { path: string, text: string, imports: readonly { path: string, kind: string }[], exports: readonly string[], entry: boolean }[]} files
 *   what a build with code splitting gave; imports by absolute path
 * @returns {Promise<{ path: string, text: string }[]>} the same program in fewer files
 */
export async function mergeChunks(esbuild, files) {
  const small = smallChunks(files);
  if (small.size < 2) return files;
  const merged = [...small.values()];
  const alias = (file, name) => `${name}_${merged.indexOf(file)}`;
  const reexport = (file, from, outward) =>
    `export {${file.exports.map((name) => (outward ? `${name} as ${alias(file, name)}` : `${alias(file, name)} as ${name}`)).join()}} from ${JSON.stringify(from)};\n`;

  const directory = dirname(merged[0].path);
  const everything = merged.map((file) => reexport(file, `./${basename(file.path)}`, true)).join('');
  const inside = {
    name: 'inside',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^\./ }, (args) => found(args, small, 'chunk'));
      onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path }) => ({
        contents: small.get(path).text,
        resolveDir: directory,
        loader: 'js',
      }));
    },
  };
  const common = await bundle(esbuild, { contents: everything, resolveDir: directory }, inside);
  const hash = createHash('sha256').update(common).digest('hex').slice(0, 8).toUpperCase();
  const commonPath = join(directory, `common-${hash}.cjs`);

  const others = files.filter(({ path }) => !small.has(path));
  const rewritten = others.map(async (file) => {
    const common = `${dirname(file.path) === directory ? '.' : './chunks'}/${basename(commonPath)}`;
    const outside = {
      name: 'outside',
      setup: ({ onResolve, onLoad }) => {
        onResolve({ filter: /^\./ }, (args) =>
          args.path === common ? { path: common, external: true, sideEffects: false } : found(args, small, 'proxy'),
        );
        onLoad({ filter: /.*/, namespace: 'proxy' }, ({ path }) => ({
          contents: reexport(small.get(path), common, false),
          resolveDir: directory,
          loader: 'js',
        }));
      },
    };
    const stdin = { contents: file.text, resolveDir: dirname(file.path) };
    return { path: file.path, text: await bundle(esbuild, stdin, outside) };
  });
  return [{ path: commonPath, text: common }, ...(await Promise.all(rewritten))];
}

/** Chunks that are small, nobody's entry, and need at their loading only others of the kind. */
function smallChunks(files) {
  const small = new Map(files.filter(({ entry, text }) => !entry && text.length < SMALL).map((one) => [one.path, one]));
  for (let changed = true; changed;) {
    changed = false;
    for (const [path, { imports }] of small) {
      const fits = imports.every(
        ({ path: other, kind }) => kind !== 'import-statement' || other.startsWith('node:') || small.has(other),
      );
      if (!fits) changed = small.delete(path);
    }
  }
  return small;
}

function found(args, small, namespace) {
  const path = join(args.resolveDir, args.path);
  return args.kind === 'import-statement' && small.has(path)
    ? { path, namespace, sideEffects: false }
    : { path: args.path, external: true };
}

async function bundle(esbuild, stdin, plugin) {
  const { outputFiles } = await esbuild.build({
    stdin,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    minifyWhitespace: true,
    logLevel: 'warning',
    // What is merged is loaded anyway by whoever needs something of it.
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [plugin],
  });
  return outputFiles[0].text;
}
