import { failed } from '../core/errors.ts';
import { exec } from './exec.ts';

/** How many messages are in each of Postfix's queues (postqueue(1)): one JSON object a line, nothing for an empty queue. */
export async function queueSizes(configDirectory: string): Promise<ReadonlyMap<string, number>> {
  const { code, stdout, stderr } = await exec('postqueue', ['-c', configDirectory, '-j']);
  if (code !== 0) throw failed(`postqueue ended with status ${code}: ${stderr.trim()}`);
  const sizes = new Map<string, number>();
  for (const line of stdout.split('\n')) {
    const name = /"queue_name": ?"([a-z]+)"/.exec(line)?.[1];
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  return sizes;
}
