import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkOutput, describedCommands } from '../support/output-schemas.ts';
import { allCommands } from '../support/program.ts';

const DIRECTORY = fileURLToPath(new URL('../../schemas/output/', import.meta.url));

type Node = Readonly<Record<string, unknown>>;

/** Commands whose --json is none: what they print is for a shell, or is a schema itself. */
const WITHOUT: ReadonlySet<string> = new Set(['completion', 'help', 'schema']);

it('describes the output of every command', async () => {
  const commands = await allCommands();
  const leaves = commands.filter(({ command }) => command.commands.length === 0).map(({ words }) => words.join('-'));
  expect(leaves.filter((name) => !WITHOUT.has(name) && !describedCommands().has(name))).toEqual([]);
  const names = commands.map(({ words }) => words.join('-'));
  expect([...describedCommands()].filter((name) => !names.includes(name))).toEqual([]);
});

it.each(readdirSync(DIRECTORY))('%s describes each field, and allows no other', (name) => {
  const schema = JSON.parse(readFileSync(`${DIRECTORY}${name}`, 'utf8')) as Node;
  expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(schema['$id']).toBe(`urn:eboxmail:schema:output:${name.replace('.schema.json', '')}:1`);
  const look = (node: unknown, place: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties, additionalProperties, type } = node as Node;
    if (type === 'object') expect(additionalProperties, place).not.toBe(undefined);
    for (const [key, value] of Object.entries((properties ?? {}) as Node)) {
      const { description, $ref } = value as Node;
      expect(typeof (description ?? $ref), `${place}.${key}`).toBe('string');
    }
    for (const [key, value] of Object.entries(node)) look(value, `${place}.${key}`);
  };
  look(schema, name);
});

it('notices what is different', () => {
  const args = ['user', 'list', '--json', '--domain', 'example.com'];
  const user = { address: 'a@example.com', account: true, quota: 'default' };
  checkOutput(args, JSON.stringify([user]));
  checkOutput(['user', 'list'], 'no JSON');
  expect(() => checkOutput(args, JSON.stringify([{ ...user, more: 1 }]))).toThrow(/additionalProperties/);
  expect(() => checkOutput(args, JSON.stringify([{ ...user, quota: 1 }]))).toThrow(/user-list\.schema\.json/);
  expect(() => checkOutput(['frobnicate', '--json'], '{}')).toThrow(/no schema/);
});
