import { chmodSync } from 'node:fs';
import type { HostFile } from '../../core/generated/host-types.ts';
import { DAEMONS, isEssential, type DaemonName } from '../../core/daemons.ts';
import { failed } from '../../core/errors.ts';
import { portsOf, type PortName } from '../../core/host-facts.ts';
import type { MailModel } from '../../core/model.ts';
import { PATHS } from '../../core/render/paths.ts';
import { readAppliedRecord } from '../../system/applied-record.ts';
import { lstat, makeDirectory } from '../../system/files.ts';
import { requireFetchmail } from '../../system/fetchmail.ts';
import { hostFacts } from '../../system/host.ts';
import { masterProcesses, runningDaemons } from '../../system/master-processes.ts';
import { undoIsLeft } from '../../system/undo.ts';
import { daemonsBelow, endProcesses, gone, signal, waitUntil } from '../../system/processes.ts';
import { applyLocked } from './apply.ts';
import type { ApplyOptions } from '../plan/apply-options.ts';
import { InForceError } from './conclude.ts';
import { withApplyLock } from './apply-lock.ts';
import { requireRspamd } from '../switch/builtin-filter.ts';
import { listenersOf, newListeners, requireFreePorts } from '../status/listeners.ts';
import { loadState, requireValid } from '../state/load-state.ts';
import { placeOf } from '../state/place.ts';
import { putStartFilesBack, startFiles, writeStartFiles } from './sandbox-files.ts';
import { MAIL_OWNER, OUTBOUND, requireEmpty, requireSandbox, requireUsable, sandboxHost } from './sandbox-place.ts';
import { withStateLock } from '../state/state-lock.ts';
import { untilSettled } from '../switch/switch-daemons.ts';

export interface StartOptions extends Omit<ApplyOptions, 'adopt'> {
  /** The state to start from; absent: the one in the sandbox. */
  readonly statePath: string | undefined;
  readonly portOffset: number | undefined;
  readonly listen: string | undefined;
}

/** What a client needs to know of a sandbox (contract section 4). */
export interface SandboxInfo {
  readonly root: string;
  readonly listen: string;
  readonly ports: Readonly<Record<PortName, number>>;
  readonly outbound: string;
}

export interface SandboxStatus extends SandboxInfo {
  /** The essential daemons, and those others that run. */
  readonly running: Readonly<Partial<Record<DaemonName, boolean>>>;
}

const DEFAULT_PORT_OFFSET = 20_000;
const DEFAULT_LISTEN = '127.0.0.1';

/**
 * A private mail server under a directory. Its host.yaml is all that makes it one: everything else is an ordinary apply.
 * Started again, it goes on with its state, its mail and its ports.
 */
export async function startSandbox(root: string, options: StartOptions): Promise<SandboxInfo> {
  if (process.getuid?.() !== 0)
    throw failed('a sandbox must be started as root', 'its daemons change to users of their own: use sudo');
  requireUsable(root);
  const known = await sandboxHost(root);
  if (known === undefined) requireEmpty(root);
  const host: HostFile = {
    version: 1,
    listen: [options.listen ?? known?.listen?.[0] ?? DEFAULT_LISTEN],
    port_offset: options.portOffset ?? known?.port_offset ?? DEFAULT_PORT_OFFSET,
    mail_owner: MAIL_OWNER,
    sandbox: { outbound: OUTBOUND },
    ...(known?.paths === undefined ? {} : { paths: known.paths }),
  };
  const place = placeOf(root, undefined);
  const source = options.statePath ?? place.statePath;
  const { model } = requireValid({ root, statePath: source }, await loadState({ root, statePath: source }));
  await requireStartable(root, { host, known, model });
  makeRoot(root);
  await withApplyLock(place, async (describe) => {
    describe();
    const files = startFiles(root, host, model, source === place.statePath ? undefined : source);
    try {
      await withStateLock(place, async () => writeStartFiles(files));
      await applyLocked(place, { ...options, adopt: true, again: commandOf(root, options) });
    } catch (error) {
      // What is in force by now stays with what it came from.
      if (!(error instanceof InForceError)) {
        await withStateLock(place, async () => putStartFilesBack(files, known !== undefined));
      }
      throw error;
    }
  });
  return infoOf(root, host);
}

function makeRoot(root: string): void {
  makeDirectory(root, 0o755);
  // mktemp -d makes directories that only root can enter, and the daemons are not root.
  chmodSync(root, (lstat(root)?.mode ?? 0) | 0o055);
  makeDirectory(`${root}/${PATHS.etc}`, 0o755);
}

/** What does the same again, but for the state, which is said where commands are shown. */
function commandOf(root: string, { portOffset, listen }: StartOptions): string {
  const offset = portOffset === undefined ? '' : ` --port-offset ${portOffset}`;
  return `eboxmail sandbox start ${root}${offset}${listen === undefined ? '' : ` --listen ${listen}`}`;
}

interface Wanted {
  readonly host: HostFile;
  /** What host.yaml says so far. */
  readonly known: HostFile | undefined;
  readonly model: MailModel;
}

/** Whatever can be refused is refused before anything is made: missing programs, and ports that are taken. */
async function requireStartable(root: string, { host, known, model }: Wanted): Promise<void> {
  const facts = await hostFacts(root, host, new Map());
  if (model.fetch.enabled) await requireFetchmail();
  requireRspamd({ model });
  if (undoIsLeft(`${root}/${PATHS.lib}`)) await untilSettled({ root });
  // What runs has its ports already: those of the last apply, or of a start that was cut off since.
  const listening = [
    readAppliedRecord(`${root}/${PATHS.lib}`)?.listening,
    known && { listen: known.listen ?? [], portOffset: known.port_offset ?? 0 },
  ];
  const ours = listening.flatMap((one) => (one === undefined ? [] : listenersOf(model, { ...facts, ...one })));
  const runs = runningDaemons(root).length > 0;
  await requireFreePorts(
    newListeners(listenersOf(model, facts), runs ? ours : []),
    `choose others: eboxmail sandbox start ${root} --port-offset ${facts.portOffset + 1000}`,
  );
}

function infoOf(root: string, host: HostFile): SandboxInfo {
  return {
    root,
    listen: host.listen?.[0] ?? DEFAULT_LISTEN,
    ports: portsOf(host.port_offset ?? 0),
    outbound: `${root}/${host.sandbox?.outbound ?? OUTBOUND}`,
  };
}

export async function sandboxStatus(root: string): Promise<SandboxStatus> {
  const host = await requireSandbox(root);
  const masters = masterProcesses(root);
  const shown = DAEMONS.filter((name) => isEssential(name) || masters[name] !== undefined);
  const running = Object.fromEntries(shown.map((name) => [name, masters[name] !== undefined]));
  return { ...infoOf(root, host), running };
}

/**
 * Stops the daemons and waits until every process of theirs has ended, by signals: "postfix stop" writes to a log that
 * may hang. The directory stays, with mail and logs.
 */
export async function stopSandbox(root: string): Promise<boolean> {
  await requireSandbox(root);
  if (process.getuid?.() !== 0) throw failed('a sandbox must be stopped as root', 'its daemons run as root: use sudo');
  const masters = masterProcesses(root);
  const alive = Object.values(masters).filter((pid) => pid !== undefined);
  const processes = new Set([...daemonsBelow(root), ...alive]);
  // Masters end those whose masters they are; the others would never hear of it.
  const orphans = DAEMONS.some((name) => isEssential(name) && masters[name] === undefined);
  signal(orphans ? [...processes] : alive, 'SIGTERM');
  // Dovecot leaves open sessions to themselves, and nobody else ends them.
  await waitUntil(() => alive.every(gone), 5_000);
  signal(daemonsBelow(root), 'SIGTERM');
  await endProcesses(() => [...processes, ...daemonsBelow(root)], 5_000);
  return processes.size > 0;
}
