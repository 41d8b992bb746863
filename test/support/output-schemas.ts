import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const DIRECTORY = fileURLToPath(new URL('../../schemas/output/', import.meta.url));
const END = '.schema.json';

/** Options of the program that take a value. */
const VALUE_OPTIONS = new Set(['--state', '--root', '--color']);

/** The commands whose answer to --json has a schema, as they are typed. */
export function describedCommands(): ReadonlySet<string> {
  return new Set(readdirSync(DIRECTORY).map((name) => name.slice(0, -END.length)));
}

const described = describedCommands();
const compiled = new Map<string, { readonly validate: ValidateFunction; readonly lines: boolean }>();

/** What a command prints with --json is what schemas/output says of it. @throws with what is different */
export function checkOutput(args: readonly string[], stdout: string): void {
  if (stdout === '' || !args.includes('--json') || args.some((arg) => ['--help', '-h', '--version'].includes(arg)))
    return;
  const name = commandOf(args);
  if (name === undefined) throw new Error(`no schema in schemas/output is for: eboxmail ${args.join(' ')}`);
  const { validate, lines } = validatorOf(name);
  const documents = lines ? stdout.trimEnd().split('\n') : [stdout];
  for (const document of documents) {
    if (validate(JSON.parse(document))) continue;
    const wrong = JSON.stringify(validate.errors, null, 2);
    throw new Error(`${args.join(' ')}: not what schemas/output/${name}${END} says: ${wrong}\n${document}`);
  }
}

/** The longest row of words that is a command. */
function commandOf(args: readonly string[]): string | undefined {
  const words = args.filter((arg, at) => !arg.startsWith('-') && !VALUE_OPTIONS.has(args[at - 1] ?? ''));
  const names = words.map((_, at) => words.slice(0, at + 1).join('-')).slice(0, 3);
  return names.reverse().find((name) => described.has(name));
}

function validatorOf(name: string): { readonly validate: ValidateFunction; readonly lines: boolean } {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const schema = JSON.parse(readFileSync(`${DIRECTORY}${name}${END}`, 'utf8')) as Record<string, unknown>;
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: true });
  ajv.addVocabulary(['x-eboxmail-lines']);
  const made = { validate: ajv.compile(schema), lines: schema['x-eboxmail-lines'] === true };
  compiled.set(name, made);
  return made;
}
