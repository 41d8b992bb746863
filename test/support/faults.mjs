// Loaded with `node --import` before the program: counts every call that changes something (files, processes), and at a
// chosen one either kills the process, as a power failure does, presses Ctrl-C, stops it until it is told to go on (SIGCONT), or
// makes the call fail. FAULT is "count", "kill:N", "interrupt:N", "stop:N" or "fail:N"; "count" lists them in the file FAULT_COUNT. Instead of a number, the
// beginning of a line of that list, and with ":N" behind it the Nth such line.
// "watch:PATH,PATH" lists there, instead, each call before which one of these names was free, and its directory open to
// its owner: then a delivery could have begun a mailbox there. "unknown:DIRECTORY,ADDRESS,…" lists each renaming there before
// which no table of recipients in it had one of the addresses: then its mail would have been refused.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname } from 'node:path';

const [mode, at, nth = '1'] = (process.env.FAULT ?? 'count').split(':');
const { spawnSync } = childProcess;
let calls = 0;
let alike = 0;
const list = ['count', 'watch', 'unknown'].includes(mode) ? fs.openSync(process.env.FAULT_COUNT, 'w') : undefined;

function fault(name, target) {
  calls += 1;
  if (mode === 'watch') return watch(`${name} ${target}`);
  if (mode === 'unknown') return name === 'renameSync' ? ask(target) : undefined;
  if (list !== undefined) fs.writeSync(list, `${name} ${target}\n`);
  if (at !== undefined && `${name} ${target}`.startsWith(at)) alike += 1;
  else if (calls !== Number(at)) return;
  if (alike > 0 && alike !== Number(nth)) return;
  if (mode === 'kill') process.kill(process.pid, 'SIGKILL');
  if (mode === 'stop') return process.kill(process.pid, 'SIGSTOP');
  if (mode === 'interrupt') return process.kill(process.pid, 'SIGINT');
  throw Object.assign(new Error(`ENOSPC: no space left on device, ${name} '${target}'`), {
    code: 'ENOSPC',
    syscall: name,
  });
}

function watch(call) {
  for (const path of at.split(',')) {
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    if ((fs.statSync(dirname(path)).mode & 0o200) !== 0) fs.writeSync(list, `${path} is free before ${call}\n`);
  }
}

function ask(renamed) {
  const [directory, ...addresses] = at.split(',');
  if (dirname(renamed) !== directory) return;
  const indexes = fs.readdirSync(directory).filter((name) => /^(mailboxes|aliases)\.(cdb|lmdb|db)$/.test(name));
  for (const address of addresses) {
    const answers = indexes.map((index) => {
      const [table, type] = index.split('.');
      const name = `${type === 'db' ? 'hash' : type}:${directory}/${table}`;
      return spawnSync('postmap', ['-c', dirname(directory), '-q', address, name]).status === 0;
    });
    if (!answers.includes(true)) fs.writeSync(list, `${address} is unknown before ${basename(renamed)}\n`);
  }
}

for (const name of ['openSync', 'writeFileSync', 'renameSync', 'linkSync', 'fsyncSync', 'rmSync', 'mkdirSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    const changes = name !== 'openSync' || (typeof args[1] === 'number' && (args[1] & fs.constants.O_WRONLY) !== 0);
    if (changes) fault(name, String(args[0]));
    return original.apply(fs, args);
  };
}
if (mode === 'watch') {
  for (const name of ['fchmodSync', 'rmdirSync', 'symlinkSync']) {
    const original = fs[name];
    fs[name] = (...args) => {
      watch(`${name} ${args[0]}`);
      return original.apply(fs, args);
    };
  }
}
for (const name of ['spawn', 'spawnSync']) {
  const original = childProcess[name];
  childProcess[name] = (...args) => {
    fault(name, [args[0], ...(args[1] ?? [])].join(' '));
    return original.apply(childProcess, args);
  };
}
syncBuiltinESMExports();
