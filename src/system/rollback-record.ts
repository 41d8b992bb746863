import { rmSync } from 'node:fs';
import { writeAtomically } from './files.ts';
import { readJsonFile } from './json-file.ts';

/**
 * What a rollback is about to do, written down before it replaces the state: when it is killed, whoever comes next is told
 * where the state and the secrets are as they were.
 */
export interface RollbackRecord {
  /** The generation that it goes to. */
  readonly to: number;
  readonly replaced: readonly ReplacedFile[];
}

export interface ReplacedFile {
  /** `state.yaml`, or the name of a secret as the state has it. */
  readonly name: string;
  /** The newest generation that has it as it was. */
  readonly generation?: number | undefined;
  /** Absolute path of the copy, where no generation has it. */
  readonly kept?: string | undefined;
}

/** @param lib absolute path of var/lib/eboxmail */
export function readRollbackRecord(lib: string): RollbackRecord | undefined {
  const hint = [
    'a rollback is under way or was interrupted, and this says where state and passwords are as they were before it:',
    `the history has them, or ${lib}/backup; "eboxmail apply" ends it, or move the file away`,
  ].join('\n');
  return readJsonFile<RollbackRecord>(fileIn(lib), { needs: { to: 'number', replaced: 'list' }, hint });
}

export function writeRollbackRecord(lib: string, { to, replaced }: RollbackRecord): void {
  const content = `${JSON.stringify({ version: 1, to, replaced })}\n`;
  writeAtomically({ path: fileIn(lib), content, mode: 0o600, uid: 0, gid: 0 });
}

/** It has come to its end. */
export function removeRollbackRecord(lib: string): void {
  rmSync(fileIn(lib), { force: true });
}

function fileIn(lib: string): string {
  return `${lib}/rollback.json`;
}
