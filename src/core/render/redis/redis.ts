import template from '../../../../templates/redis/redis.conf';
import unitTemplate from '../../../../templates/redis/unit.conf';
import { needsRedis } from '../../daemons.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { ours, quoteRedis, quoteUnitWord } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { RSPAMD_USER } from '../rspamd/rspamd-file.ts';
import { startWithMachine } from '../start-with-machine.ts';
import { fillTemplate } from '../template.ts';

/** The socket on which Redis answers rspamd, and nobody else: it runs as rspamd's user, in a directory of that user. */
export const REDIS_SOCKET = `${PATHS.redisRun}/redis.sock`;

/** The memory of the built-in filter: a Redis of eboxmail's own, there only where the filter has something to remember. */
export function renderRedis(model: MailModel, facts: HostFacts): readonly RenderedFile[] {
  if (!needsRedis(model)) return [];
  // systemd takes what it prints.
  const log = facts.jobs.by === 'systemd' ? '' : `logfile ${quoteRedis(below(facts, PATHS.redisLog))}`;
  const content = fillTemplate(template, {
    header: ours(HEADER),
    socket: quoteRedis(below(facts, REDIS_SOCKET)),
    pidfile: quoteRedis(below(facts, `${PATHS.redisRun}/redis.pid`)),
    data: quoteRedis(below(facts, PATHS.redisData)),
    log: ours(log),
  });
  return [
    redisFile(PATHS.redisConf, "Redis' settings", content, 'restart-redis'),
    ...(facts.jobs.by === 'systemd' ? units() : []),
  ];
}

function units(): readonly RenderedFile[] {
  const unit = fillTemplate(unitTemplate, {
    header: ours(HEADER),
    user: ours(RSPAMD_USER),
    config: quoteUnitWord(`/${PATHS.redisConf}`),
    data: quoteUnitWord(`/${PATHS.redisData}`),
  });
  return [
    redisFile(PATHS.redisUnit, 'the service that runs Redis (systemd.service(5))', unit, 'restart-redis'),
    startWithMachine(PATHS.redisWanted, 'Redis starts with the machine', 'eboxmail-redis'),
  ];
}

function redisFile(path: string, reason: string, content: string, onChange: RenderedFile['onChange']): RenderedFile {
  return { path, reason, content, mode: 0o644, owner: 'root', group: 'root', onChange };
}
