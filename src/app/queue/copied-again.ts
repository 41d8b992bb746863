import { copiesOf } from '../../core/copies.ts';
import { makeCopiedAgain } from '../../core/queue/copied-again.ts';
import type { QueueMessage } from '../../core/queue/message.ts';
import { PATHS } from '../../core/render/paths.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { readAppliedRecord } from '../../system/applied-record.ts';
import { stateOf } from '../state/load-state.ts';
import type { Place } from '../state/place.ts';

/** Which messages a requeue copies to an archive once more, by the state that is in force and not the one being edited. */
export function copiedAgain({ root }: Place): (message: QueueMessage) => boolean {
  const applied = readAppliedRecord(`${root}/${PATHS.lib}`);
  if (applied === undefined) return () => false;
  const { model, directory } = modelOf(stateOf(applied.state));
  return makeCopiedAgain(copiesOf(model, directory), directory);
}
