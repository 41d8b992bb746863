import type { HostFacts } from '../host-facts.ts';
import { PATHS } from './paths.ts';
import { HEADER, type RenderedFile } from './rendered-file.ts';

/**
 * Has units start with the machine: a drop-in of ours (systemd.unit(5)), where "systemctl enable" would leave links behind
 * of which nobody knows whether they were there before.
 */
export function startWithMachine(path: string, reason: string, ...units: readonly string[]): RenderedFile {
  return {
    path,
    reason,
    content: `${HEADER}\n[Unit]\nWants=${units.map((unit) => `${unit}.service`).join(' ')}\n`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'nothing',
  };
}

/** The two that are never without work; others start where the state asks for them. */
export function renderMailWanted({ jobs }: HostFacts): readonly RenderedFile[] {
  if (jobs.by !== 'systemd') return [];
  return [startWithMachine(PATHS.mailWanted, 'Postfix and Dovecot start with the machine', 'dovecot', 'postfix')];
}
