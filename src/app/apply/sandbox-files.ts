import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HostFile } from '../../core/generated/host-types.ts';
import type { MailModel } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { bytesIfPresent, lstat, makeDirectory, writeAtomically } from '../../system/files.ts';
import { MAIL_OWNER, OUTBOUND } from './sandbox-place.ts';
import { secretsBeside } from '../state/secrets.ts';

/** A file that the start of a sandbox writes before it applies. */
export interface StartFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
  /** Undefined where there was none. */
  readonly before: { readonly content: Buffer; readonly mode: number } | undefined;
}

/**
 * First what makes it a sandbox: a start that is interrupted after it can be done again. Then the state that it starts from,
 * with its secrets.
 * @param source the state; undefined for the one that is there
 */
export function startFiles(
  root: string,
  host: HostFile,
  model: MailModel,
  source: string | undefined,
): readonly StartFile[] {
  const file = (name: string, mode: number, content: Buffer): StartFile => {
    const path = `${root}/${name}`;
    const found = bytesIfPresent(path);
    const before = found && { content: found, mode: (lstat(path)?.mode ?? mode) & 0o777 };
    return { path, mode, content, before };
  };
  const hostFile = file(PATHS.host, 0o644, Buffer.from(textOf(host)));
  if (source === undefined) return [hostFile];
  const secrets = secretsBeside(source, model);
  return [
    hostFile,
    file(PATHS.state, 0o600, bytesIfPresent(source) ?? Buffer.alloc(0)),
    ...secrets.map(({ name, content }) => file(`${PATHS.etc}/${name}`, 0o600, content)),
  ];
}

export function writeStartFiles(files: readonly StartFile[]): void {
  for (const { path, mode, content } of files) write(path, mode, content);
}

/**
 * As they were, but for what somebody has changed since.
 * @param wasSandbox whether there was a sandbox before; otherwise what is new stays, so that the start can be done again
 */
export function putStartFilesBack(files: readonly StartFile[], wasSandbox: boolean): void {
  for (const { path, content, before } of files) {
    if (bytesIfPresent(path)?.equals(content) !== true) continue;
    if (before !== undefined) write(path, before.mode, before.content);
    else if (wasSandbox) rmSync(path, { force: true });
  }
}

function write(path: string, mode: number, content: Buffer): void {
  if (bytesIfPresent(path)?.equals(content) === true && ((lstat(path)?.mode ?? 0) & 0o777) === mode) return;
  makeDirectory(dirname(path), 0o700);
  writeAtomically({ path, content, mode, uid: 0, gid: 0 });
}

function textOf(host: HostFile): string {
  return [
    '# Makes this directory a sandbox; written by "eboxmail sandbox start".',
    'version: 1',
    `listen: [${(host.listen ?? []).map((address) => JSON.stringify(address)).join(', ')}]`,
    `port_offset: ${host.port_offset ?? 0}`,
    `mail_owner: {uid: ${MAIL_OWNER.uid}, gid: ${MAIL_OWNER.gid}}`,
    `sandbox: {outbound: ${OUTBOUND}}`,
    ...(host.paths === undefined ? [] : [`paths: ${JSON.stringify(host.paths)}`]),
    '',
  ].join('\n');
}
