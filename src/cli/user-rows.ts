import { CsvError, parse } from 'csv-parse/sync';
import { requirePassword } from '../app/state/passwords.ts';
import { checkSettings } from '../core/edits/users.ts';
import { EboxmailError, usageError } from '../core/errors.ts';
import { whyNotPassword } from '../core/state/read/password.ts';
import { quoted } from '../core/state/schema-words.ts';
import { nearest } from '../core/state/unknown-key.ts';
import type { BatchFailure } from './batch-run.ts';

/** A user as a row of a CSV file tells of one. What is empty there is undefined. */
export interface UserRow {
  readonly place: { readonly where: string; readonly line: number };
  readonly address: string;
  readonly name: string | undefined;
  readonly password: string | undefined;
  readonly passwordHash: string | undefined;
  readonly quota: string | undefined;
  readonly account: boolean | undefined;
  readonly aliases: readonly string[];
  readonly groups: readonly string[];
}

const COLUMNS = ['address', 'name', 'password', 'password_hash', 'quota', 'account', 'aliases', 'groups'] as const;

type Column = (typeof COLUMNS)[number];

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The rows of a CSV file (RFC 4180), and what is wrong in single cells of others. @throws usage error when it is none */
export function readUserRows(
  text: string,
  file: string,
): { readonly rows: readonly UserRow[]; readonly failures: readonly BatchFailure[] } {
  const [head, ...body] = parseCsv(text, file);
  if (head === undefined)
    throw usageError(`${file} is empty`, `its first line names the columns: ${COLUMNS.join(',')}`);
  const columns = columnsOf(head, file);
  const rows: UserRow[] = [];
  const failures: BatchFailure[] = [];
  for (const parsed of body) {
    const found = readRow(parsed, columns, placeOf(parsed, file));
    failures.push(...found.failures);
    if (found.row !== undefined) rows.push(found.row);
  }
  return { rows, failures };
}

/** A row without the cells that are wrong, so that the rest can be looked at; undefined when there is nothing to look at. */
function readRow(
  { record }: Parsed,
  columns: readonly Column[],
  place: UserRow['place'],
): { readonly row: UserRow | undefined; readonly failures: readonly BatchFailure[] } {
  const failures: BatchFailure[] = [];
  const isRight = (column: Column | undefined, work: () => void): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof EboxmailError)) throw error;
      failures.push({ ...place, ...(column === undefined ? {} : { column }), error });
      return false;
    }
  };
  const cells = new Map(columns.map((column, index) => [column, record[index] ?? '']));
  const cell = (column: Column): string | undefined => cells.get(column)?.trim() || undefined;
  const [address = '', quota, account, hash] = [cell('address'), cell('quota'), cell('account'), cell('password_hash')];
  // Blanks at the ends of a password belong to it.
  const password = cells.get('password') || undefined;
  const isWhole =
    isRight(undefined, () => requireWidth(record.length, columns.length)) &&
    isRight('address', () => requireAddress(address));
  if (!isWhole) return { row: undefined, failures };
  const isSize = isRight('quota', () => checkSettings(quota === undefined ? {} : { quota }));
  const isHash = isRight('password_hash', () => requireHash(hash));
  isRight('account', () => requireYesOrNo(account));
  isRight('password', () => requireClear(password, hash));
  const row: UserRow = {
    place,
    address,
    name: cell('name'),
    password: isHash ? password : (password ?? ''),
    passwordHash: isHash ? hash : undefined,
    quota: isSize ? quota : undefined,
    account: account === undefined ? undefined : YES.test(account),
    aliases: listOf(cell('aliases')),
    groups: listOf(cell('groups')),
  };
  return { row, failures };
}

function requireHash(hash: string | undefined): void {
  const wrong = hash === undefined ? undefined : whyNotPassword(hash);
  if (wrong === undefined) return;
  const hint = 'write it as Dovecot does: {SHA512-CRYPT}$6$…; a password in clear goes into the column password';
  throw usageError(`the password hash ${wrong}`, hint);
}

function requireClear(password: string | undefined, hash: string | undefined): void {
  if (password === undefined) return;
  requirePassword(password);
  if (whyNotPassword(password) === undefined)
    throw usageError('the password looks like a hash', 'put it into the column password_hash');
  if (hash !== undefined) throw usageError('there is a hash as well', 'leave one of them empty');
}

function parseCsv(text: string, file: string): readonly Parsed[] {
  const head = text.split('\n', 1)[0] ?? '';
  // What spreadsheets write where the comma is a decimal sign.
  const delimiter = [',', ';', '\t'].find((sign) => head.includes(sign)) ?? ',';
  try {
    const options = { bom: true, info: true, skip_empty_lines: true, relax_column_count: true, delimiter } as const;
    return parse(text, options) as unknown as readonly Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? `:${error['lines']}` : '';
    throw usageError(`${file}${line} is no CSV: ${whyNoCsv(error)}`, 'a quote within quotes is written twice');
  }
}

/** In words of our own: those of the parser quote the file, which holds passwords. */
function whyNoCsv({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is not closed';
  if (code === 'CSV_INVALID_CLOSING_QUOTE') return 'something stands behind a closing quote';
  if (code === 'INVALID_OPENING_QUOTE') return 'a quote stands within a value that has none around it';
  return `it cannot be read (${code})`;
}

/** The reader counts to the end of a row; cells may have line breaks. */
function placeOf({ record, info }: Parsed, file: string): UserRow['place'] {
  const line = info.lines - (record.join('').match(/\n/g)?.length ?? 0);
  return { where: `${file}:${line}`, line };
}

function columnsOf({ record }: Parsed, file: string): readonly Column[] {
  const names = record.map((name) => name.trim().toLowerCase().replace(/[ -]/g, '_'));
  // Without a line of names the first one is a user, perhaps with the password, so nothing of it is shown.
  if (!names.some((written) => nearest(written, COLUMNS) !== undefined))
    throw usageError(`${file}:1: the first line does not name the columns`, `there can be ${COLUMNS.join(', ')}`);
  const columns = names.map((written, index) => {
    const column = COLUMNS.find((known) => known === written);
    if (column !== undefined) return column;
    const near = nearest(written, COLUMNS);
    const hint = near === undefined ? `there can be ${COLUMNS.join(', ')}` : `did you mean ${near}?`;
    throw usageError(`${file}:1: column ${index + 1} is named ${quoted(record[index] ?? '')}`, hint);
  });
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw usageError(`${file}:1: the column ${twice} is there twice`, 'take one away');
  if (!columns.includes('address'))
    throw usageError(`${file}:1: there is no column address`, 'it holds the addresses of the users');
  return columns;
}

function requireWidth(cells: number, columns: number): void {
  if (cells !== columns)
    throw usageError(
      `the row has ${cells} ${cells === 1 ? 'cell' : 'cells'}, and the first line names ${columns} columns`,
      'put a value with a comma into double quotes',
    );
}

function requireAddress(address: string): void {
  if (address === '') throw usageError('there is no address');
}

const YES = /^(yes|true|on|1)$/i;
const NO = /^(no|false|off|0)$/i;

function requireYesOrNo(word: string | undefined): void {
  if (word !== undefined && !YES.test(word) && !NO.test(word))
    throw usageError(`${quoted(word)} is neither yes nor no`);
}

function listOf(cell: string | undefined): readonly string[] {
  return (cell ?? '').split(/[\s,;]+/).filter((word) => word !== '');
}
