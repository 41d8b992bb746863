import { describe, expect, it } from 'vitest';
import { namedTables, namedTypes } from '../../src/core/named-tables.ts';

const files = (...lines: string[]): string[] => namedTables(lines.join('\n')).map(({ file }) => file);

describe('tables that settings of Postfix name', () => {
  it('each type has its file', () => {
    const types = ['hash', 'btree', 'cdb', 'lmdb', 'dbm', 'sdbm', 'texthash', 'regexp', 'pcre', 'cidr'];
    expect(files(`x_maps = ${types.map((type) => `${type}:/t/${type}`).join(', ')}`)).toEqual([
      ...['/t/hash.db', '/t/btree.db', '/t/cdb.cdb', '/t/lmdb.lmdb', '/t/dbm.pag', '/t/sdbm.pag'],
      ...['/t/texthash', '/t/regexp', '/t/pcre', '/t/cidr'],
    ]);
  });

  it('wherever they stand in a value', () => {
    expect(
      files(
        'smtpd_recipient_restrictions = check_recipient_access cdb:/t/a,check_client_access { cidr:/t/b, default_action=DUNNO }',
        'mynetworks = !cidr:/t/c 127.0.0.0/8 /t/file',
        'virtual_alias_maps = proxy:hash:/t/d, pipemap:{hash:/t/e,regexp:/t/f}',
        '127.0.0.1:25/inet/smtpd_client_restrictions = check_client_access hash:/t/g',
      ),
    ).toEqual(['/t/a.cdb', '/t/b', '/t/c', '/t/d.db', '/t/e.db', '/t/f', '/t/g.db']);
    expect(namedTables('10.0.0.1:25/inet/x_maps = hash:/t/g')).toEqual([
      { setting: 'x_maps', type: 'hash', table: 'hash:/t/g', file: '/t/g.db', source: '/t/g' },
    ]);
  });

  it('of every type are named, also where they are written out or elsewhere', () => {
    const all = namedTypes(
      [
        'header_checks = pcre:{{/x/ DUNNO}}, regexp:/t/a',
        'virtual_alias_maps = proxy:ldap:/etc/ldap-aliases.cf, hash:/t/b',
        'proxy_read_maps = pcre:/t/c',
        'content_filter = smtp:[127.0.0.1]:10025',
      ].join('\n'),
    );
    expect(all.map(({ setting, type }) => `${setting} ${type}`)).toEqual([
      'header_checks pcre',
      'header_checks regexp',
      'virtual_alias_maps ldap',
      'virtual_alias_maps hash',
    ]);
  });

  it('what newaliases(1) is to make has to be there where it is used', () => {
    expect(files('alias_database = hash:/etc/other', 'alias_maps = hash:/etc/other')).toEqual(['/etc/other.db']);
  });

  it('what names no file is none', () => {
    const values = [
      'inline:{a=hash:b}',
      'regexp:{{/x/ OK}}',
      'unix:private/x',
      'static:all',
      'nis:mail.aliases',
      'hash:',
    ];
    expect(files(`x_maps = ${values.join(', ')}`, 'hash:/t/x', '')).toEqual([]);
  });

  it('caches are made by Postfix, by whatever name they go, and proxymap’s permissions open nothing', () => {
    expect(
      files(
        'my_cache = btree:/var/lib/postfix/scache',
        'smtp_tls_session_cache_database = btree:/var/lib/postfix/scache',
        'address_verify_map = proxy:btree:/var/lib/postfix/verify',
        'postscreen_cache_map = lmdb:/var/lib/postfix/ps',
        'smtp_sasl_auth_cache_name = proxy:btree:/var/lib/postfix/sasl',
        'alias_database = hash:/etc/other',
        'proxy_read_maps = hash:/t/x',
      ),
    ).toEqual([]);
  });
});
