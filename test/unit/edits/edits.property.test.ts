import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateOf } from '../../../src/app/state/load-state.ts';
import { addAlias, removeAlias } from '../../../src/core/edits/aliases.ts';
import { addDomain, removeDomain } from '../../../src/core/edits/domains.ts';
import { addUser, removeUser, setUser } from '../../../src/core/edits/users.ts';
import type { StateFile } from '../../../src/core/generated/state-types.ts';
import { checkStateSchema } from '../../../src/core/state/check-schema.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { randomState } from '../../support/random-state.ts';

/** For random states, and a number to choose with. */
function everyState(check: (state: StateFile, choice: number) => void): void {
  fc.assert(
    fc.property(randomState, fc.nat(), (state, choice) => check(stateOf(state), choice)),
    { numRuns: 150 },
  );
}

function pick<T>(items: readonly T[], choice: number): T | undefined {
  return items[choice % Math.max(1, items.length)];
}

function expectValid(state: StateFile): void {
  const problems = [...checkStateSchema(state as unknown as JsonObject), ...modelOf(state).problems];
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
}

describe('a valid state stays valid', () => {
  it('when a user goes', () =>
    everyState((state, choice) => {
      const user = pick(Object.keys(state.users ?? {}), choice);
      if (user !== undefined) expectValid(removeUser(state, user.toUpperCase()).state);
    }));

  it('when an alias goes', () =>
    everyState((state, choice) => {
      const alias = pick(Object.keys(state.aliases ?? {}), choice);
      if (alias !== undefined) expectValid(removeAlias(state, alias, []));
    }));

  it('when a domain goes with all that is in it', () =>
    everyState((state, choice) => {
      const domain = pick(Object.keys(state.domains ?? {}), choice) ?? '';
      const after = removeDomain(state, domain);
      expectValid(after);
      expect(modelOf(after).model.domains.size).toBe(modelOf(state).model.domains.size - 1);
    }));

  it('when something comes, and as it was when that goes again', () =>
    everyState((state, choice) => {
      const added = addAlias(addUser(addDomain(state, 'New.test'), 'N@new.TEST', {}), 'other@new.test', ['n@New.test']);
      expectValid(added);
      expect(removeAlias(added, 'OTHER@new.test', []).aliases).toEqual(state.aliases ?? {});
      expect(removeDomain(added, 'new.test')).toEqual({
        ...state,
        users: state.users ?? {},
        aliases: state.aliases ?? {},
      });
      const user = pick(Object.keys(state.users ?? {}), choice);
      if (user !== undefined) expectValid(setUser(state, user, { quota: '5 MB', name: 'x' }));
    }));
});
