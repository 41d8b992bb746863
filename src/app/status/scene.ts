import type { HostFacts } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { readAppliedRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { hostFacts } from '../../system/host.ts';
import { refuseOddFile } from '../../system/regular-file.ts';
import { loadState, requireValid, stateOf } from '../state/load-state.ts';
import type { Place } from '../state/place.ts';
import { readHost } from '../state/read-host.ts';

/** What every concern of `status` looks at: the service as it was applied last, which is what should be running. */
export interface Scene {
  readonly place: Place;
  readonly facts: HostFacts;
  /** Of the state in force; of the state file, when nothing was applied yet. */
  readonly model: MailModel;
  readonly applied: AppliedRecord | undefined;
}

export async function readScene(place: Place): Promise<Scene> {
  // Postfix's own programs would wait for ever.
  refuseOddFile(`${place.root}/${PATHS.mainCf}`);
  const applied = readAppliedRecord(`${place.root}/${PATHS.lib}`);
  const { model } =
    applied === undefined || applied.time === ''
      ? requireValid(place, await loadState(place))
      : modelOf(stateOf(applied.state));
  const facts = await hostFacts(place.root, await readHost(place.root), new Map());
  return { place, facts, model, applied };
}
