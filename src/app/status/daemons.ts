import type { DaemonsStatus } from '../../core/status.ts';
import { DAEMONS, wantedDaemons, type DaemonName } from '../../core/daemons.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import type { Scene } from './scene.ts';

export function daemonsStatus({ place, facts, model }: Scene): Promise<DaemonsStatus> {
  const masters = masterProcesses(place.root);
  const wanted = wantedDaemons(model);
  const versions: Partial<Record<DaemonName, string>> = {
    postfix: facts.postfix.version,
    dovecot: facts.dovecot.version,
  };
  const daemons = DAEMONS.filter((name) => wanted.has(name) || masters[name] !== undefined).map((name) => {
    const version = versions[name];
    const found = { name, process: masters[name] ?? null, wanted: wanted.has(name) };
    return version === undefined ? found : { ...found, version };
  });
  return Promise.resolve({ well: daemons.every(({ process, wanted }) => (process !== null) === wanted), daemons });
}
