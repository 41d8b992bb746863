import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../../src/core/json.ts';
import { formatPath } from '../../../src/core/problem.ts';
import { checkHostSchema } from '../../../src/core/state/check-schema.ts';

function findings(yaml: string): string[] {
  const problems = checkHostSchema(parse(yaml) as JsonObject);
  return problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('host.yaml', () => {
  it.each([
    ['listen: [localhost]', 'listen[0]: must be an IP address such as 127.0.0.1 or ::1, not the text "localhost"'],
    ['listen: []', 'listen: is an empty list'],
    ['listen: ["::1", "::1"]', 'listen[1]: "::1" is in the list twice'],
    ['port_offset: 61346', 'port_offset: must be a whole number from 0 to 61345, not the number 61346'],
    ['port_offset: "20000"', 'port_offset: must be a whole number from 0 to 61345, not the text "20000"'],
    ['mail_owner: {uid: 0, gid: 5}', 'mail_owner.uid: must be a whole number from 1 to 4294967294, not the number 0'],
    ['mail_owner: {uid: 5}', 'mail_owner: the key "gid" is missing'],
    [
      'sandbox: {outbound: /var/x}',
      'sandbox.outbound: must be a path such as outbound, relative to the root, without white space or .., not the text "/var/x"',
    ],
    ['services: sytemd', 'services: must be one of systemd, direct, not the text "sytemd"'],
    ['mailname: mx.example.com', 'mailname: unknown key "mailname"'],
  ])('%s', (yaml, expected) => {
    expect(findings(`version: 1\n${yaml}\n`)).toEqual([expected]);
  });

  it('is for this version', () => {
    expect(findings('version: 3')).toEqual([
      'version: this file is for a newer eboxmail: its version is 3, this eboxmail reads 1',
    ]);
  });
});

describe('IP addresses to listen on', () => {
  const problems = (address: string) => checkHostSchema({ version: 1, listen: [address] });

  it.each([
    '0.0.0.0',
    '127.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '2001:db8::25',
    'fe80::',
    '1:2:3:4:5:6:7:8',
    '1::8',
  ])('%s is one', (address) => expect(problems(address)).toEqual([]));

  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4/24', ':', ':::', '1:2', '1::2::3', '12345::'])(
    '%s is none',
    (address) => expect(problems(address)).toHaveLength(1),
  );

  it.each(['1:2:3:4:5:6:7:8:9', ':1::2', '1::2:', '[::1]', '::1%lo', 'g::1', '1:2:3:4:5:6:7', '127.0.0.1.'])(
    '%s is none',
    (address) => expect(problems(address)).toHaveLength(1),
  );
});
