import { expect, it } from 'vitest';
import { renderDovecotConf } from '../../../src/core/render/dovecot/dovecot-conf.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';
import { facts } from '../../support/facts.ts';

it.each([
  [0, undefined],
  [192_000, undefined],
  [200_000, '512 M'],
  [448_000, '512 M'],
  [500_000, '1024 M'],
  [1_000_000, '2048 M'],
])('with %i names the auth process may have %s', (names, memory) => {
  const { model } = modelOf({ version: 1 });
  const { content } = renderDovecotConf(model, facts(), names);
  expect(/^service auth \{\n(?: {2}vsz_limit = (.*)\n)? {2}unix_listener/m.exec(content)?.[1]).toBe(memory);
});
