import { PATHS } from '../paths.ts';
import type { RenderedFile } from '../rendered-file.ts';

/** The user of Debian's package, as which rspamd runs and all that only it may use. */
export const RSPAMD_USER = '_rspamd';

/** Where rspamd takes what it is to learn, from whoever is its user. */
export const CONTROLLER_SOCKET = `${PATHS.rspamdRun}/controller.sock`;

/** A file that only rspamd reads. */
export function rspamdFile(path: string, reason: string, content: string): RenderedFile {
  return { path, reason, content, mode: 0o644, owner: 'root', group: 'root', onChange: 'reload-rspamd' };
}
