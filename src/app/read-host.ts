import type { HostFile } from '../core/generated/host-types.ts';
import type { LocatedProblem } from '../core/problem.ts';
import { PATHS } from '../core/render/paths.ts';
import { readIfPresent } from '../system/files.ts';
import { InvalidState } from './load-state.ts';

/** host.yaml of a root, or what stands for it when there is none. */
export async function readHost(root: string): Promise<HostFile> {
  const path = `${root}/${PATHS.host}`;
  const text = readIfPresent(path);
  if (text === undefined) return { version: 1 };
  const { parseState } = await import('../core/state/parse.ts');
  const { checkHostSchema } = await import('../core/state/check-schema.ts');
  const parsed = parseState(text);
  const found: LocatedProblem[] = [...parsed.problems];
  if (found.length === 0) {
    for (const problem of checkHostSchema(parsed.data)) {
      const position = parsed.locate(problem.path, problem.at);
      found.push(position === undefined ? problem : { ...problem, position });
    }
  }
  if (found.length > 0) throw new InvalidState(path, found);
  return parsed.data as unknown as HostFile;
}
