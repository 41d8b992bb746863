import { basename } from 'node:path';
import { hashPassword } from '../app/state/passwords.ts';
import { usageError } from '../core/errors.ts';
import { PasswordNeeded } from '../ui/prompt.ts';
import { RefusedBatch, runBatch, type BatchFailure, type BatchLine } from './batch-run.ts';
import { finishBatch } from './batch-end.ts';
import type { ImportOptions } from './commands/user-import.ts';
import type { Context } from './context.ts';
import { readInput } from './input.ts';
import { warnOfReaders } from './password-options.ts';
import { readUserRows, type UserRow } from './user-rows.ts';

/** Stands for a hash until all rows are known to be good: making one takes a quarter of a second. */
const NO_HASH = '{SHA512-CRYPT}$6$saltsaltsaltsalt$x';

/** Adds the users of a CSV file as one change of the state. */
export async function importUsers(context: Context, file: string, options: ImportOptions): Promise<number> {
  const name = file === '-' ? 'standard input' : basename(file);
  const { rows, failures } = readUserRows(await readInput(context, file), name);
  if (rows.length + failures.length === 0)
    throw usageError(`${name} holds no user`, 'write one a line, below the names of the columns');
  const secret = rows.filter(({ password }) => password !== undefined);
  if (secret.length > 0 && file !== '-') warnOfReaders(context.terminal, file);
  const commands = (hashes: ReadonlyMap<UserRow, string>): readonly BatchLine[] => commandsOf(rows, hashes, options);
  const unhashed = commands(new Map(secret.map((row) => [row, NO_HASH])));
  try {
    if (options.dryRun === true || secret.length === 0) return await finishBatch(context, unhashed, failures, options);
    await runBatch(context, unhashed, { failures, dryRun: true });
    return await finishBatch(context, commands(await hashAll(context, secret)), [], options);
  } catch (error) {
    throw error instanceof RefusedBatch ? new RefusedBatch(error.failures.map(asCell)) : error;
  }
}

/** A password that is missed is one of a table: the options of `user add` are not there. */
function asCell(failure: BatchFailure): BatchFailure {
  if (!(failure.error instanceof PasswordNeeded)) return failure;
  const hint = 'give it with --generate-passwords, or in the column password or password_hash';
  return { ...failure, column: 'password', error: usageError(failure.error.message, hint) };
}

async function hashAll({ terminal }: Context, rows: readonly UserRow[]): Promise<ReadonlyMap<UserRow, string>> {
  const hashes = new Map<UserRow, string>();
  for (const row of rows) {
    if (hashes.size % TOLD === 0 && rows.length > TOLD)
      terminal.say(`hashing passwords: ${hashes.size} of ${rows.length}`);
    hashes.set(row, await hashPassword(row.password ?? ''));
  }
  return hashes;
}

/** After so many passwords, some ten seconds, it is said how far they are. */
const TOLD = 40;

/** What would be typed for the rows. Values are never taken for options. */
function commandsOf(
  rows: readonly UserRow[],
  hashes: ReadonlyMap<UserRow, string>,
  { ifNotExists, generatePasswords }: ImportOptions,
): readonly BatchLine[] {
  const tolerant = ifNotExists === true ? ['--if-not-exists'] : [];
  const users = rows.map((row): BatchLine => {
    const hash = hashes.get(row) ?? row.passwordHash;
    const needed = hash === undefined && row.account !== false && generatePasswords === true;
    const options = [
      ...(row.name === undefined ? [] : [`--name=${row.name}`]),
      ...(row.quota === undefined ? [] : [`--quota=${row.quota}`]),
      ...(row.account === undefined ? [] : [row.account ? '--account' : '--no-account']),
      ...(hash === undefined ? [] : [`--password-hash=${hash}`]),
      ...(needed ? ['--generate-password'] : []),
    ];
    return { ...row.place, column: 'address', words: ['user', 'add', ...tolerant, ...options, '--', row.address] };
  });
  const aliases = rows.flatMap(({ place, address, aliases }) =>
    aliases.map((alias): BatchLine => ({
      ...place,
      column: 'aliases',
      words: ['alias', 'add', ...tolerant, '--', alias, address],
      named: [place.line],
    })),
  );
  return [...users, ...aliases, ...membersOf(rows, tolerant)];
}

/** One command a group: adding thousands of members one by one would compare each with all others. */
function membersOf(rows: readonly UserRow[], tolerant: readonly string[]): readonly BatchLine[] {
  const groups = new Map<string, UserRow[]>();
  for (const row of rows) for (const group of row.groups) groups.set(group, [...(groups.get(group) ?? []), row]);
  return [...groups].map(([group, members]): BatchLine => {
    const addresses = members.map(({ address }) => address);
    const words = ['group', 'member', 'add', ...tolerant, '--', group, ...addresses];
    const named = members.map(({ place }) => place.line);
    return { where: '', line: 0, ...members[0]?.place, column: 'groups', words, named };
  });
}
