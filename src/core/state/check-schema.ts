import * as hostFacts from '../generated/host-keys.ts';
import * as stateFacts from '../generated/state-keys.ts';
import { validateHost } from '../generated/validate-host.js';
import { validateState } from '../generated/validate-state.js';
import type { JsonObject } from '../json.ts';
import type { Problem } from '../problem.ts';
import type { SchemaFacts } from './schema-facts.ts';
import { schemaProblems, unsupportedProblems } from './schema-problems.ts';

/** The newest version of the file formats that this program reads. */
const VERSION = 1;

/** Everything in which the data of a state file departs from schemas/state.schema.json; data without a finding is a StateFile. */
export function checkStateSchema(data: JsonObject): Problem[] {
  return check(data, stateFacts, validateState);
}

/** The same for the data of host.yaml and schemas/host.schema.json. */
export function checkHostSchema(data: JsonObject): Problem[] {
  return check(data, hostFacts, validateHost);
}

function check(data: JsonObject, schema: SchemaFacts, validate: typeof validateState | typeof validateHost): Problem[] {
  const { version } = data;
  if (Number.isInteger(version) && Number(version) > VERSION) return [newerVersion(Number(version))];
  const found = validate(data) ? [] : schemaProblems(schema, data, validate.errors ?? []);
  // The validator keeps its last errors, and with them what they say of secrets.
  validate.errors = null;
  return [...found, ...unsupportedProblems(schema, data)];
}

/** What a newer file means is not known here, so nothing else is said of it. */
function newerVersion(version: number): Problem {
  const message = `this file is for a newer eboxmail: its version is ${version}, this eboxmail reads ${VERSION}`;
  return { rule: 'schema', severity: 'error', path: ['version'], at: 'value', message, hint: 'update eboxmail' };
}
