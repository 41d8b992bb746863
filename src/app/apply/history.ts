import { EboxmailError, failed, notFound } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import {
  generationNumbers,
  listGenerations,
  readContent,
  readGeneration,
  requireReadable,
  type Generation,
} from '../../system/generations.ts';
import type { Place } from '../state/place.ts';

/** Every configuration that was in force and is still known, the newest first. */
export function history({ root }: Place): readonly Generation[] {
  return listGenerations(`${root}/${PATHS.lib}`);
}

/** In words: which are left out of the history, and why. */
export function damagedGenerations({ root }: Place): readonly string[] {
  const lib = `${root}/${PATHS.lib}`;
  const damaged = generationNumbers(lib).filter((number) => readGeneration(lib, number) === undefined);
  return damaged.flatMap((number): readonly string[] => {
    try {
      requireReadable(lib, number);
      return [];
    } catch (error) {
      if (!(error instanceof EboxmailError)) throw error;
      return [`generation ${number} is left out: ${error.message}`];
    }
  });
}

/** @throws exit 4 when there is no such generation, exit 1 when it is damaged */
export function generation(place: Place, number: number): Generation {
  const found = requireReadable(`${place.root}/${PATHS.lib}`, number);
  if (found !== undefined) return found;
  throw notFound(`there is no generation ${number}`, 'see which there are with: eboxmail history');
}

/** The text of the state that a generation came from. */
export function stateOfGeneration({ root }: Place, { number, state }: Generation): string {
  const text = readContent(`${root}/${PATHS.lib}`, state);
  if (text === undefined) throw failed(`the state of generation ${number} is no longer readable`, 'choose another one');
  return text;
}

/** The one that a rollback without a number goes to: the one before that in force. @throws exit 4 when there is none */
export function previousGeneration(place: Place): Generation {
  // By its number: the newest may be damaged.
  const [, previous] = generationNumbers(`${place.root}/${PATHS.lib}`);
  if (previous !== undefined) return generation(place, previous);
  throw notFound('there is no earlier generation', 'each apply that changes something makes one');
}
