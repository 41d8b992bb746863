import { needsRedis } from '../../core/daemons.ts';
import { MILTER_SOCKET } from '../../core/render/postfix/milter.ts';
import { REDIS_SOCKET } from '../../core/render/redis/redis.ts';
import type { FilterStatus } from '../../core/status.ts';
import { answers, answersAt } from '../../system/ports.ts';
import type { Scene } from './scene.ts';

export async function filterStatus({ place, model }: Scene): Promise<FilterStatus> {
  const parts = await partsOf(model, place.root);
  return { well: parts.every((part) => part.answers), mode: model.filter.mode, parts };
}

async function partsOf(model: Scene['model'], root: string): Promise<FilterStatus['parts']> {
  const { filter } = model;
  if (filter.mode === 'none') return [];
  if (filter.mode === 'custom') {
    const { address, port } = filter;
    return [{ name: 'the filter', at: `${address}, port ${port}`, answers: await answers(address, port) }];
  }
  const sockets = [
    ['rspamd', `${root}/${MILTER_SOCKET}`],
    ...(needsRedis(model) ? [['Redis', `${root}/${REDIS_SOCKET}`]] : []),
    ...(filter.antivirus === undefined ? [] : [['ClamAV', filter.antivirus]]),
  ];
  return Promise.all(sockets.map(async ([name = '', at = '']) => ({ name, at, answers: await answersAt(at) })));
}
