import type { PortsStatus } from '../../core/status.ts';
import { answers } from '../../system/ports.ts';
import { allListenersOf } from './listeners.ts';
import type { Scene } from './scene.ts';

export async function portsStatus({ model, facts }: Scene): Promise<PortsStatus> {
  const ports = await Promise.all(
    allListenersOf(model, facts).map(async ({ name, host, port, wanted }) => ({
      name,
      host,
      port,
      wanted,
      answers: await answers(host, port),
    })),
  );
  return { well: ports.every((port) => port.answers === port.wanted), ports };
}
