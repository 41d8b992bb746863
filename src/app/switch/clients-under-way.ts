import type { HostFacts } from '../../core/host-facts.ts';
import type { FileChange } from '../../core/plan/plan.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { bareClient, clientsIn, withClients, type Clients } from '../../core/render/postfix/clients.ts';
import { lstat, readIfPresent, stageMeanwhile, syncDirectories, type StagedFile } from '../../system/files.ts';
import { runningClients } from '../../system/postfix.ts';
import type { Undo } from '../../system/undo.ts';
import { writeMeanwhile } from './applied.ts';
import type { Prepared } from '../plan/prepare.ts';

/** How a master.cf comes into force, so that what is being handed over is not handed over twice. */
export interface ClientSteps {
  /** What stands in it while Postfix reads it; absent when it has all clients that may be at work. */
  readonly text: string | undefined;
  begin(file: StagedFile): void;
  /** When Postfix has read it. It is not told again: the next reload is when there is one. */
  end(file: StagedFile): void;
}

export function clientSteps({ facts, plan }: Pick<Prepared, 'facts' | 'plan'>): ClientSteps {
  const change = plan.files.find(({ path }) => path === PATHS.masterCf);
  const text = plan.daemons.postfix === 'reload' ? withThoseAtWork(facts, change) : undefined;
  return {
    text,
    begin: (file) => (text === undefined ? file.commit() : write(facts, text)),
    end: (file) => {
      if (text !== undefined) file.commit();
    },
  };
}

function withThoseAtWork(facts: HostFacts, change: FileChange | undefined): string | undefined {
  if (change?.after === undefined) return undefined;
  return withClients(change.after, atWork(facts, change.before ?? ''));
}

/** On the way back: the master.cf of before is in place when the returned function was called, and has had Postfix's eyes. */
export function clientsBack(facts: HostFacts, undo: Undo): () => void {
  const path = below(facts, PATHS.masterCf);
  const isMasterCf = (target: string): boolean => target === path;
  const before = undo.textBefore(path);
  const text = before === undefined ? undefined : withClients(before, atWork(facts, readIfPresent(path) ?? ''));
  if (
    text === undefined ||
    before === '' ||
    !writeMeanwhile(facts.root, PATHS.masterCf, text, () => write(facts, text))
  ) {
    undo.restore(isMasterCf);
    return () => undefined;
  }
  return () => undo.restore(isMasterCf);
}

/** Those that Postfix goes by, and those whose processes an earlier reload let go on. */
function atWork(facts: HostFacts, masterCf: string): Clients {
  const queue = below(facts, PATHS.queue);
  const running = lstat(queue) === undefined ? [] : [...runningClients(queue)];
  return new Map([
    ...running.map(([name, program]) => [name, bareClient(name, program)] as const),
    ...clientsIn(masterCf),
  ]);
}

function write(facts: HostFacts, content: string): void {
  const path = below(facts, PATHS.masterCf);
  stageMeanwhile({ path, content, mode: 0o644, uid: 0, gid: 0 }).commit();
  syncDirectories([path]);
}
