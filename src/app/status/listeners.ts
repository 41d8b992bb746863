import { failed } from '../../core/errors.ts';
import { COPY_PORTS, FETCHED_PORT, LOCAL_SUBMISSION_PORT, portsOf, type HostFacts } from '../../core/host-facts.ts';
import { returnHosts } from '../../core/filter-ports.ts';
import type { MailModel } from '../../core/model.ts';
import { answers, whyNotFree } from '../../system/ports.ts';
import { waitUntil } from '../../system/processes.ts';

/** A port that the daemons listen on when all is well. */
export interface Listener {
  /** Whose it is. */
  readonly daemon: 'dovecot' | 'postfix';
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Every listener of a service that is on, one for each address. */
export function listenersOf(model: MailModel, facts: HostFacts): readonly Listener[] {
  return allListenersOf(model, facts)
    .filter(({ wanted }) => wanted)
    .map(({ daemon, name, host, port }) => ({ daemon, name, host, port }));
}

/** The listeners of every service, also of those that are off and should not answer. */
export function allListenersOf(
  model: MailModel,
  facts: HostFacts,
): readonly (Listener & { readonly wanted: boolean })[] {
  const ports = portsOf(facts.portOffset);
  const hosts = facts.listen.length === 0 ? ['127.0.0.1'] : facts.listen;
  const { imap, imaps, pop3, pop3s, managesieve } = model.retrieval;
  const on = { smtp: true, submission: true, smtps: true, imap, imaps, pop3, pop3s, managesieve };
  const names = Object.keys(ports) as (keyof typeof ports)[];
  const outside = hosts.flatMap((host) =>
    names.map((name) => ({ daemon: daemonOf(name), name, host, port: ports[name], wanted: on[name] })),
  );
  const inside = [
    { name: 'local submission', port: LOCAL_SUBMISSION_PORT },
    ...(model.fetch.enabled ? [{ name: 'fetched mail', port: FETCHED_PORT }] : []),
    ...Object.values(COPY_PORTS).map((port) => ({ name: 'copies', port })),
  ];
  const loopback = { daemon: 'postfix', host: '127.0.0.1', wanted: true } as const;
  return [
    ...outside,
    ...inside.map(({ name, port }) => ({ name, ...loopback, port: port + facts.portOffset })),
    ...returnListeners(model, facts).map((listener) => ({ ...listener, wanted: true })),
  ];
}

function daemonOf(name: string): Listener['daemon'] {
  return name.startsWith('smtp') || name === 'submission' ? 'postfix' : 'dovecot';
}

/** Where mail comes back from the filter, as it can be connected to. */
function returnListeners({ filter }: MailModel, facts: HostFacts): readonly Listener[] {
  if (filter.mode !== 'custom') return [];
  const port = filter.returnPort + facts.portOffset;
  return returnHosts(filter, facts).map((host) => ({
    daemon: 'postfix',
    name: 'mail from the filter',
    host: reachable(host),
    port,
  }));
}

/** Some address of this machine, for one that stands for all. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

/** Those that are not among what our daemons listen on now; who listens on all addresses has the port of each. */
export function newListeners<T extends Pick<Listener, 'host' | 'port'>>(
  listeners: readonly T[],
  ours: readonly Pick<Listener, 'host' | 'port'>[],
): readonly T[] {
  return listeners.filter(({ host, port }) => {
    const isSame = (one: Pick<Listener, 'host'>): boolean =>
      one.host === host || EVERYWHERE.has(one.host) || EVERYWHERE.has(host);
    return !ours.some((one) => one.port === port && isSame(one));
  });
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * A daemon that was just ended gives its ports back a moment later, so look again before saying so.
 * @throws when a port is taken by something else
 */
export async function requireFreePorts(listeners: readonly Listener[], hint: string): Promise<void> {
  let taken: readonly string[] = [];
  await waitUntil(async () => {
    const reasons = await Promise.all(listeners.map(({ host, port }) => whyNotFree(host, port)));
    taken = listeners.flatMap(({ name, host, port }, index) =>
      reasons[index] === undefined ? [] : [`${host}:${port} for ${name} (${reasons[index]})`],
    );
    return taken.length === 0;
  }, 2_000);
  if (taken.length > 0) throw failed(`cannot listen on ${taken.join(', ')}`, hint);
}

/**
 * The daemons answer 0 to a start or reload and may die or lack a listener a moment later, so look at every port.
 * @throws when one does not answer in time
 */
export async function requireAnswers(listeners: readonly Listener[], logs: string): Promise<void> {
  let silent: readonly Listener[] = listeners;
  await waitUntil(async () => {
    const results = await Promise.all(silent.map(({ host, port }) => answers(host, port)));
    silent = silent.filter((_, index) => results[index] === false);
    return silent.length === 0;
  }, 10_000);
  if (silent.length === 0) return;
  throw failed(`the daemons were started, but these do not answer: ${named(silent)}`, `the logs say why: ${logs}`);
}

/** @throws when the port of a service that is off answers */
export async function requireSilence(model: MailModel, facts: HostFacts): Promise<void> {
  const off = allListenersOf(model, facts).filter(({ wanted }) => !wanted);
  const results = await Promise.all(off.map(({ host, port }) => answers(host, port)));
  const open = off.filter((_, index) => results[index]);
  if (open.length > 0) throw failed(`these services are off and answer all the same: ${named(open)}`);
}

function named(listeners: readonly Listener[]): string {
  return listeners.map(({ name, host, port }) => `${name} (${host}:${port})`).join(', ');
}
