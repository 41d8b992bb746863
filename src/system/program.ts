import { realpathSync } from 'node:fs';

/** How this program is started again: Node and the program's file, both by absolute paths. */
export function programCommand(): readonly string[] {
  const started = process.argv[1];
  return started === undefined ? [process.execPath] : [process.execPath, realpathSync(started)];
}
