import { expect, it } from 'vitest';
import { whyNoDovecotOverride } from '../../../src/core/raw-dovecot.ts';

it.each([
  'passdb {\n  driver = static\n  args = nopassword=y\n}\n',
  'passdb {\n  driver = static\n  args = proxy=y host=192.0.2.1 nopassword\n}\n',
  'passdb static {\n  fields {\n    nopassword = yes\n  }\n}\n',
  'passdb {\n  default_fields = nopassword=y # allow_nets=127.0.0.1\n}\n',
  'auth_mechanisms = plain login anonymous\n',
])('what lets in without a password is refused: %j', (text) => {
  expect(whyNoDovecotOverride(text)?.message).toMatch(/lets everybody in/);
});

it.each([
  '',
  'mail_max_userip_connections = 20\n',
  'auth_mechanisms = plain login # not anonymous\n',
  '# nopassword=y\npassdb {\n  driver = pam\n}\n',
  'passdb {\n  driver = static\n  args = nopassword=y allow_nets=127.0.0.1/32\n}\n',
])('others are taken: %j', (text) => {
  expect(whyNoDovecotOverride(text)).toBeUndefined();
});
