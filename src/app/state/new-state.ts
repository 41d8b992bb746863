import { basename, dirname } from 'node:path';
import { alreadyExists, usageError } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import type { JsonObject } from '../../core/json.ts';
import { editText } from '../../core/state/edit/edit-text.ts';
import { lstat, makeDirectory, requireWritable, resolveLinks, writeAtomically } from '../../system/files.ts';
import { NEW_STATE, ownerOf } from './edit-state.ts';
import { checkState } from './load-state.ts';
import type { Place, Unwritten } from './place.ts';
import { schemaText } from './schemas.ts';
import { writeSecret } from './secrets.ts';
import { withStateLock } from './state-lock.ts';

/** The schema beside the state, so that editors find it wherever both are. */
const SCHEMA_FILE = 'state.schema.json';

/** Read by the YAML language server, and by the editors that have it. */
const MODELINE = `# yaml-language-server: $schema=${SCHEMA_FILE}\n`;

/** @throws already exists; and when nothing could be written, before somebody answers questions */
export function requireNoState({ statePath }: Place): void {
  const path = resolveLinks(statePath);
  if (lstat(path) !== undefined) {
    const hint = 'setup is for new servers and overwrites nothing; see what it says with: eboxmail server show';
    throw alreadyExists(`there is a state file already: ${path}`, hint);
  }
  let directory = dirname(path);
  while (lstat(directory) === undefined) directory = dirname(directory);
  requireWritable(directory);
}

/** @throws usage error for the first thing that is wrong with a state */
export async function requireSound(state: StateFile): Promise<void> {
  const wrong = (await checkState(dataOf(state))).find(({ severity }) => severity === 'error');
  if (wrong !== undefined) throw usageError(wrong.message, wrong.hint);
}

/** The text of a new state, with the reference to its schema. */
export function newStateText(state: StateFile): string {
  return editText(`${MODELINE}${NEW_STATE}`, undefined, { version: 1 }, dataOf(state)).text;
}

/** Writes a state where there is none, what it refers to first. @throws already exists when there is one by now */
export async function writeNewState(place: Place, { text, secrets }: Unwritten): Promise<void> {
  const schema = await schemaText('state');
  const directory = dirname(place.statePath);
  makeDirectory(directory, 0o700, process.getuid?.(), process.getgid?.());
  await withStateLock(place, async () => {
    requireNoState(place);
    for (const [name, password] of secrets) writeSecret(place, name, password);
    const owner = ownerOf(place.statePath);
    // A state of another name beside this one may have the same schema.
    writeAtomically({ path: `${directory}/${SCHEMA_FILE}`, content: schema, mode: 0o644, ...owner });
    writeAtomically({ path: `${directory}/${basename(place.statePath)}`, content: text, mode: 0o600, ...owner });
  });
}

function dataOf(state: StateFile): JsonObject {
  return state as unknown as JsonObject;
}
