import { expect, it } from 'vitest';
import { conditionsIn } from '../../../src/core/conditions.ts';

it('names conditions, and not what they are about', () => {
  const value = [
    'permit_mynetworks reject_unauth_destination,sleep 5,',
    'check_client_access hash:/etc/a, check_sender_access inline:{ {a@b.test = OK}, c = REJECT },',
    'check_policy_service { inet:127.0.0.1:10, timeout = 3s, default_action = dunno },',
    'check_policy_service unix:private/x, reject_rbl_client localzone, reject_rhsbl_sender dbl.test=127.0.0.2,',
    'hash:/etc/b, own_class, warn_if_reject bogus',
  ].join(' ');
  expect(conditionsIn(value)).toEqual([
    'permit_mynetworks',
    'reject_unauth_destination',
    'sleep',
    'check_client_access',
    'check_sender_access',
    'check_policy_service',
    'check_policy_service',
    'reject_rbl_client',
    'reject_rhsbl_sender',
    'own_class',
    'warn_if_reject',
    'bogus',
  ]);
  expect(conditionsIn('')).toEqual([]);
});
