import { needsRedis } from '../daemons.ts';
import type { HostFacts } from '../host-facts.ts';
import type { MailModel } from '../model.ts';
import { FETCH_USER } from './fetchmail/fetchmail.ts';
import { PATHS } from './paths.ts';
import type { RenderedFile } from './rendered-file.ts';
import { RSPAMD_USER } from './rspamd/rspamd-file.ts';

/** A directory that files and daemons need, as it should be. */
export interface WantedDirectory {
  /** Relative to the root, without a leading slash. */
  readonly path: string;
  /** Of one that the keeper of the state makes: the most that it may be. */
  readonly mode: number;
  /** A name, or the number of who may have none; whoever has it when absent. */
  readonly owner?: string | number;
  readonly group?: string | number;
  /**
   * An apply makes it; or what first writes there, as root; or a command, as whoever keeps the state: in a directory of
   * somebody's own it is theirs.
   */
  readonly madeBy: 'apply' | 'root' | 'keeper';
  /** Its owner may do everything there and strangers write nothing; the rest is up to the administrator. */
  readonly isLenient?: boolean;
}

/** What an apply makes is in the order in which it is made; what is within another comes after it. */
export function wantedDirectories(
  model: MailModel,
  facts: HostFacts,
  rendered: readonly RenderedFile[],
): readonly WantedDirectory[] {
  return [
    ...forDaemons(facts),
    ...(model.fetch.enabled ? forFetching() : []),
    ...(model.filter.mode === 'builtin' ? forFilter(model) : []),
    ...forFiles(rendered),
    ...kept(model),
  ];
}

/** Those with our name and what is below them are ours, and where the mail is; the others are the machine's, or the daemons'. */
export function isOwnDirectory({ path }: Pick<WantedDirectory, 'path'>): boolean {
  return path === PATHS.mail || path === PATHS.archive || ownDirectoriesAbove(`${path}/file`).includes(path);
}

/** Of the directories in which a file is, those that are ours. */
export function ownDirectoriesAbove(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1);
  const first = names.findIndex((name) => name.includes('eboxmail'));
  return first === -1 ? [] : names.slice(first).map((_, n) => names.slice(0, first + n + 1).join('/'));
}

function made(path: string, mode: number, owner: string | number = 'root', group = owner): WantedDirectory {
  return { path, mode, owner, group, madeBy: 'apply' };
}

function forDaemons({ root, mailOwner, sandbox }: HostFacts): readonly WantedDirectory[] {
  const vmail = mailOwner.name ?? mailOwner.uid;
  return [
    made(PATHS.postfix, 0o755),
    made(PATHS.accountFiles, 0o750, 'root', 'dovecot'),
    made(PATHS.queue, 0o755),
    made(PATHS.postfixData, 0o755, 'postfix'),
    made(PATHS.dovecotRun, 0o755),
    made(PATHS.dovecotState, 0o755),
    { ...made(PATHS.mail, 0o750, vmail, mailOwner.gid), isLenient: true },
    ...(root === '' ? [] : [made(PATHS.logs, 0o755)]),
    ...(sandbox === undefined
      ? []
      : [made(sandbox.outbound, 0o700, vmail, mailOwner.gid), made(PATHS.localMail, 0o2775, 'root', 'mail')]),
  ];
}

/** The service that fetches mail writes into its own as a user without other rights. */
function forFetching(): readonly WantedDirectory[] {
  return [made(PATHS.fetchState, 0o700, FETCH_USER, 'nogroup'), made(PATHS.fetchLogs, 0o750, FETCH_USER, 'adm')];
}

function forFilter(model: MailModel): readonly WantedDirectory[] {
  return [
    made(PATHS.rspamdRun, 0o755),
    made(PATHS.rspamdData, 0o700, RSPAMD_USER, 'root'),
    ...(needsRedis(model) ? [PATHS.redisRun, PATHS.redisData] : []).map((path) =>
      made(path, 0o700, RSPAMD_USER, 'root'),
    ),
  ];
}

/** Where files of ours are; some are closed to others, and were named before. */
function forFiles(rendered: readonly RenderedFile[]): readonly WantedDirectory[] {
  const paths = new Set(rendered.flatMap(({ path }) => ownDirectoriesAbove(path)));
  paths.delete(PATHS.accountFiles);
  return [...paths].map((path) => made(path, 0o755));
}

const PRIVATE = { mode: 0o700, owner: 'root', group: 'root' } as const;

/** What we keep for ourselves. Each is made when there is something for it. */
function kept({ tls }: MailModel): readonly WantedDirectory[] {
  const records = ['generations', 'contents', 'originals', 'backup', 'undo'].map((name) => `${PATHS.lib}/${name}`);
  const byRoot = [...records, PATHS.archive, PATHS.expire, PATHS.queueUndo, ...(tls === undefined ? [PATHS.tls] : [])];
  return [
    { path: PATHS.lib, ...PRIVATE, madeBy: 'keeper' },
    // Whose the state is, and who else may read and write there, is up to the administrator.
    { path: PATHS.etc, mode: 0o775, madeBy: 'keeper' },
    { path: PATHS.secrets, ...PRIVATE, madeBy: 'keeper' },
    { path: PATHS.cache, ...PRIVATE, madeBy: 'keeper' },
    ...byRoot.map((path): WantedDirectory => ({ path, ...PRIVATE, madeBy: 'root' })),
  ];
}
