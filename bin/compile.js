/* global require, __dirname -- CommonJS: see package.json beside this file */
// Writes down what V8 makes of the built program, for bin/load.js. Part of the build, and of the installation of the Debian
// package, because it is good for one version of Node alone.
//   node bin/compile.js
const { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Readable, Writable } = require('node:stream');
const { compiledPath, load, scripts } = require('./load.js');

/** Functions that were called are compiled, others when they are called: so these run, below a directory of their own. */
const COMMANDS = [
  ['--version'],
  ['--help'],
  ['domain', 'add', 'example.com'],
  ['user', 'add', 'alice@example.com', '--password-hash', `{SHA512-CRYPT}$6$salt$${'x'.repeat(86)}`],
  ['alias', 'add', 'info@example.com', 'alice@example.com'],
  ['alias', 'add', 'help@example.com', 'alice@example.com'],
  ['user', 'list'],
  ['user', 'show', 'alice@example.com'],
  ['alias', 'list', '--json'],
  ['explain', 'info@example.com'],
  ['validate'],
  // Where no daemons are installed it ends with that.
  ['plan'],
  ['__complete', 'zsh', 'user', 'show', ''],
];

async function compile(dist) {
  // Whoever may start the program may read it.
  process.umask(0o022);
  const directory = join(dist, 'cli');
  const { main } = load(join(directory, 'main.cjs'));
  const root = mkdtempSync(join(tmpdir(), 'eboxmail-compile-'));
  try {
    for (const command of COMMANDS) await main(processFor(command, root));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  for (const name of readdirSync(directory, { recursive: true })) {
    if (name.endsWith('.cjs')) load(join(directory, name));
  }
  const files = [...scripts].map(([path, script]) => [compiledPath(path), script.createCachedData()]);
  const target = join(dist, 'compiled');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  for (const [path, data] of files) {
    // On the disk before it has its name: V8 trusts what it finds there.
    writeFileSync(`${path}.new`, data, { flush: true });
    renameSync(`${path}.new`, path);
  }
}

/** A process without a terminal, whose output nobody wants. */
function processFor(args, root) {
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const env = { EBOXMAIL_ROOT: root };
  const argv = [process.execPath, join(__dirname, 'eboxmail.js'), ...args];
  return { argv, env, stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), exitCode: undefined };
}

void compile(join(__dirname, '../dist'));
