import type { DaemonsStatus } from '../../core/status.ts';
import { DAEMONS, wantedDaemons, type DaemonName } from '../../core/daemons.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import { queueManagerWorks } from '../../system/qmgr.ts';
import type { Scene } from './scene.ts';

const NOT_DELIVERING = 'its qmgr does not work, so no mail is delivered';

export async function daemonsStatus({ place, facts, model }: Scene): Promise<DaemonsStatus> {
  const masters = masterProcesses(place.root);
  const wanted = wantedDaemons(model);
  const versions: Partial<Record<DaemonName, string>> = {
    postfix: facts.postfix.version,
    dovecot: facts.dovecot.version,
  };
  const idle = masters.postfix !== undefined && (await queueManagerWorks(below(facts, PATHS.queue))) === false;
  const daemons = DAEMONS.filter((name) => wanted.has(name) || masters[name] !== undefined).map((name) => {
    const version = versions[name];
    const found = { name, process: masters[name] ?? null, wanted: wanted.has(name) };
    const problem = name === 'postfix' && idle ? { problem: NOT_DELIVERING } : {};
    return { ...found, ...(version === undefined ? {} : { version }), ...problem };
  });
  const well = daemons.every(({ process, wanted }) => (process !== null) === wanted) && !idle;
  return { well, daemons };
}
