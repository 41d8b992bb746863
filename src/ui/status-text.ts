import { LACKS_MAIL } from '../core/plan/directory-changes.ts';
import type { Status } from '../core/status.ts';

interface Line {
  readonly well: boolean;
  readonly text: string;
}

/** The words for each concern. */
const WORDS: { readonly [K in keyof Status]: (found: Status[K]) => readonly Line[] } = {
  daemons: ({ daemons }) =>
    daemons.map(({ name, version, process, wanted, problem }) => {
      const title = version === undefined ? name : `${name} ${version}`;
      if (process === null) return bad(`${title} does not run`);
      if (problem !== undefined) return bad(`${title} runs (process ${process}), but ${problem}`);
      return wanted ? good(`${title} runs (process ${process})`) : bad(`${title} runs, though it should not`);
    }),

  ports: ({ ports }) =>
    ports.map(({ name, host, port, wanted, answers }) => {
      const title = `${name} on ${host}:${port}`;
      if (answers) return wanted ? good(`${title} answers`) : bad(`${title} answers, though it is off`);
      return wanted ? bad(`${title} does not answer`) : good(`${title} is off`);
    }),

  certificate: ({ path, file, served }) => {
    if (file === null) return [bad(`${path} holds no certificate`)];
    const kind = file.selfSigned ? 'self-signed certificate, of which clients warn' : 'certificate';
    const left = file.daysLeft < 0 ? 'it has ended' : `${file.daysLeft} days left`;
    const until = `${kind} until ${file.until.slice(0, 10)}, ${left}: ${path}`;
    const others = served.filter(({ same }) => !same);
    return [
      { well: !file.fewDays, text: until },
      ...(file.forName ? [] : [bad('the certificate is not for the mailname')]),
      ...(others.length === 0 ? [good('every port with TLS shows this certificate')] : []),
      ...others.map(({ name, host, port, problem }) =>
        bad(
          `${name} on ${host}:${port} ${problem === undefined ? 'shows another certificate' : `has no TLS: ${problem}`}`,
        ),
      ),
    ];
  },

  queue: ({ well, messages, queues, problem }) => {
    if (problem !== undefined) return [bad(`the queue cannot be read: ${problem}`)];
    const parts = Object.entries(queues).map(([name, count]) => `${count} ${name}`);
    const detail = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
    return [
      { well, text: `${messages === 1 ? '1 message waits' : `${messages} messages wait`} in the queue${detail}` },
    ];
  },

  pending: ({ changes, files, edited, directories, gone, lackMail, timers, renewedCertificate, empty, problem }) => {
    if (problem !== undefined) return [bad(`apply would fail: ${problem}`)];
    if (empty) return [good('nothing to apply: what is installed is what the state says')];
    return [
      ...changes.map((text) => bad(`not applied yet: ${text}`)),
      ...(renewedCertificate === null ? [] : [bad(`not applied yet: the new certificate in ${renewedCertificate}`)]),
      ...edited.map((path) => bad(`edited by hand: ${path}`)),
      ...files.filter((path) => !edited.includes(path)).map((path) => bad(`apply would write ${path}`)),
      ...directories.map((path) => bad(`owner or mode is not as apply sets it: ${path}`)),
      ...gone.map((path) => bad(`${path} is not there`)),
      ...timers.map((name) => bad(`apply would start ${name}`)),
      ...lackMail.map((path) => bad(`${path}: ${LACKS_MAIL}`)),
      ...([changes, files, directories, gone, timers].every(({ length }) => length === 0) && renewedCertificate === null
        ? [bad('apply has to start, restart or reload a daemon')]
        : []),
    ];
  },

  expiry: ({ removes, by, last, problem, well }) => {
    if (removes === 'nothing') return [good('no mail expires')];
    const way = { systemd: 'by a systemd timer', cron: 'by cron', none: 'only by hand, as a sandbox has no timer' }[by];
    const trouble = problem === undefined ? '' : `: ${problem}`;
    return [{ well, text: `what expires: ${removes}, removed ${way}${trouble}` }, ...lastRun(last)];
  },

  fetching: ({ accounts }) => fetchingLines(accounts),
  filter: ({ mode, parts }) => {
    if (mode === 'none') return [good('mail passes through no filter')];
    return parts.map(({ name, at, answers }) =>
      answers ? good(`${name} answers at ${at}`) : bad(`${name} does not answer at ${at}`),
    );
  },
};

function fetchingLines(accounts: Status['fetching']['accounts']): readonly Line[] {
  const asked = accounts.filter(({ state }) => state !== 'off' && state !== 'sandbox');
  if (asked.length === 0) return [good('no mail is fetched from elsewhere')];
  const count = asked.length === 1 ? '1 account' : `${asked.length} accounts`;
  if (asked.some(({ state }) => state === 'stopped')) return [bad(`mail of ${count} elsewhere is not fetched`)];
  const troubled = asked.filter(({ state }) => state === 'trouble');
  return [
    good(`mail of ${count} elsewhere is fetched, ${troubled.length} with trouble`),
    ...troubled.map(({ user, address, lastSuccess, lastError }) =>
      good(`${address} for ${user}: ${lastError?.text ?? 'trouble'}; well last: ${lastSuccess ?? 'never'}`),
    ),
  ];
}

function lastRun(last: Status['expiry']['last']): readonly Line[] {
  if (last === null) return [good('expire has not run yet')];
  const removed = Object.entries(last.removed).map(([folder, count]) => `${count} from ${folder}`);
  const what =
    removed.length === 0
      ? 'nothing was due'
      : `${removed.join(' and ')} of ${last.users === 1 ? '1 user' : `${last.users} users`}`;
  return [
    { well: last.errors.length === 0, text: `expire ran last at ${last.time}: ${what}` },
    ...last.errors.map(({ user, folder, message }) =>
      bad(`expire failed${user === '' ? '' : ` for ${user}`}, ${folder}: ${message}`),
    ),
  ];
}

function good(text: string): Line {
  return { well: true, text };
}

function bad(text: string): Line {
  return { well: false, text };
}

/** A line for each finding; those that are not well begin with `!!`. */
export function statusLines(status: Status): readonly Line[] {
  const all = Object.entries(WORDS) as readonly (readonly [keyof Status, (found: never) => readonly Line[]])[];
  return all.flatMap(([name, words]) => words(status[name] as never));
}
