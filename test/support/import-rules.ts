import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';

/** One source file: its path from src/ on (`core/problem.ts`) and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Which folders of src/ a file in each folder may import from, its own included. */
const ALLOWED_LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  system: ['core', 'system'],
  ui: ['core', 'ui'],
  app: ['core', 'system', 'app'],
  cli: ['core', 'system', 'ui', 'app', 'cli'],
};

/** Folders of src/app, each of which may import from those before it; files beside them, which are whole use cases, from all. */
const APP_FOLDERS = ['state', 'mailboxes', 'plan', 'queue', 'status', 'prove', 'switch', 'apply'];

/** Folders beside src/ that a source may take text and data from. */
const DATA_FOLDERS = ['templates', 'schemas'];

interface PackageRule {
  readonly packages: RegExp;
  readonly allowedIn: RegExp;
  readonly why: string;
}

/** Packages that only some files may import. Node's own modules are named with `node:` here. */
const PACKAGE_RULES: readonly PackageRule[] = [
  { packages: /^node:(?!url$)/, allowedIn: /^(?!core\/)/, why: 'core is pure' },
  {
    packages: /^(chalk|inquirer|@inquirer\/.*|fast-string-width)$/,
    allowedIn: /^(?!core\/)/,
    why: 'core has no terminal',
  },
  { packages: /^yaml$/, allowedIn: /^(?!core\/)|^core\/state\//, why: 'in core, only core/state reads YAML' },
  {
    packages: /^(execa|node:child_process)$/,
    allowedIn: /^system\/(exec|lock)\.ts$/,
    why: 'system/exec.ts is the only spawner',
  },
  { packages: /^commander$/, allowedIn: /^cli\//, why: 'only cli knows argv' },
];

const VAGUE_NAME = /^(.*-)?(index|utils?|helpers?|managers?)$/;
const MAX_LINES = 300;

/** Everything in these files that breaks the rules of docs/architecture.md, one line each; empty when all is well. */
export function findRuleBreaks(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...importBreaks(file), ...fileBreaks(file)]);
}

function importBreaks({ path, text }: SourceFile): string[] {
  return importedNames(text).flatMap((name) => {
    const why = name.startsWith('.') ? relativeBreak(path, name) : packageBreak(path, name);
    return why === undefined ? [] : [`${path}: imports ${name}: ${why}`];
  });
}

/** Static, dynamic, type-only and re-exporting imports alike. */
function importedNames(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

function relativeBreak(path: string, name: string): string | undefined {
  const target = posix.normalize(posix.join('src', posix.dirname(path), name)).split('/');
  if (target[0] !== 'src') {
    return DATA_FOLDERS.includes(target[0] ?? '') ? undefined : 'outside src only templates and schemas are imported';
  }
  const layer = layerOf(path);
  const allowed = ALLOWED_LAYERS[layer];
  if (allowed === undefined) return `${layer} is no layer; add it to the rule`;
  const targetLayer = target[1] ?? '';
  if (!allowed.includes(targetLayer)) return `${layer} may import ${allowed.join(', ')}, not ${targetLayer}`;
  return layer === 'app' && targetLayer === 'app' ? orderBreak(path.split('/'), target.slice(1)) : undefined;
}

function orderBreak(from: readonly string[], to: readonly string[]): string | undefined {
  const [own, other] = [from, to].map((parts) => (parts.length > 2 ? parts[1] : undefined));
  if (own === undefined) return undefined;
  if (other === undefined) return `app/${own} may not import a use case beside it`;
  const [place, otherPlace] = [own, other].map((name) => APP_FOLDERS.indexOf(name));
  if (place === -1 || otherPlace === -1) return 'a folder of app that has no place in the order; add it to the rule';
  return (otherPlace ?? 0) > (place ?? 0) ? `app/${own} comes before app/${other}` : undefined;
}

function packageBreak(path: string, name: string): string | undefined {
  const base = basePackage(name);
  const full = builtinModules.includes(base) ? `node:${name}` : name.startsWith('node:') ? name : base;
  return PACKAGE_RULES.find((rule) => rule.packages.test(full) && !rule.allowedIn.test(path))?.why;
}

/** `ajv/dist/core.js` → `ajv`, `@inquirer/prompts/x` → `@inquirer/prompts`. */
function basePackage(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function fileBreaks({ path, text }: SourceFile): string[] {
  if (path.startsWith('core/generated/')) return [];
  const lines = text.replace(/\n$/, '').split('\n').length;
  const vague = path
    .replace(/(\.d)?\.ts$/, '')
    .split('/')
    .filter((part) => VAGUE_NAME.test(part));
  return [
    ...(lines > MAX_LINES ? [`${path}: ${lines} lines, at most ${MAX_LINES}: split it by what it does`] : []),
    ...vague.map((part) => `${path}: "${part}" says nothing about what is inside`),
    ...(/\bprocess\s*\.\s*exit\s*\(/.test(text)
      ? [`${path}: calls process.exit, which cuts off output in a pipe`]
      : []),
  ];
}

function layerOf(path: string): string {
  return path.split('/')[0] ?? '';
}
