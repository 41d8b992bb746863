import { NOWHERE, type Trail } from './trails.ts';

/**
 * Whom a mailbox can only belong to: the only place that is left for it, and it for the place. Whose address somebody else
 * has got by the events may also be gone, unless all others are known to be elsewhere.
 * @param candidates places that each may have
 */
export function forcedPlaces(
  trails: readonly Trail[],
  candidates: ReadonlyMap<Trail, readonly string[]>,
): ReadonlyMap<Trail, string> {
  const counts = new Map<string, number>();
  for (const place of [...candidates.values()].flat()) counts.set(place, (counts.get(place) ?? 0) + 1);
  const open = new Map(
    trails.map((trail) => {
      const places = candidates.get(trail) ?? [];
      const isPerhapsGone = trail.mayBeGone && places.some((place) => (counts.get(place) ?? 0) > 1);
      return [trail, new Set([...places, ...(isPerhapsGone ? [NOWHERE] : [])])] as const;
    }),
  );
  const forced = new Map<Trail, string>();
  for (;;) {
    const single = [...open].flatMap(([trail, [place, ...others]]) =>
      place === undefined || others.length > 0 ? [] : [{ trail, place }],
    );
    const isOnly = (place: string): boolean =>
      place === NOWHERE || single.filter((other) => other.place === place).length === 1;
    const found = single.filter(({ place }) => isOnly(place));
    if (found.length === 0) return forced;
    for (const { trail, place } of found) {
      open.delete(trail);
      if (place === NOWHERE) continue;
      forced.set(trail, place);
      for (const left of open.values()) left.delete(place);
    }
  }
}
