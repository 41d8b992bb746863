import { fetches } from './fetch/fetching.ts';
import type { MailModel } from './model.ts';

/**
 * The daemons that an apply looks after, in the order in which they are started: who asks another for something comes
 * after it (Postfix asks Dovecot about logins and hands it the mail, and asks rspamd about messages, which asks Redis).
 */
export const DAEMONS = ['dovecot', 'redis', 'rspamd', 'postfix', 'fetchmail'] as const;

export type DaemonName = (typeof DAEMONS)[number];

export type DaemonAction = 'nothing' | 'start' | 'reload' | 'restart' | 'stop';

export type DaemonActions = Readonly<Record<DaemonName, DaemonAction>>;

/** Without these there is no mail service; others run only where the state asks for them. */
const ESSENTIAL: readonly DaemonName[] = ['dovecot', 'postfix'];

export function isEssential(name: DaemonName): boolean {
  return ESSENTIAL.includes(name);
}

/** Whether the filter has something to remember: who was asked to come again, what was learned. */
export function needsRedis({ filter }: MailModel): boolean {
  return filter.mode === 'builtin' && (filter.greylisting !== undefined || filter.learning !== undefined);
}

/** The daemons that should run. */
export function wantedDaemons(model: MailModel): ReadonlySet<DaemonName> {
  const optional: readonly DaemonName[] = [
    ...(model.filter.mode === 'builtin' ? (['rspamd'] as const) : []),
    ...(needsRedis(model) ? (['redis'] as const) : []),
    ...(fetches(model) ? (['fetchmail'] as const) : []),
  ];
  return new Set([...ESSENTIAL, ...optional]);
}

/** A value for every daemon. */
export function forEachDaemon<T>(value: (name: DaemonName) => T): Readonly<Record<DaemonName, T>> {
  return Object.fromEntries(DAEMONS.map((name) => [name, value(name)])) as Record<DaemonName, T>;
}
