import { existsSync } from 'node:fs';
import { namedTables, type NamedTable } from '../core/named-tables.ts';
import { exec } from './exec.ts';

/**
 * Tables that a configuration names and that are not there, in sentences. Postfix's own checks open none of them, and it would
 * answer every question about one with a temporary error.
 * @param staged the directory of main.cf and master.cf
 * @param live the directory that they are meant for, as $config_directory will be
 * @param coming files that will be there
 */
export async function missingTables(
  staged: string,
  live: string,
  coming: ReadonlySet<string>,
): Promise<readonly string[]> {
  const lists = await Promise.all([
    exec('postconf', ['-c', staged, '-n', '-x']),
    exec('postconf', ['-c', staged, '-P', '-x']),
  ]);
  const listed = lists.map(({ stdout }) => stdout.replaceAll(`${staged}/`, `${live}/`)).join('\n');
  const there = (path: string): boolean => coming.has(path) || existsSync(path);
  return namedTables(listed)
    .filter(({ file }) => !there(file))
    .map((table) => describe(table, live, there));
}

function describe(
  { setting, table, file, source }: NamedTable,
  live: string,
  there: (path: string) => boolean,
): string {
  const said = `${setting} names the table ${table}, but there is no ${file}`;
  if (source === undefined || !there(source)) return said;
  const builder = setting.startsWith('alias_') ? 'postalias' : 'postmap';
  return `${said}; make it: ${builder} ${live === '/etc/postfix' ? '' : `-c ${live} `}${table}`;
}
