import { expect, it } from 'vitest';
import { newListeners } from '../../src/app/status/listeners.ts';

const at = (host: string, port = 25): { host: string; port: number } => ({ host, port });

it.each([
  ['the same address and port', at('192.0.2.1'), at('192.0.2.1'), false],
  ['another port', at('192.0.2.1', 587), at('192.0.2.1'), true],
  ['another address', at('192.0.2.2'), at('192.0.2.1'), true],
  ['one address instead of all', at('192.0.2.1'), at('0.0.0.0'), false],
  ['all instead of one', at('0.0.0.0'), at('192.0.2.1'), false],
  ['all of IPv6', at('2001:db8::1'), at('::'), false],
])('%s', (_, wanted, ours, isNew) => {
  expect(newListeners([wanted], [ours])).toEqual(isNew ? [wanted] : []);
});
