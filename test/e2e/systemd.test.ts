import { expect, it } from 'vitest';
import { onOwnMachine } from '../support/own-machine.ts';

it('apply where systemd runs: daemons and services of our own start, reload, come back and go as its services', async () => {
  expect(await onOwnMachine('own-systemd.sh', 'under-systemd.sh')).toContain('all is well');
}, 210_000);
