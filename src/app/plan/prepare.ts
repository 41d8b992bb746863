import { forEachDaemon, wantedDaemons } from '../../core/daemons.ts';
import type { HostFile } from '../../core/generated/host-types.ts';
import type { HostFacts } from '../../core/host-facts.ts';
import type { JsonObject } from '../../core/json.ts';
import type { MailModel } from '../../core/model.ts';
import { makePlan, type InstalledFile, type Plan } from '../../core/plan/plan.ts';
import { describeChanges } from '../../core/plan/state-words.ts';
import type { LocatedProblem } from '../../core/problem.ts';
import { wantedDirectories, type WantedDirectory } from '../../core/render/directories.ts';
import { PATHS } from '../../core/render/paths.ts';
import { render } from '../../core/render/render.ts';
import type { RenderedFile } from '../../core/render/rendered-file.ts';
import { readAppliedRecord, type AppliedRecord } from '../../system/applied-record.ts';
import { readContent } from '../../system/generations.ts';
import { hostFacts } from '../../system/host.ts';
import { readInstalled } from '../../system/installed.ts';
import { masterProcesses } from '../../system/master-processes.ts';
import { idleTimers } from './idle-timers.ts';
import { lookAtCertificate, type CertificateFacts } from './certificate.ts';
import { directoriesToPutRight } from './directories.ts';
import { isDovecotConfInForce, lostSockets } from './in-force.ts';
import { loadState, requireValid } from '../state/load-state.ts';
import { planMailboxes, type MailboxPlan } from '../mailboxes/mailbox-plan.ts';
import type { Place } from '../state/place.ts';
import { readHost } from '../state/read-host.ts';
import { readSecrets } from '../state/secrets.ts';

/** Everything that plan and apply agree on: they are one function up to here. */
export interface Prepared {
  readonly host: HostFile;
  readonly facts: HostFacts;
  readonly model: MailModel;
  readonly state: JsonObject;
  /** The text of the state file. */
  readonly text: string;
  /** Of that text. */
  readonly textSha256: string;
  readonly warnings: readonly LocatedProblem[];
  readonly rendered: readonly RenderedFile[];
  /** Those that files and daemons need, not only ours. */
  readonly directories: readonly WantedDirectory[];
  /** What is at the managed paths, by path. */
  readonly installed: ReadonlyMap<string, InstalledFile>;
  readonly applied: AppliedRecord | undefined;
  readonly certificate: CertificateFacts;
  readonly plan: Plan;
  readonly mailboxes: MailboxPlan;
}

/**
 * Reads state and machine, renders, and compares with what is there. Writes nothing.
 * @param mayRemember but for what the next command need not find out again
 */
export async function prepare(place: Place, mayRemember = false): Promise<Prepared> {
  const loaded = await loadState(place, { positions: true, mayRemember });
  const { model, directory } = requireValid(place, loaded);
  const host = await readHost(place.root, mayRemember);
  const applied = readAppliedRecord(`${place.root}/${PATHS.lib}`);
  const mailboxes = planMailboxes(place, applied, loaded.data, { model, directory });
  const machine = await hostFacts(place.root, host, readSecrets(place, model), mayRemember);
  const facts = { ...machine, former: mailboxes.former };
  const certificate = lookAtCertificate(model, facts, applied?.certificate);
  const rendered = render(model, directory, facts);
  const directories = wantedDirectories(model, facts, rendered);
  const installed = installedFiles(place.root, rendered, applied);
  const masters = masterProcesses(place.root);
  const dovecotConf = installed.get(PATHS.dovecotConf)?.content ?? '';
  const plan = makePlan({
    changes: [...describeChanges(applied?.state ?? {}, loaded.data), ...mailboxes.changes],
    rendered,
    installed,
    written: writtenFiles(place.root, installed, applied),
    applied: applied?.files ?? new Map(),
    directories: directoriesToPutRight(place.root, directories, applied),
    timers: await idleTimers(facts, rendered, applied),
    running: forEachDaemon((name) => masters[name] !== undefined),
    stale: new Set(masters.dovecot === undefined || isDovecotConfInForce(facts, dovecotConf) ? [] : ['dovecot']),
    cutOff: new Set(masters.dovecot !== undefined && lostSockets(facts, dovecotConf).length > 0 ? ['dovecot'] : []),
    wanted: wantedDaemons(model),
    renewedCertificate: certificate.renewed,
    unfinished: applied?.unfinished,
    mailboxes,
  });
  const warnings = [...loaded.problems, ...certificate.warnings];
  return {
    host,
    facts,
    model,
    state: loaded.data,
    text: loaded.text,
    textSha256: loaded.sha256,
    warnings,
    rendered,
    directories,
    installed,
    applied,
    certificate,
    plan,
    mailboxes,
  };
}

function installedFiles(
  root: string,
  rendered: readonly RenderedFile[],
  applied: AppliedRecord | undefined,
): ReadonlyMap<string, InstalledFile> {
  const wanted = new Map(rendered.map((file) => [file.path, file]));
  const paths = new Set([...wanted.keys(), ...(applied?.files.keys() ?? [])]);
  const installed = new Map<string, InstalledFile>();
  for (const path of paths) {
    const found = readInstalled(`${root}/${path}`, wanted.get(path));
    if (found !== undefined) installed.set(path, found);
  }
  return installed;
}

/** What the last apply wrote where something else is now: the history has it. */
function writtenFiles(
  root: string,
  installed: ReadonlyMap<string, InstalledFile>,
  applied: AppliedRecord | undefined,
): ReadonlyMap<string, string> {
  const written = new Map<string, string>();
  for (const [path, found] of installed) {
    const last = applied?.files.get(path);
    if (last === undefined || last.sha256 === found.sha256) continue;
    const content = readContent(`${root}/${PATHS.lib}`, last.sha256);
    if (content !== undefined) written.set(path, content);
  }
  return written;
}
