// npm run check: every check on what is installed already. All steps run, whatever fails; the last line counts.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Quiet steps: their output is shown only when they fail. Each counts as one check. */
const STEPS = [
  { name: 'build', script: 'scripts/build.mjs', args: [] },
  { name: 'generated files', script: 'scripts/generate.mjs', args: ['--check'] },
  { name: 'prettier', script: 'node_modules/prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
  { name: 'eslint', script: 'node_modules/eslint/bin/eslint.js', args: ['--max-warnings=0', '.'] },
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['--noEmit'] },
];

/** Of a failed test's message, as repeated at the end. */
const SHOWN_LINES = 25;

/**
 * Runs every step and prints, as the last line, `N passed, N failed`: the steps plus each test.
 *
 * @returns {boolean} whether nothing failed
 */
export function check() {
  const results = [...STEPS.map(runStep), ...runTests()];
  const failures = results.flatMap(({ failed }) => failed);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.map((name) => `  ${name}`).join('\n')}`);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  console.log(`\n${passed} passed, ${failures.length} failed`);
  return failures.length === 0;
}

function runStep({ name, script, args }) {
  const { took, status, stdout, stderr } = run(script, args, 'pipe');
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${took} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0 ? { passed: 1, failed: [] } : { passed: 0, failed: [name] };
}

/** Runs vitest with its own output, and reads what to count from its JSON report. */
function runTests() {
  console.log('tests:');
  const directory = mkdtempSync(join(tmpdir(), 'eboxmail-check-'));
  const report = join(directory, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { took, status } = run('node_modules/vitest/vitest.mjs', ['run', ...reporters], 'inherit');
    const files = readReport(report).map(countFile);
    const failed = files.some((file) => file.failed.length > 0);
    console.log(`${status === 0 && !failed ? 'ok  ' : 'FAIL'} tests (${took} s)`);
    // An error outside any test, or vitest itself did not start.
    if (status !== 0 && !failed) files.push({ passed: 0, failed: ['vitest (see its output above)'] });
    return files;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function countFile({ name, status, assertionResults }) {
  const file = name.replace(ROOT, '');
  const failed = assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => [`${file}: ${test.fullName}`, ...firstLines(test.failureMessages[0])].join('\n      '));
  // A file that could not be loaded, or a hook that failed, has no failed test of its own.
  if (status === 'failed' && failed.length === 0) failed.push(file);
  return { passed: assertionResults.filter((test) => test.status === 'passed').length, failed };
}

/** What a test says of its failure: the last lines of a log are often all that there is to look at. */
function firstLines(message = '') {
  const lines = stripVTControlCharacters(message).split('\n');
  const shown = lines.slice(0, SHOWN_LINES).map((line) => line.slice(0, 400));
  return lines.length > SHOWN_LINES ? [...shown, `… ${lines.length - SHOWN_LINES} lines more, above`] : shown;
}

function run(script, args, output) {
  const started = performance.now();
  const result = spawnSync(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
    // With CI set some tools colour what goes into a pipe.
    env: output === 'pipe' ? { ...process.env, NO_COLOR: '1' } : process.env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ...result, took: ((performance.now() - started) / 1000).toFixed(1) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = check() ? 0 : 1;
