/** A look-up table that a setting of Postfix names: TYPE:PATH (DATABASE_README). */
export interface NamedTable {
  readonly setting: string;
  readonly type: string;
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

/** Of any type that a Postfix may lack: most are packages of their own (DATABASE_README). */
const OTHERS = ['ldap', 'mysql', 'pgsql', 'sqlite', 'mongodb', 'memcache', 'nis', 'nisplus'];
const TYPED = new RegExp(`(?<=^|[\\s,{!:])(${[...Object.keys(ENDINGS), ...OTHERS].join('|')}):[^\\s,}]+`, 'g');

/** All look-up tables whose type says so, also those that are written out in the setting. @param settings as above */
export function namedTypes(settings: string): readonly Pick<NamedTable, 'setting' | 'type' | 'table'>[] {
  return settings.split('\n').flatMap((line) => {
    const { setting, value } = partsOf(line);
    if (NOT_OPENED.test(setting)) return [];
    return [...value.matchAll(TYPED)].map(([table, type = '']) => ({ setting, type, table }));
  });
}

function tablesIn(line: string): readonly NamedTable[] {
  const { setting, value } = partsOf(line);
  return [...value.matchAll(TABLE)].map(([table, type = '', path = '']) => {
    const ending = ENDINGS[type] ?? '';
    return { setting, type, table, file: path + ending, ...(ending === '' ? {} : { source: path }) };
  });
}

function partsOf(line: string): { readonly setting: string; readonly value: string } {
  const end = line.indexOf(' = ');
  return end < 0
    ? { setting: '', value: '' }
    : { setting: line.slice(line.lastIndexOf('/', end) + 1, end), value: line.slice(end + 3) };
}
