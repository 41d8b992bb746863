import type { TextEdit } from './text-edits.ts';

/** What all steps of one edit share. */
export interface EditContext {
  /** The text with LF. */
  readonly text: string;
  /** The edits so far. */
  readonly edits: TextEdit[];
}
