import type { Status } from '../../core/status.ts';
import type { Place } from '../state/place.ts';
import { certificateStatus } from './certificate.ts';
import { daemonsStatus } from './daemons.ts';
import { expiryStatus } from './expiry.ts';
import { fetchingStatus } from './fetching.ts';
import { filterStatus } from './filter.ts';
import { pendingStatus } from './pending.ts';
import { portsStatus } from './ports.ts';
import { queueStatus } from './queue.ts';
import { readScene, type Scene } from './scene.ts';

/** A new concern is a file beside these, a line here, its data in core/status and its words in ui/status-text. */
const CONCERNS: { readonly [K in keyof Status]: (scene: Scene) => Promise<Status[K]> } = {
  daemons: daemonsStatus,
  ports: portsStatus,
  certificate: certificateStatus,
  queue: queueStatus,
  pending: pendingStatus,
  expiry: expiryStatus,
  fetching: fetchingStatus,
  filter: filterStatus,
};

/** Looks at everything; changes nothing. */
export async function readStatus(place: Place): Promise<Status> {
  const scene = await readScene(place);
  const found = Object.entries(CONCERNS).map(async ([name, look]) => [name, await look(scene)] as const);
  return Object.fromEntries(await Promise.all(found)) as unknown as Status;
}
