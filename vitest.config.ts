import { readFile } from 'node:fs/promises';
import { defineConfig, type Plugin } from 'vitest/config';
import packageJson from './package.json' with { type: 'json' };

/** Imports of text templates, as scripts/build.mjs bundles them. */
const textFiles: Plugin = {
  name: 'text-files',
  enforce: 'pre',
  async load(id: string) {
    if (!/\.(cf|conf|sh|lua|sieve)$/.test(id)) return null;
    return `export default ${JSON.stringify(await readFile(id, 'utf8'))};`;
  },
};

/** Postfix and Dovecot start, deliver and are waited for: a minute is nothing unusual, and most of it is waiting. */
const e2e = {
  name: 'e2e',
  include: ['test/e2e/**/*.test.ts'],
  testTimeout: 120_000,
  hookTimeout: 180_000,
  maxWorkers: 3,
  // After the others, so that nothing else competes for the processor while daemons are timed.
  sequence: { groupOrder: 2 },
};

export default defineConfig({
  plugins: [textFiles],
  define: { __EBOXMAIL_VERSION__: JSON.stringify(packageJson.version) },
  test: {
    watch: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          testTimeout: 30_000,
          include: ['test/unit/**/*.test.ts', 'test/{bad,bad-commands}/*.test.ts'],
        },
      },
      { extends: true, test: { name: 'golden', include: ['test/golden/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: e2e },
    ],
  },
});
