import type { HostFacts } from '../../core/host-facts.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { clientOf, clientsIn, withClients, type Clients } from '../../core/render/postfix/clients.ts';
import { lstat, readIfPresent, stageMeanwhile, syncDirectories, type StagedFile } from '../../system/files.ts';
import { runningClients } from '../../system/postfix.ts';
import { beginUndo, type Undo } from '../../system/undo.ts';
import { writeMeanwhile } from './applied.ts';
import type { HandEdits } from './hand-edits.ts';
import type { Prepared } from '../plan/prepare.ts';

/**
 * How Postfix reads master.cf, so that what is being handed over is not handed over twice: at every reload, also one that is
 * about something else, it has those clients as well that are at work still.
 */
export interface ClientSteps {
  /** What stands in master.cf only for a while; none when it has all clients that may be at work. */
  readonly texts: readonly string[];
  /** Its path, where nothing else would be changed in it. */
  readonly targets: readonly string[];
  /** For a reload before that of the plan. */
  early(): void;
  /** @param file of the plan; absent where it changes nothing */
  begin(file: StagedFile | undefined): void;
  /** When Postfix has read it. It is not told again: the next reload is when there is one. */
  end(file: StagedFile | undefined): void;
}

export function clientSteps({ facts, plan }: Pick<Prepared, 'facts' | 'plan'>, edits: HandEdits): ClientSteps {
  const path = below(facts, PATHS.masterCf);
  const change = plan.files.find((one) => one.path === PATHS.masterCf);
  const reloads = plan.daemons.postfix === 'reload';
  // On the way back Postfix is told of another Dovecot.
  const mayReload = reloads || plan.daemons.dovecot !== 'nothing';
  const now = mayReload ? (readIfPresent(path) ?? '') : '';
  const running: Clients = mayReload ? clientsRunning(facts) : new Map();
  const first = withClients(now, running);
  if (change === undefined) edits.watch(path);
  const after = change === undefined ? now : change.after;
  const last =
    reloads && after !== undefined ? withClients(after, new Map([...running, ...clientsIn(now)])) : undefined;
  const put = (text: string): void => {
    edits.requireNone(path);
    write(facts, text);
  };
  return {
    texts: [first, last].filter((text) => text !== undefined),
    targets: first !== undefined && change === undefined ? [path] : [],
    early: () => {
      if (first !== undefined) put(first);
    },
    begin: (file) => {
      if (last === undefined) file?.commit();
      else put(last);
    },
    end: (file) => {
      if (last === undefined) return;
      if (file !== undefined) file.commit();
      // Whoever edits what this apply would not change has the last word.
      else if (!edits.has(path)) write(facts, now);
    },
  };
}

/**
 * On the way back: the master.cf of before is in place when the returned function was called, and has had Postfix's eyes.
 * @param lib absolute path of var/lib/eboxmail
 */
export function clientsBack(facts: HostFacts, lib: string, undo: Undo): () => void {
  const path = below(facts, PATHS.masterCf);
  const isMasterCf = (target: string): boolean => target === path;
  const known = undo.textBefore(path);
  const now = readIfPresent(path) ?? '';
  const before = known ?? now;
  const text = withClients(before, new Map([...clientsRunning(facts), ...clientsIn(now)]));
  const end = before === '' || text === undefined ? undefined : putMeanwhile();
  if (end === undefined) undo.restore(isMasterCf);
  return () => end?.restore(isMasterCf);

  /** What knows the text of before, also where that was in place already. */
  function putMeanwhile(): Undo | undefined {
    try {
      const knowing = known === undefined ? beginUndo(lib, [path], []) : undo;
      return writeMeanwhile(facts.root, PATHS.masterCf, text ?? '', () => write(facts, text ?? ''))
        ? knowing
        : undefined;
    } catch {
      // Without room for that nothing is kept.
      return undefined;
    }
  }
}

/** Those that have processes, also of services that Postfix kept when it read a master.cf without them. */
function clientsRunning(facts: HostFacts): Clients {
  const queue = below(facts, PATHS.queue);
  return new Map(lstat(queue) === undefined ? [] : runningClients(queue).map(clientOf));
}

function write(facts: HostFacts, content: string): void {
  const path = below(facts, PATHS.masterCf);
  stageMeanwhile({ path, content, mode: 0o644, uid: 0, gid: 0 }).commit();
  syncDirectories([path]);
}
