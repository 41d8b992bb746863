import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { unsupportedKeys } from '../../../src/core/generated/state-keys.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { checkStateSchema } from '../../../src/core/state/check-schema.ts';

/** A state in which every key is set. */
const EXAMPLE = `
version: 1
server:
  mailname: mx.example.com
  postmaster: root
  tls: {certificate: /path/fullchain.pem, key: /path/key.pem}
  smtp:
    tls: opportunistic
    authentication: true
  limits: {mailbox: unlimited, message: 25 MB}
  expiry: {trash: never, spam: 30 d, basis: saved}
  retrieval: {imap: true, imaps: true, pop3: false, pop3s: false, managesieve: true, cleartext: refuse}
  fetch: {enabled: false, interval: 3 min}
defaults:
  user: {account: true, domain: example.com}
domains:
  example.com:
    aliases: [example.net]
    catch_all:
      copy_to: archive@example.com
      on_bounce: sender
      unknown_to: info@example.com
users:
  alice@example.com:
    name: Alice Liddell
    password: "{SHA512-CRYPT}$6$..."
    account: true
    quota: 2 GB
    fetch:
      - {address: alice@isp.example, server: pop.isp.example, protocol: pop3s, port: 995, password: {file: secrets/alice-isp}, keep: false}
groups:
  staff: {members: [alice@example.com, bob@example.com]}
aliases:
  al@example.com: alice@example.com
  team@example.com: staff
  partner@example.com: bob@partner.example
networks:
  office: {open: false, members: {printer: 192.0.2.10, lan: 198.51.100.0/24, v6: "2001:db8::/48"}}
relay:
  smarthost: {host: smtp.isp.example, port: 587, username: u, password: {file: secrets/smarthost}, tls: required}
  rules:
    - {sender: sales@example.com, host: smtp.isp.example, port: 465, username: u, password: {file: secrets/sales}, tls: verify}
    - {recipient: partner.example, direct: true}
  networks: {office: allow, guests: deny}
filter: {mode: custom, address: 127.0.0.1, port: 10024, return_port: 10025}
overrides:
  postfix: {smtpd_client_connection_count_limit: 20}
  dovecot: |
    mail_max_userip_connections = 20
`;

it('a state with every key has no mistakes, only keys that are not supported yet', () => {
  const problems = checkStateSchema(parse(EXAMPLE) as JsonObject);
  expect(problems.filter(({ rule }) => rule !== 'unsupported')).toEqual([]);
  expect(problems.length).toBe(unsupportedKeys.length);
});
