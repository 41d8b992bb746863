import { DAEMONS } from '../../core/daemons.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { masterProcesses, runningDaemons } from '../../system/master-processes.ts';
import { queueManagerWorks } from '../../system/qmgr.ts';
import { daemonsBelow, waitUntil } from '../../system/processes.ts';
import { directServices, type Services } from '../../system/services.ts';
import { systemdServices, usesSystemd } from '../../system/systemd.ts';
import { noteOpenSessions } from './content-filter.ts';
import { requireRspamdAnswers } from './builtin-filter.ts';
import { requireDovecotConfInForce } from '../plan/in-force.ts';
import { listenersOf, newListeners, requireAnswers, requireFreePorts, type Listener } from '../status/listeners.ts';
import { stateOf } from '../state/load-state.ts';
import type { Place } from '../state/place.ts';
import type { Prepared } from '../plan/prepare.ts';
import { postfixGreets } from '../prove/greeting.ts';
import { makeProbe, withdrawProbe } from '../prove/login.ts';
import { proveService } from '../prove/service.ts';

/** The daemons take up the new configuration, and it is proven that the service does what the state says. */
export async function switchDaemons(place: Place, prepared: Prepared, progress: (step: string) => void): Promise<void> {
  const { plan, facts, model } = prepared;
  const touched = DAEMONS.filter((name) => plan.daemons[name] !== 'nothing');
  const withProbe = touched.includes('dovecot') || (touched.length > 0 && model.smtp.authentication);
  try {
    const probe = withProbe ? makeProbe(model, facts) : undefined;
    await driveDaemons(place, prepared, progress);
    if (plan.files.length === 0 && touched.length === 0 && plan.finishes !== true) return;
    progress('proving that it works');
    await proveService(prepared, new Set(touched), probe);
  } finally {
    if (withProbe) withdrawProbe(facts);
  }
}

/** Only those whose files changed are touched, and afterwards every port is looked at. */
async function driveDaemons(
  place: Place,
  { plan, facts, model, host }: Prepared,
  progress: (step: string) => void,
): Promise<void> {
  const touched = [...DAEMONS].filter((name) => plan.daemons[name] !== 'nothing');
  // One that is no longer asked is stopped when the others know.
  touched.sort((a, b) => Number(plan.daemons[a] === 'stop') - Number(plan.daemons[b] === 'stop'));
  if (touched.length === 0) return;
  noteOpenSessions(place);
  const services = servicesFor(place, host.services);
  for (const name of touched) {
    progress(`${plan.daemons[name]} ${name}`);
    await services[name](plan.daemons[name]);
    if (name === 'dovecot' && plan.daemons.dovecot !== 'stop') await requireDovecotConfInForce(facts);
    if (name === 'rspamd') await requireRspamdAnswers(place, { model });
  }
  await requireAnswers(listenersOf(model, facts), logsOf(place));
  // Its programs die of a Dovecot that they cannot ask, too.
  if (plan.daemons.postfix === 'reload' || plan.daemons.dovecot === 'restart') await endThrottling(services, facts);
}

/**
 * When a program of Postfix has died at once, its master starts none for a minute (service_throttle_time, postconf(5)),
 * also when it has read a better configuration meanwhile; only a new master does.
 */
export async function endThrottling(services: Services, facts: HostFacts): Promise<void> {
  const [greets, manages] = await Promise.all([postfixGreets(facts), queueManagerWorks(below(facts, PATHS.queue))]);
  if (!greets || manages === false) await services.postfix('restart');
}

/** How the daemons of a root are started and stopped. */
export function servicesFor({ root }: Place, wish: 'systemd' | 'direct' | undefined): Services {
  return usesSystemd(root, wish) ? systemdServices(root) : directServices(root);
}

/** After an apply or a start that was cut off: what it had just started comes up first, or ends. */
export async function untilSettled({ root }: Pick<Place, 'root'>): Promise<void> {
  const { postfix, dovecot } = masterProcesses(root);
  if (postfix !== undefined && dovecot !== undefined) return;
  await waitUntil(() => {
    const masters = masterProcesses(root);
    return (masters.postfix !== undefined && masters.dovecot !== undefined) || daemonsBelow(`${root}/`).length === 0;
  }, 2_000);
}

/** @throws when a service of the configuration that was in force before does not answer */
export async function requirePrevious(place: Place, prepared: Prepared): Promise<void> {
  await requireAnswers(previousListeners(prepared), logsOf(place));
  if (previousListeners(prepared).length > 0) await requireDovecotConfInForce(prepared.facts);
}

/** A daemon that finds its port taken says so in its log only, and Postfix dies of it. */
export async function requirePortsFree(prepared: Prepared): Promise<void> {
  const { model, facts, plan } = prepared;
  if (Object.values(plan.daemons).every((action) => action === 'nothing')) return;
  // Daemons that run have ports of their own, which nobody has told when somebody else set them up.
  if (previousListeners(prepared).length === 0 && runningDaemons(facts.root).length > 0) return;
  const listeners = [...newListeners(listenersOf(model, facts), portsInForce(prepared)), ...overriddenPorts(prepared)];
  await requireFreePorts(listeners, 'stop what listens there, or turn the service off');
}

/** Ports that only `overrides` give to Dovecot, and did not before. A Dovecot that runs says nothing to those that it does not get. */
function overriddenPorts({ model, facts, plan }: Prepared): readonly Listener[] {
  const change = plan.files.find(({ path }) => path === PATHS.dovecotConf);
  const portsIn = (text = ''): ReadonlySet<number> =>
    new Set([...text.matchAll(/^\s*port\s*=\s*(\d+)/gm)].map(([, port]) => Number(port)));
  const known = new Set([0, ...portsIn(change?.before), ...ownPorts(model, facts)]);
  return [...portsIn(change?.after)]
    .filter((port) => !known.has(port))
    .map((port) => ({ daemon: 'dovecot', name: 'overrides.dovecot', host: facts.listen[0] ?? '127.0.0.1', port }));
}

function ownPorts(model: MailModel, facts: HostFacts): readonly number[] {
  return listenersOf(model, facts).flatMap(({ daemon, port }) => (daemon === 'dovecot' ? [port] : []));
}

function previousListeners({ applied, facts }: Prepared): readonly Listener[] {
  if (applied === undefined || applied.time === '') return [];
  return listenersOf(modelOf(stateOf(applied.state)).model, factsInForce({ applied, facts }));
}

/** With the addresses and ports of the last apply, where host.yaml says others since. */
export function factsInForce({ applied, facts }: Pick<Prepared, 'applied' | 'facts'>): HostFacts {
  return { ...facts, ...applied?.listening };
}

/** What our daemons listen on, as far as it can be known. */
function portsInForce(prepared: Prepared): readonly Pick<Listener, 'host' | 'port'>[] {
  const { applied, facts, model, plan } = prepared;
  const everywhere = factsInForce(prepared).listen.length === 0;
  const before = previousListeners(prepared).map((one) => (everywhere ? { ...one, host: '0.0.0.0' } : one));
  // One that was cut off has looked at its ports, and may have got as far as to listen there.
  const begun = applied?.unfinished === undefined ? [] : listenersOf(model, facts);
  return [...before, ...begun].filter(({ daemon }) => plan.daemons[daemon] !== 'start');
}

function logsOf({ root }: Place): string {
  return root === '' ? 'journalctl -u postfix -u dovecot' : `${root}/${PATHS.mailLog} and ${root}/${PATHS.dovecotLog}`;
}
