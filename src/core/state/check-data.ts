import type { StateFile } from '../generated/state-types.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Problem, StatePath } from '../problem.ts';
import { checkStateSchema } from './check-schema.ts';
import { modelOf } from './model-of.ts';

/** Rules by which one part of the state refers to another: they say nothing when the name that they miss may be what is broken. */
const REFERENCE_RULES: Readonly<Record<string, readonly string[]>> = {
  domains: ['unmanaged-domain', 'default-domain', 'member-missing'],
  users: ['target-missing', 'member-missing', 'postmaster'],
  groups: ['group-missing'],
  aliases: ['target-missing', 'postmaster'],
  networks: ['network-missing'],
  server: ['mailname', 'local-domain'],
};

/** What stands for an entry that the schema objects to, so that what refers to it is no further mistake. */
const STAND_INS: Readonly<Record<string, Json>> = {
  domains: {},
  users: {},
  groups: { members: [] },
  aliases: [],
  networks: { members: {} },
};

/**
 * All findings about data: of the schema, and beyond it about everything that the schema is content with, so that one run
 * tells all.
 * @param unchecked the part of the data that the schema has not passed before, as a state of its own
 */
export function checkData(data: JsonObject, unchecked: JsonObject = data): readonly Problem[] {
  const problems = checkStateSchema(unchecked);
  const wrong = problems.filter(({ rule }) => rule === 'schema');
  if (wrong.length === 0) return [...problems, ...modelOf(data as unknown as StateFile).problems];
  const sound = soundPart(
    data,
    wrong.map(({ path }) => path),
  );
  if (sound === undefined) return problems;
  // Warnings can wait, and some would come from what was taken out.
  const errors = modelOf(sound).problems.filter(({ severity }) => severity === 'error');
  return [...problems, ...errors.filter(unexplainedBy(wrong))];
}

/** Whether an error is about something else than what the schema objects to, and does not come from its having been taken out. */
function unexplainedBy(wrong: readonly Problem[]): (error: Problem) => boolean {
  const places = new Set(wrong.map(({ path }) => JSON.stringify(path)));
  const rules = new Set(wrong.flatMap(rulesMissing));
  return ({ rule, path }) =>
    !rules.has(rule) && !path.some((_, index) => places.has(JSON.stringify(path.slice(0, index + 1))));
}

/** The rules that would miss the names that went with what is wrong. */
function rulesMissing({ path, at }: Problem): readonly string[] {
  const [section = '', entry, part] = path;
  const isName = path.length === 2 && at === 'key';
  const namesGone =
    path.length === 1 || isName || (section === 'domains' && part === 'aliases') || entry === 'mailname';
  if (!namesGone || section === 'version') return [];
  // A section that is none may be meant for any.
  return REFERENCE_RULES[section] ?? Object.values(REFERENCE_RULES).flat();
}

/** The state without the parts that the schema objects to; undefined when that is still no state. */
function soundPart(data: JsonObject, wrong: readonly StatePath[]): StateFile | undefined {
  const remove = (from: JsonObject, paths: readonly StatePath[]): JsonObject =>
    paths.reduce<JsonObject>((left, path) => asObject(without(left, path)), from);
  const part = remove({ ...data, version: 1 }, wrong);
  // What lacks something now goes whole.
  const broken = schemaErrors(part).map((path) => path.slice(0, 2));
  const sound = remove(part, broken);
  if (schemaErrors(sound).length > 0) return undefined;
  return [...wrong, ...broken].reduce<JsonObject>(withStandIn, sound) as unknown as StateFile;
}

function schemaErrors(data: JsonObject): readonly StatePath[] {
  return checkStateSchema(data)
    .filter(({ rule }) => rule === 'schema')
    .map(({ path }) => path);
}

/** Entries that went whole come back as the least that they can be; a name that is none does not. */
function withStandIn(sound: JsonObject, [section, entry, ...rest]: StatePath): JsonObject {
  const entries = typeof section === 'string' ? sound[section] : undefined;
  const standIn = typeof section === 'string' ? STAND_INS[section] : undefined;
  if (typeof section !== 'string' || typeof entry !== 'string' || rest.length > 0) return sound;
  if (standIn === undefined || !isObject(entries ?? null)) return sound;
  return { ...sound, [section]: { ...asObject(entries ?? null), [entry]: standIn } };
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
