/* global require, module -- CommonJS: see package.json beside this file */
const { readFileSync, statSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** What stands before the text of a module, as in Node's own loader. */
const HEAD = '(function (exports, require, module) {';

const modules = new Map();
const scripts = new Map();

/**
 * Runs a file of the built program as a CommonJS module, once. When V8 has compiled it before (bin/compile.js), it is not
 * compiled again: that is a third of the time of a short command.
 */
function load(path) {
  const known = modules.get(path);
  if (known !== undefined) return known.exports;
  const made = { exports: {} };
  modules.set(path, made);
  const text = `${HEAD}${readFileSync(path, 'utf8')}\n})`;
  // What another version of V8 made it refuses, and compiles (vm.Script, cachedData).
  const script = new Script(text, { filename: path, columnOffset: -HEAD.length, cachedData: compiledForm(path) });
  scripts.set(path, script);
  const requireFrom = (name) => (name.startsWith('.') ? load(join(dirname(path), name)) : require(name));
  script.runInThisContext()(made.exports, requireFrom, made);
  return made.exports;
}

/** V8 compares no more than the length of the text: only what is no older than that was made of it. */
function compiledForm(path) {
  const compiled = compiledPath(path);
  try {
    return statSync(compiled).mtimeMs >= statSync(path).mtimeMs ? readFileSync(compiled) : undefined;
  } catch {
    return undefined;
  }
}

/** dist/cli/…/NAME → dist/compiled/NAME; no two files of the program have the same name. */
function compiledPath(path) {
  return join(path.slice(0, path.lastIndexOf('/cli/')), 'compiled', basename(path));
}

module.exports = { load, compiledPath, scripts };
