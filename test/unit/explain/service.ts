import { parse } from 'yaml';
import { hasErrors, stateOf } from '../../../src/app/state/load-state.ts';
import { copiesOf } from '../../../src/core/copies.ts';
import type { MailService } from '../../../src/core/explain/explanation.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';

/** What explanations are made of, from the YAML of a valid state; on a machine with root, bin and one line in etc/aliases. */
export function serviceOf(yaml: string, sandbox = false): MailService {
  const { model, directory, problems } = modelOf(stateOf(parse(yaml) as JsonObject));
  if (hasErrors(problems)) throw new Error(JSON.stringify(problems));
  const names = new Map([
    ['root', { kind: 'account' }],
    ['bin', { kind: 'account' }],
    ['webmaster', { kind: 'alias', to: 'root' }],
  ] as const);
  return {
    model,
    directory,
    copies: copiesOf(model, directory),
    machine: { sandbox, names, addresses: new Set(['192.0.2.25', '2001:db8::25']) },
  };
}

/** A little of everything. */
export const STATE = `
version: 1
server: {mailname: mx.eg.test, limits: {mailbox: 1 GB}}
domains:
  a.test: {aliases: [a2.test, bücher.test], catch_all: {copy_to: archive@a.test, on_bounce: postmaster}}
  b.test: {catch_all: {unknown_to: info@a.test}}
  c.test: {catch_all: {copy_to: both@c.test}}
users:
  alice@a.test: {password: "{SHA512-CRYPT}x", quota: 2 GB}
  archive@a.test: {password: "{SHA512-CRYPT}x", quota: unlimited}
  bob@b.test: {password: "{SHA512-CRYPT}x"}
  mute@b.test:
  carol@b.test: {password: "{SHA512-CRYPT}x", account: false}
groups:
  Staff: {members: [alice@a.test, carol@b.test]}
  ghosts: {members: [carol@b.test]}
  empty: {members: []}
aliases:
  al@a.test: alice@a.test
  info@a.test: [al@a.test, Staff, Out@Partner.test]
  chain@b.test: info@a.test
  ghosts@a.test: Ghosts
  ghosts@b.test: [empty, ghosts]
  out@c.test: out@partner.test
  both@c.test: [bob@b.test, out@partner.test]
  both2@c.test: [alice@a.test, archive@a.test]
  abuse@c.test: bob@b.test
  local@c.test: [root@mx.eg.test, nosuch@mx.eg.test]
  lost@c.test: nosuch@mx.eg.test
  master@c.test: [postmaster@mx.eg.test, abuse@mx.eg.test]
`;
