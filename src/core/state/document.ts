import { parseDocument } from 'yaml';

/**
 * Parses a text with LF. The library's own check for unique keys is quadratic, so `readData` makes it; `error` is the
 * lowest level at which a second document is still reported.
 */
export function readDocument(text: string): ReturnType<typeof parseDocument> {
  return parseDocument(text, { uniqueKeys: false, prettyErrors: false, schema: 'core', logLevel: 'error' });
}
