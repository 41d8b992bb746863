import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/json.ts';
import { isObject } from '../../../src/core/json.ts';
import { readSchema, schemaPlaces, SCHEMAS } from './schema-walk.ts';

describe.each(SCHEMAS)('schemas/%s.schema.json', (id) => {
  const schema = readSchema(id);
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addVocabulary(['x-eboxmail-supported', 'x-eboxmail-expected']);
  ajv.addSchema(schema);
  const definitions = isObject(schema['$defs']) ? Object.entries(schema['$defs']) : [];
  const places = [
    ...schemaPlaces(schema),
    ...definitions.flatMap(([key, node]) => (isObject(node) ? schemaPlaces(node, `/$defs/${key}`) : [])),
  ];
  const validator = (pointer: string) => ajv.compile({ $ref: `${schema['$id'] as string}#${pointer}` });

  it.each(places.map((place) => [place.pattern, place] as const))('%s is documented', (_, { node, pointer }) => {
    expect(node['description']).toMatch(/^\S.*\.$/);
    const examples = node['examples'] as Json[];
    expect(examples.length).toBeGreaterThan(0);
    const validate = validator(pointer);
    for (const example of examples) expect([example, validate(example)]).toEqual([example, true]);
    if (node['default'] !== undefined) expect(validate(node['default'])).toBe(true);
  });

  it('has whole documents as examples', () => {
    for (const example of schema['examples'] as Json[]) expect(validator('')(example)).toBe(true);
  });

  it('says in words what every pattern wants, except that of free text', () => {
    const free = '^[^\\u0000-\\u001F\\u007F-\\u009F\\u2028\\u2029\\uD800-\\uDFFF]*$';
    const wordless = places.filter(({ node }) => {
      const { pattern, $ref } = node;
      return pattern !== undefined && pattern !== free && $ref === undefined && !('x-eboxmail-expected' in node);
    });
    expect(wordless.map(({ pattern }) => pattern)).toEqual([]);
  });

  it('refuses unknown keys in every object', () => {
    const nodes = [schema, ...places.map(({ node }) => node)];
    const open = nodes.filter((node) => 'properties' in node && node['additionalProperties'] !== false);
    expect(open).toEqual([]);
  });
});
