import { notFound, usageError } from '../core/errors.ts';
import { givenBytes } from '../system/files.ts';
import type { Context } from './context.ts';

/** Bytes; tens of thousands of lines are a few million. An endless input is refused instead of read. */
const MOST_INPUT = 256 * 1024 * 1024;

/** The text of a file, or of standard input for `-`. @throws usage error when it is not UTF-8 */
export async function readInput({ stdin }: Context, file: string): Promise<string> {
  const bytes = file === '-' ? await all(stdin) : givenBytes(file);
  if (bytes === undefined) throw notFound(`there is no file ${file}`, 'name one, or - for standard input');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const name = file === '-' ? 'standard input' : file;
    throw usageError(`${name} is not in UTF-8`, 'convert it, e.g. with: iconv -f latin1 -t utf8');
  }
}

async function all(stdin: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    size += (chunk as Uint8Array).length;
    if (size > MOST_INPUT) throw usageError('standard input does not end', `it may have ${MOST_INPUT} bytes`);
  }
  return Buffer.concat(chunks);
}
