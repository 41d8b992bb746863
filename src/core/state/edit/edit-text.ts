import type { JsonObject } from '../../json.ts';
import type { Layout } from '../layout.ts';
import { changesBetween } from './changes.ts';
import { renamedKey, renameKey } from './rename-key.ts';
import { spliceWithLayout } from './splice-entries.ts';
import { spliceChanges } from './splice.ts';

/** A text after an edit; its layout when it is known without reading the whole text again. */
export interface EditedState {
  readonly text: string;
  readonly layout: Layout | undefined;
}

/**
 * Changes a text that says `before` so that it says `after`, the fast way when the layout allows it. Throws an
 * UneditableError. This file loads the YAML library: import it only when there is something to edit.
 */
export function editText(text: string, layout: Layout | undefined, before: JsonObject, after: JsonObject): EditedState {
  const rename = renamedKey(before, after);
  if (rename !== undefined) {
    const renamed = renameKey(text, layout, before, rename);
    return editText(renamed.text, renamed.layout, renamed.data, after);
  }
  const changes = changesBetween(before, after);
  if (changes.length === 0) return { text, layout };
  const fast = layout === undefined ? undefined : spliceWithLayout(text, layout, changes);
  return fast ?? { text: spliceChanges(text, changes), layout: undefined };
}
