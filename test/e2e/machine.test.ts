import { expect, it } from 'vitest';
import { onOwnMachine } from '../support/own-machine.ts';

it('apply on a machine itself: consent, ports below 1024, mail, rollback, and the originals back', async () => {
  expect(await onOwnMachine('own-machine.sh', 'on-the-machine.sh')).toContain('all is well');
});
