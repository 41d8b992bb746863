import { describe, expect, it } from 'vitest';
import { checkState, hasErrors, stateOf } from '../../../src/app/state/load-state.ts';
import { unsupportedKeys } from '../../../src/core/generated/state-keys.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { render } from '../../../src/core/render/render.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';
import { facts } from '../../support/facts.ts';
import { ABSENT, at, BASE, NOT_RENDERED, PAIRS, put, SECRETS } from '../../support/key-values.ts';
import { readSchema, schemaPlaces, type SchemaPlace } from '../schema/schema-walk.ts';

/** A key is a promise: each one that the schema supports changes what is rendered. */
const places = schemaPlaces(readSchema('state')).filter(({ pattern }) => !isUnsupported(pattern));
const supported = places.filter((place) => isValue(place) || place.pattern.endsWith('*')).map(({ pattern }) => pattern);

describe('every supported key of the state changes a rendered byte', () => {
  it('all keys are in the tables, and nothing but keys', () => {
    const known = [...Object.keys(PAIRS), ...Object.keys(NOT_RENDERED)];
    expect(supported.filter((pattern) => !known.includes(pattern))).toEqual([]);
    const all = schemaPlaces(readSchema('state')).map(({ pattern }) => pattern);
    expect(known.filter((pattern) => !all.includes(pattern))).toEqual([]);
  });

  it.each(Object.entries(PAIRS).filter(([pattern]) => !isUnsupported(pattern)))('%s', async (_, pair) => {
    const [one, other] = await Promise.all(pair.values.map((value) => rendered(put(BASE, pair.at, value))));
    expect(one).not.toEqual(other);
  });

  it.each([
    ['users.*.name', at('users bob@example.com', { name: 'A' }, { name: 'B' })],
    ['defaults.user.account', at('defaults', { user: { account: true } }, { user: { account: false } })],
    ['defaults.user.domain', at('defaults', { user: { domain: 'example.com' } }, { user: { domain: 'example.org' } })],
    ['networks.*', at('networks home', ABSENT, { members: { lan: '203.0.113.0/24' } })],
    ['networks.*.open', at('networks office open', ABSENT, true)],
    ['groups.*', at('groups crew', ABSENT, { members: ['bob@example.com'] })],
  ] as const)('%s changes none', async (_, pair) => {
    const [one, other] = await Promise.all(pair.values.map((value) => rendered(put(BASE, pair.at, value))));
    expect(one).toEqual(other);
  });
});

function isUnsupported(pattern: string): boolean {
  return unsupportedKeys.some((key) => pattern === key || pattern.startsWith(`${key}.`));
}

/** Holds something by itself, and is not just a place for other keys. */
function isValue({ node }: SchemaPlace): boolean {
  const types = Array.isArray(node['type']) ? node['type'] : [node['type']];
  const holds = types.some((type) => typeof type === 'string' && !['object', 'array', 'null'].includes(type));
  return holds || node['$ref'] !== undefined || node['enum'] !== undefined || node['const'] !== undefined;
}

async function rendered(state: JsonObject): Promise<readonly (readonly [string, string])[]> {
  const problems = await checkState(state);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(hasErrors(problems)).toBe(false);
  const { model, directory } = modelOf(stateOf(state));
  return render(model, directory, facts({ secrets: SECRETS })).map(({ path, content }) => [path, content] as const);
}
