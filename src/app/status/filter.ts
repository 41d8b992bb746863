import { MILTER_SOCKET } from '../../core/render/postfix/milter.ts';
import type { FilterStatus } from '../../core/status.ts';
import { answers, answersAt } from '../../system/ports.ts';
import type { Scene } from './scene.ts';

export async function filterStatus({ place, model }: Scene): Promise<FilterStatus> {
  const { filter } = model;
  const parts = await partsOf(filter, place.root);
  return { well: parts.every((part) => part.answers), mode: filter.mode, parts };
}

async function partsOf(filter: Scene['model']['filter'], root: string): Promise<FilterStatus['parts']> {
  if (filter.mode === 'none') return [];
  if (filter.mode === 'custom') {
    const { address, port } = filter;
    return [{ name: 'the filter', at: `${address}, port ${port}`, answers: await answers(address, port) }];
  }
  const sockets = [
    ['rspamd', `${root}/${MILTER_SOCKET}`],
    ...(filter.antivirus === undefined ? [] : [['ClamAV', filter.antivirus]]),
  ];
  return Promise.all(sockets.map(async ([name = '', at = '']) => ({ name, at, answers: await answersAt(at) })));
}
