import tseslint from 'typescript-eslint';

const NODE_GLOBALS = ['Buffer', 'URL', 'console', 'performance', 'process', 'setTimeout', 'clearTimeout'];
const NO_DEFAULT_EXPORT = {
  selector: "ExportDefaultDeclaration, ExportSpecifier[exported.name='default']",
  message: 'Export by name: a default export is called something else in every file.',
};
const NO_EXIT = {
  object: 'process',
  property: 'exit',
  message: 'Return an exit code: process.exit cuts off output that is still in a pipe.',
};

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'src/core/generated/', 'test/golden/*/', 'test/bad/*/', 'test/e2e/*/expected/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'vitest.config.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      // tsc reports unused names already; twice is noise.
      '@typescript-eslint/no-unused-vars': 'off',
      // A function is async because its callers await it, whether or not this version has something to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.d.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', NO_EXIT],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])) },
    rules: {
      eqeqeq: 'error',
      'no-undef': 'error',
      'no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      'prefer-const': 'error',
    },
  },
);
