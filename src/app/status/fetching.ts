import { fetchingsOf } from '../../core/fetch/fetching.ts';
import type { FetchingStatus } from '../../core/status.ts';
import { fetchStatus } from './fetch-status.ts';
import type { Scene } from './scene.ts';

export async function fetchingStatus({ place, model }: Scene): Promise<FetchingStatus> {
  const found = await fetchStatus(place, model, fetchingsOf(model));
  const accounts = found.map(([{ user, entry }, status]) => ({
    user: user.address,
    address: entry.address,
    ...status,
  }));
  return { well: accounts.every(({ state }) => state !== 'stopped'), accounts };
}
