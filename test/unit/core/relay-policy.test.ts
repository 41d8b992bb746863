import { expect, it } from 'vitest';
import { mayRelay } from '../../../src/core/relay-policy.ts';
import { validState } from '../../support/read-state.ts';

const STATE = `version: 1
server: {mailname: mx.example.com}
domains: {example.com: }
networks:
  office: {members: {lan: 192.0.2.0/24, v6: "2001:db8::/48"}}
  guests: {members: {one: 192.0.2.7, few: 192.0.2.64/26}}
  nobody: {members: {far: 198.51.100.0/24}}
relay: {networks: {office: allow, guests: deny}}
`;

it.each([
  ['192.0.2.1', true],
  ['192.0.2.7', false],
  ['192.0.2.65', false],
  ['192.0.2.130', true],
  ['192.0.3.1', false],
  ['198.51.100.1', false],
  ['2001:db8::1', true],
  ['2001:db9::1', false],
  ['127.0.0.1', false],
  ['nonsense', false],
])('%s: %s', async (address, expected) => {
  const { model } = await validState(STATE);
  expect(mayRelay(model, address)).toBe(expected);
});
