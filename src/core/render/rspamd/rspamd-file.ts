import type { RenderedFile } from '../rendered-file.ts';

/** A file that only rspamd reads. */
export function rspamdFile(path: string, reason: string, content: string): RenderedFile {
  return { path, reason, content, mode: 0o644, owner: 'root', group: 'root', onChange: 'reload-rspamd' };
}
