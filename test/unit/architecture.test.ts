import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findRuleBreaks, type SourceFile } from '../support/import-rules.ts';

const SRC = new URL('../../src/', import.meta.url);

async function readSources(): Promise<SourceFile[]> {
  const paths = (await readdir(SRC, { recursive: true })).filter((path) => path.endsWith('.ts'));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(new URL(path, SRC), 'utf8') })));
}

describe('architecture', () => {
  it('holds in src: who imports whom, sizes and names', async () => {
    expect(findRuleBreaks(await readSources())).toEqual([]);
  });
});

describe('the checker', () => {
  it.each([
    ['core imports system', 'core/a.ts', `import { x } from '../system/files.ts';`],
    ['core imports cli, types only', 'core/a.ts', `import type { X } from '../cli/program.ts';`],
    ['core imports ui dynamically', 'core/plan/a.ts', `const { x } = await import('../../ui/table.ts');`],
    ['core re-exports app', 'core/a.ts', `export { x } from '../app/apply.ts';`],
    ['core imports a type in place', 'core/a.ts', `type X = import('../system/files.ts').X;`],
    ['system imports app', 'system/a.ts', `import { x } from '../app/apply.ts';`],
    ['system imports ui', 'system/a.ts', `import { x } from '../ui/table.ts';`],
    ['ui imports system', 'ui/a.ts', `import { x } from '../system/files.ts';`],
    ['app imports ui', 'app/a.ts', `import { x } from '../ui/table.ts';`],
    ['app imports cli', 'app/a.ts', `import { x } from '../cli/main.ts';`],
    ['app/plan imports app/switch', 'app/plan/a.ts', `import type { X } from '../switch/b.ts';`],
    ['app/state imports a use case', 'app/state/a.ts', `import { x } from '../log.ts';`],
    ['a folder of app without a place', 'app/extra/a.ts', `import { x } from '../state/place.ts';`],
    ['a file in no layer', 'extra/a.ts', `import { x } from '../core/problem.ts';`],
    ['src imports tests', 'cli/a.ts', `import { x } from '../../test/support/ports.ts';`],
    ['node:fs in core', 'core/a.ts', `import { readFile } from 'node:fs/promises';`],
    ['fs without its prefix in core', 'core/a.ts', `import { readFile } from 'fs/promises';`],
    ['node:crypto in core', 'core/a.ts', `import { createHash } from 'node:crypto';`],
    ['chalk in core', 'core/a.ts', `import chalk from 'chalk';`],
    ['@inquirer in core', 'core/a.ts', `await import('@inquirer/prompts');`],
    ['fast-string-width in core', 'core/a.ts', `import stringWidth from 'fast-string-width';`],
    ['yaml in core outside core/state', 'core/render/a.ts', `import { parse } from 'yaml';`],
    ['commander outside cli', 'app/a.ts', `import type { Command } from 'commander';`],
    ['execa outside system/exec.ts', 'app/a.ts', `const { execa } = await import('execa');`],
    ['child_process in another file of system', 'system/postfix.ts', `import { spawn } from 'node:child_process';`],
    ['process.exit', 'cli/a.ts', `process.exit(1);`],
    ['a long file', 'core/a.ts', 'const x = 1;\n'.repeat(301)],
    ['a barrel', 'core/index.ts', ''],
    ['a drawer', 'core/state/utils.ts', ''],
    ['a drawer by suffix', 'system/file-helpers.ts', ''],
    ['a folder of helpers', 'app/helpers/a.ts', ''],
  ])('refuses %s', (_, path, text) => {
    expect(findRuleBreaks([{ path, text }])).toHaveLength(1);
  });

  it.each([
    [
      'core/plan/a.ts',
      `import { x } from '../problem.ts'; import { diffLines } from 'diff'; import { URL } from 'node:url';`,
    ],
    ['core/state/a.ts', `import { parseDocument } from 'yaml';`],
    ['core/render/a.ts', `import main from '../../../templates/postfix/main.cf';`],
    ['core/generated/validate.ts', `// generated\n`.repeat(400)],
    ['system/exec.ts', `import { execa } from 'execa'; import { x } from '../core/problem.ts';`],
    ['system/lock.ts', `import { spawn } from 'node:child_process'; import { x } from './files.ts';`],
    ['ui/a.ts', `import chalk from 'chalk'; import { x } from '../core/problem.ts';`],
    ['app/apply/a.ts', `import { x } from '../switch/b.ts'; import { y } from './c.ts';`],
    ['app/a.ts', `import { x } from './apply/b.ts'; import { y } from './c.ts';`],
    ['app/a.ts', `import { x } from '../system/files.ts'; import { y } from '../core/problem.ts';`],
    ['cli/a.ts', `import { Command } from 'commander'; await import('../ui/a.ts'); await import('../app/a.ts');`],
    ['cli/main.ts', `process.exitCode = 1;`],
    ['text-files.d.ts', `declare module '*.cf';`],
    ['core/a.ts', 'const x = 1;\n'.repeat(300)],
  ])('accepts %s: %s', (path, text) => {
    expect(findRuleBreaks([{ path, text }])).toEqual([]);
  });

  it('names every file and import, with the reason', () => {
    const files = [
      { path: 'core/a.ts', text: `import fs from 'node:fs';\nimport { x } from '../cli/main.ts';` },
      { path: 'app/b.ts', text: `import { Command } from 'commander';` },
    ];
    expect(findRuleBreaks(files)).toEqual([
      'core/a.ts: imports node:fs: core is pure',
      'core/a.ts: imports ../cli/main.ts: core may import core, not cli',
      'app/b.ts: imports commander: only cli knows argv',
    ]);
  });
});
