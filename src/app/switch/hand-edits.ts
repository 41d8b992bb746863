import { failed } from '../../core/errors.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { bytesIfPresent, lstat, type StagedFile } from '../../system/files.ts';
import { sha256 } from '../../system/hash.ts';

/** An apply waits for daemons between its files; what was not shown is not replaced, also when it comes in between. */
export class HandEdits {
  private readonly root: string;
  /** By absolute path, as are the texts. */
  private readonly seen: Map<string, { readonly version: string; readonly sha256: string | undefined }>;
  private readonly texts = new Map<string, readonly string[]>();

  /** @param files as the plan found them; they are compared with that after this */
  constructor(root: string, files: readonly FileChange[]) {
    this.root = root;
    this.seen = new Map(
      files.map(({ path, beforeSha256 }) => {
        const target = `${root}/${path}`;
        return [target, { version: versionOf(target), sha256: beforeSha256 }];
      }),
    );
  }

  /** @param steps what the apply itself puts there for a while, by path */
  expect(steps: ReadonlyMap<string, readonly string[]>): void {
    for (const [path, texts] of steps) this.texts.set(`${this.root}/${path}`, texts);
  }

  /** A file that the plan does not change, as it is now. */
  watch(target: string): void {
    this.seen.set(target, { version: versionOf(target), sha256: sha256(bytesIfPresent(target) ?? '') });
  }

  /** @throws failed when somebody edited this file */
  requireNone(target: string): void {
    if (!this.has(target)) return;
    throw failed(`${target} changed while the apply was at work`, 'run it again: it shows what is there now');
  }

  /** Whether somebody edited this file; what is not watched is nobody's business. */
  has(target: string): boolean {
    const before = this.seen.get(target);
    if (before === undefined || versionOf(target) === before.version) return false;
    const bytes = bytesIfPresent(target);
    if (bytes === undefined) return false;
    const now = sha256(bytes);
    return now !== before.sha256 && this.texts.get(target)?.some((text) => sha256(text) === now) !== true;
  }

  guard(file: StagedFile): StagedFile {
    const commit = (): void => {
      this.requireNone(file.target);
      file.commit();
    };
    return { ...file, commit };
  }
}

/** Another one for every file that was written in this place. */
function versionOf(target: string): string {
  const found = lstat(target);
  return found === undefined ? '' : [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
}
