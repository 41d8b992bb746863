/** A look-up table that a setting of Postfix names: TYPE:PATH (DATABASE_README). */
export interface NamedTable {
  readonly setting: string;
  /** As it is written. */
  readonly table: string;
  /** What Postfix opens: the index, where the type has one. */
  readonly file: string;
  /** What the index is made of; absent for a type that has none. */
  readonly source?: string;
}

/** Types whose name is that of a file, with the end of the index' name; empty where the file itself is read. */
const ENDINGS: Readonly<Record<string, string>> = {
  hash: '.db',
  btree: '.db',
  cdb: '.cdb',
  lmdb: '.lmdb',
  dbm: '.pag',
  sdbm: '.pag',
  texthash: '',
  regexp: '',
  pcre: '',
  cidr: '',
};

const TABLE = new RegExp(`(?<=^|[\\s,{!:])(${Object.keys(ENDINGS).join('|')}):(/[^\\s,{}]+)`, 'g');

/** Caches, which Postfix makes itself. */
const CACHE = /_session_cache_database$|_sasl_auth_cache_name$|^address_verify_map$|^postscreen_cache_map$/;

/** What proxymap(8) may open, and what newaliases(1) makes: nothing is opened because of these. */
const NOT_OPENED = /^proxy_(read|write)_maps$|^alias_database$/;

/**
 * The tables that have to be there.
 * @param settings as postconf(1) lists them, "name = value" or "service/type/name = value", with every $name expanded
 */
export function namedTables(settings: string): readonly NamedTable[] {
  const all = settings.split('\n').flatMap(tablesIn);
  const caches = new Set(all.flatMap(({ setting, table }) => (CACHE.test(setting) ? [table] : [])));
  return all.filter(({ setting, table }) => !caches.has(table) && !NOT_OPENED.test(setting));
}

function tablesIn(line: string): readonly NamedTable[] {
  const end = line.indexOf(' = ');
  if (end < 0) return [];
  const setting = line.slice(line.lastIndexOf('/', end) + 1, end);
  return [...line.slice(end + 3).matchAll(TABLE)].map(([table, type = '', path = '']) => {
    const ending = ENDINGS[type] ?? '';
    return { setting, table, file: path + ending, ...(ending === '' ? {} : { source: path }) };
  });
}
