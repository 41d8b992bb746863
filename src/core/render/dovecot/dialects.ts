import type { DovecotDialect, HostFacts } from '../../host-facts.ts';
import type { Dialect } from './dialect.ts';
import { DOVECOT_23 } from './dialect-2.3.ts';
import { DOVECOT_24 } from './dialect-2.4.ts';

const DIALECTS: Readonly<Record<DovecotDialect, Dialect>> = { '2.3': DOVECOT_23, '2.4': DOVECOT_24 };

/** How the installed Dovecot wants to be told. */
export function dialectOf({ dovecot }: Pick<HostFacts, 'dovecot'>): Dialect {
  return DIALECTS[dovecot.dialect];
}
