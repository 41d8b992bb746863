import type { DaemonsStatus } from '../../core/status.ts';
import { DAEMONS, wantedDaemons, type DaemonName } from '../../core/daemons.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { readIfPresent } from '../../system/files.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import { queueManagerWorks } from '../../system/qmgr.ts';
import { lostSockets } from '../plan/in-force.ts';
import type { Scene } from './scene.ts';

const NOT_DELIVERING = 'its qmgr does not work, so no mail is delivered';

/** What keeps Postfix from asking a Dovecot that runs. */
function whyCutOff(facts: HostFacts): string | undefined {
  const lost = lostSockets(facts, readIfPresent(below(facts, PATHS.dovecotConf)) ?? '');
  if (lost.length === 0) return undefined;
  const are = lost.length === 1 ? 'is not there' : 'are not there';
  return `Postfix cannot reach it: ${lost.join(', ')} ${are}; it has to be restarted, as "eboxmail apply" does`;
}

export async function daemonsStatus({ place, facts, model }: Scene): Promise<DaemonsStatus> {
  const masters = masterProcesses(place.root);
  const wanted = wantedDaemons(model);
  const versions: Partial<Record<DaemonName, string>> = {
    postfix: facts.postfix.version,
    dovecot: facts.dovecot.version,
  };
  const idle = masters.postfix !== undefined && (await queueManagerWorks(below(facts, PATHS.queue))) === false;
  const problems: Partial<Record<DaemonName, string | undefined>> = {
    postfix: idle ? NOT_DELIVERING : undefined,
    dovecot: masters.dovecot === undefined ? undefined : whyCutOff(facts),
  };
  const daemons = DAEMONS.filter((name) => wanted.has(name) || masters[name] !== undefined).map((name) => {
    const version = versions[name];
    const found = { name, process: masters[name] ?? null, wanted: wanted.has(name) };
    const problem = problems[name];
    return { ...found, ...(version === undefined ? {} : { version }), ...(problem === undefined ? {} : { problem }) };
  });
  const well = daemons.every(({ process, wanted, problem }) => (process !== null) === wanted && problem === undefined);
  return { well, daemons };
}
