import { describe, expect, it } from 'vitest';
import * as hostFacts from '../../../src/core/generated/host-keys.ts';
import * as stateFacts from '../../../src/core/generated/state-keys.ts';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Problem, StatePath } from '../../../src/core/problem.ts';
import { checkHostSchema, checkStateSchema } from '../../../src/core/state/check-schema.ts';
import type { SchemaFacts } from '../../../src/core/state/schema-facts.ts';

const CHARACTERS = ['\n', '\r', '\0', '\x07', '\x1b', '\x7f', '\u0085', '\u2028', '\u2029', '\ud800'];

/** The path of a pattern, with a name of no meaning for each `*`. */
function pathOf(pattern: string): StatePath {
  return pattern.split('.').map((step) => (step === '[]' ? 0 : step === '*' ? 'any' : step));
}

function nest(path: StatePath, value: Json): Json {
  return path.reduceRight<Json>((inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value);
}

function problemsAt(check: (data: JsonObject) => Problem[], path: StatePath, value: Json): Problem[] {
  const problems = check({ version: 1, ...(nest(path, value) as JsonObject) });
  return problems.filter((problem) => JSON.stringify(problem.path) === JSON.stringify(path));
}

const cases: [string, SchemaFacts, (data: JsonObject) => Problem[]][] = [
  ['state', stateFacts, checkStateSchema],
  ['host', hostFacts, checkHostSchema],
];

describe.each(cases)('control characters in the %s file', (_, schema, check) => {
  const places = Object.entries(schema.valueFacts);
  const texts = places.filter(([, facts]) => facts.types.includes('string'));
  const maps = places.filter(([, facts]) => facts.map === true);

  it('finds the places', () => {
    expect(texts.length).toBeGreaterThan(3);
  });

  it.each(texts)('%s', (pattern, facts) => {
    for (const character of CHARACTERS) {
      if (facts.multiline === true && character === '\n') continue;
      for (const text of [`a${character}b`, `${character}a`, `a${character}`, character]) {
        const found = problemsAt(check, pathOf(pattern), text).filter(({ rule }) => rule === 'schema');
        expect(found.length, JSON.stringify(text)).toBe(1);
        expect(found[0]?.message).toMatch(/^contains (a|the) /);
        expect(found[0]?.message).not.toContain(character);
      }
    }
  });

  if (maps.length > 0) {
    it.each(maps)('names in %s', (pattern) => {
      for (const character of CHARACTERS) {
        const name = `a${character}b`;
        const found = problemsAt(check, [...pathOf(pattern), name], null);
        const names = found.filter(({ at, rule }) => at === 'key' && rule === 'schema');
        expect(names.length, JSON.stringify(name)).toBe(1);
        expect(names[0]?.message).toMatch(/^the name contains (a|the) /);
      }
    });
  }

  it('allows line breaks only in overrides.dovecot', () => {
    const multiline = places.filter(([, facts]) => facts.multiline === true).map(([pattern]) => pattern);
    expect(multiline).toEqual(schema.valueFacts['overrides'] === undefined ? [] : ['overrides.dovecot']);
  });
});
