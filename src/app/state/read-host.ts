import type { HostFile } from '../../core/generated/host-types.ts';
import { PATHS } from '../../core/render/paths.ts';
import { recall, remember } from '../../system/cache.ts';
import { readIfPresent } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';
import { InvalidState } from './load-state.ts';

/**
 * host.yaml of a root, or what stands for it when there is none.
 * @param mayRemember a cache may be written
 */
export async function readHost(root: string, mayRemember = false): Promise<HostFile> {
  const path = `${root}/${PATHS.host}`;
  const text = readIfPresent(path);
  if (text === undefined) return { version: 1 };
  const hash = sha256(text);
  const known = recall(root, path, hash);
  if (known !== undefined) return known as HostFile;
  const { parseState } = await import('../../core/state/parse.ts');
  const { checkHostSchema } = await import('../../core/state/check-schema.ts');
  const parsed = parseState(text, await import('../../core/generated/host-keys.ts'));
  const found =
    parsed.problems.length > 0
      ? parsed.problems
      : checkHostSchema(parsed.data).map((problem) => parsed.located(problem));
  if (found.length > 0) throw new InvalidState(path, found);
  if (mayRemember) remember(root, path, hash, parsed.data);
  return parsed.data as unknown as HostFile;
}
