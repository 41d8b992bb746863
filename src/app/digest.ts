import type { Plan } from '../core/plan/plan.ts';
import { sha256 } from '../system/hash.ts';

/** Names a plan: two plans with the same digest write the same bytes and do the same to the daemons. */
export function digestOf({ files, daemons }: Plan): string {
  const parts = files.map(({ path, change, before, after, file }) => {
    const contents = [before, after].map((text) => (text === undefined ? '' : sha256(text)));
    return [path, change, ...contents, file?.mode, file?.owner, file?.group];
  });
  return sha256(JSON.stringify([parts, daemons])).slice(0, 16);
}
