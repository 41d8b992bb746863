import { describe, expect, it } from 'vitest';
import { addAlias, removeAlias } from '../../../src/core/edits/aliases.ts';
import { draftOf } from '../../../src/core/edits/draft.ts';
import { addressKey } from '../../../src/core/edits/names.ts';
import { addUser, removeUser, setUser } from '../../../src/core/edits/users.ts';
import type { StateFile } from '../../../src/core/generated/state-types.ts';

const STATE: StateFile = {
  version: 1,
  domains: { 'example.com': {}, 'bücher.example': {} },
  users: { 'Alice@Example.com': { name: 'Alice' }, 'zoe@bücher.example': {} },
  aliases: { 'info@example.com': 'alice@example.com' },
};

type Edit = (state: StateFile) => StateFile;

const EDITS: readonly Edit[] = [
  (state) => addUser(state, 'bob@example.com', { name: 'Bob' }),
  (state) => setUser(state, 'ALICE@example.com', { quota: '2 GB' }),
  (state) => setUser(state, 'zoe@xn--bcher-kva.example', { name: 'Zoe' }),
  (state) => addAlias(state, 'info@example.com', ['bob@example.com']),
  (state) => addAlias(state, 'b@bücher.example', ['bob@example.com']),
  (state) => removeUser(state, 'bob@example.com').state,
  (state) => addUser(state, 'bob@example.com', {}),
  (state) => removeAlias(state, 'info@example.com', []),
  (state) => addUser(state, 'carol@bücher.example', { account: false }),
];

describe('edits of a draft', () => {
  it('make of it what they make of a state, and leave that as it was', () => {
    const before = structuredClone(STATE);
    const told: string[] = [];
    let draft = STATE;
    let state = STATE;
    for (const edit of EDITS) {
      draft = edit(draftOf(draft, (section, key) => told.push(`${section} ${key}`)));
      state = edit(state);
      expect(draft).toEqual(state);
      expect(Object.keys(draft.users ?? {})).toEqual(Object.keys(state.users ?? {}));
    }
    expect(STATE).toEqual(before);
    expect(told).toEqual([
      'users bob@example.com',
      'users Alice@Example.com',
      'users zoe@bücher.example',
      'aliases info@example.com',
      'aliases b@bücher.example',
      'users bob@example.com',
      'users carol@bücher.example',
    ]);
  });

  it('find addresses however they are written', () => {
    const draft = draftOf(STATE, () => undefined);
    expect(addressKey(draft, 'users', 'alice@example.com')).toBe('Alice@Example.com');
    expect(addressKey(draft, 'users', 'zoe@xn--bcher-kva.example')).toBe('zoe@bücher.example');
    expect(addressKey(draft, 'users', 'nobody@example.com')).toBeUndefined();
  });

  it('are not made where nobody asked for a draft', () => {
    const draft = draftOf(STATE, () => undefined);
    const after = addUser({ ...draft }, 'bob@example.com', {});
    expect(draft.users).not.toHaveProperty('bob@example.com');
    expect(after.users).toHaveProperty('bob@example.com');
  });
});
