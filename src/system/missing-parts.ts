import { existsSync } from 'node:fs';
import { namedTables, type NamedTable } from '../core/named-tables.ts';
import { transportServices } from '../core/master-services.ts';
import { namedTransports } from '../core/named-transports.ts';
import { exec } from './exec.ts';

/**
 * Tables and transports that a configuration names and that are not there, in sentences. Postfix's own checks look for none
 * of them: it would answer every question about such a table with a temporary error, and keep what is for such a transport
 * in its queue.
 * @param staged the directory of main.cf and master.cf
 * @param live the directory that they are meant for, as $config_directory will be
 * @param coming files that will be there
 */
export async function missingParts(
  staged: string,
  live: string,
  coming: ReadonlySet<string>,
): Promise<readonly string[]> {
  const [general = '', ofServices = '', services = ''] = await Promise.all(
    [['-n', '-x'], ['-P', '-x'], ['-M']].map(async (args) => (await exec('postconf', ['-c', staged, ...args])).stdout),
  );
  const listed = `${general}\n${ofServices}`.replaceAll(`${staged}/`, `${live}/`);
  const there = (path: string): boolean => coming.has(path) || existsSync(path);
  const transports = transportServices(services);
  return [
    ...namedTables(listed)
      .filter(({ file }) => !there(file))
      .map((table) => describe(table, live, there)),
    ...namedTransports(listed)
      .filter(({ transport }) => !transports.has(transport))
      .map(
        ({ setting, transport }) => `${setting} names the transport ${transport}, and master.cf has no such service`,
      ),
  ];
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
