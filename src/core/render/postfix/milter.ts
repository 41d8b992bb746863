import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { quoteMainCf } from '../quote.ts';

/** The socket on which rspamd takes questions from Postfix. */
export const MILTER_SOCKET = `${PATHS.rspamdRun}/milter.sock`;

/** Settings of main.cf that have every message shown to the built-in filter while it is being received (MILTER_README). */
export function milterSettings({ filter }: MailModel, facts: HostFacts): readonly string[] {
  if (filter.mode !== 'builtin') return [];
  return [
    '',
    '# The built-in filter',
    `smtpd_milters = unix:${quoteMainCf(below(facts, MILTER_SOCKET))}`,
    `milter_default_action = ${filter.onFailure}`,
  ];
}

/** Options of a listener of our own on loopback: the filter is told that nobody from outside can be there. */
export function internalListener({ filter }: MailModel): readonly string[] {
  return filter.mode === 'builtin' ? ['milter_macro_daemon_name=internal'] : [];
}
