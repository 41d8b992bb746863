import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { writeFile } from 'node:fs/promises';

export interface JournalEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** SYSLOG_IDENTIFIER; the name before the process id. */
  readonly program: string;
  readonly message: string | Buffer;
  /** SYSLOG_FACILITY; 2 is mail. */
  readonly facility?: number;
}

const BOOT = '11111111111111111111111111111111';

/** Makes a file of systemd's journal, by systemd's own hand (systemd-journal-remote(8), journal export format). */
export async function writeJournal(path: string, entries: readonly JournalEntry[]): Promise<void> {
  const parts = entries.map(({ time, program, message, facility = 2 }, index) => {
    const bytes = Buffer.from(message);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    const fields = [
      `__REALTIME_TIMESTAMP=${time * 1000}`,
      `__MONOTONIC_TIMESTAMP=${1_000_000 + index}`,
      `_BOOT_ID=${BOOT}`,
      '_HOSTNAME=mx',
      'PRIORITY=6',
      `SYSLOG_FACILITY=${facility}`,
      `SYSLOG_IDENTIFIER=${program}`,
      'SYSLOG_PID=4711',
    ];
    return Buffer.concat([Buffer.from(`${fields.join('\n')}\nMESSAGE\n`), length, bytes, Buffer.from('\n\n')]);
  });
  await writeFile(`${path}.export`, Buffer.concat(parts));
  await promisify(execFile)('/lib/systemd/systemd-journal-remote', ['-o', path, `${path}.export`]);
}
