import type { StateFile } from '../generated/state-types.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Problem, StatePath } from '../problem.ts';
import { checkStateSchema } from './check-schema.ts';
import { modelOf } from './model-of.ts';

/** Rules about one part of the state referring to another: they say nothing when that other part is what is broken. */
const REFERENCE_RULES: ReadonlySet<string> = new Set([
  'target-missing',
  'target-without-account',
  'group-missing',
  'group-inactive',
  'member-missing',
  'network-missing',
  'unmanaged-domain',
  'default-domain',
  'postmaster',
  'mailname',
]);

/**
 * All findings about data: of the schema, and beyond it about everything that the schema is content with, so that one run
 * tells all.
 * @param unchecked the part of the data that the schema has not passed before, as a state of its own
 */
export function checkData(data: JsonObject, unchecked: JsonObject = data): readonly Problem[] {
  const problems = checkStateSchema(unchecked);
  const wrong = problems.filter(({ rule }) => rule === 'schema').map(({ path }) => path);
  if (wrong.length === 0) return [...problems, ...modelOf(data as unknown as StateFile).problems];
  const sound = soundPart(data, wrong);
  if (sound === undefined) return problems;
  const wholeEntries = wrong.some((path) => path.length <= 2);
  // Warnings can wait, and some would come from what was taken out.
  const errors = modelOf(sound).problems.filter(({ severity }) => severity === 'error');
  return [...problems, ...errors.filter(({ rule }) => !(wholeEntries && REFERENCE_RULES.has(rule)))];
}

/** The state without the parts that the schema objects to; undefined when that is still no state. */
function soundPart(data: JsonObject, wrong: readonly StatePath[]): StateFile | undefined {
  const sound = wrong.reduce<JsonObject>((left, path) => asObject(without(left, path)), { ...data, version: 1 });
  return checkStateSchema(sound).every(({ rule }) => rule !== 'schema') ? (sound as unknown as StateFile) : undefined;
}

/** A list with a wrong item goes whole: the others would get other positions. */
function without(value: Json, [step, ...rest]: StatePath): Json {
  if (typeof step !== 'string' || !isObject(value) || !Object.hasOwn(value, step)) return value;
  const { [step]: inner = null, ...others } = value;
  return rest.length === 0 || typeof rest[0] === 'number' ? others : { ...value, [step]: without(inner, rest) };
}

function asObject(value: Json): JsonObject {
  return isObject(value) ? value : {};
}
