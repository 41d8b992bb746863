import { DAEMONS, forEachDaemon } from '../../../src/core/daemons.ts';
import { describe, expect, it } from 'vitest';
import {
  isEmpty,
  makePlan,
  type AppliedFile,
  type InstalledFile,
  type Plan,
  type PlanInput,
} from '../../../src/core/plan/plan.ts';
import { HEADER, type RenderedFile } from '../../../src/core/render/rendered-file.ts';

const MAIN_CF = 'etc/postfix/main.cf';
const MASTER_CF = 'etc/postfix/master.cf';
const running = forEachDaemon(() => true);

function file(path: string, content: string, more: Partial<RenderedFile> = {}): RenderedFile {
  return { path, reason: 'a test', content, mode: 0o644, owner: 'root', group: 'root', onChange: 'nothing', ...more };
}

/** Stands for a SHA-256: the text itself tells texts apart as well. */
function there(content: string, more: Partial<InstalledFile> = {}): InstalledFile {
  return { content, sha256: content, mode: 0o644, owner: 'root', group: 'root', indexSha256: undefined, ...more };
}

interface Situation {
  readonly rendered?: readonly RenderedFile[];
  readonly installed?: Readonly<Record<string, InstalledFile>>;
  readonly applied?: Readonly<Record<string, string | AppliedFile>>;
  readonly running?: Partial<PlanInput['running']>;
  readonly wanted?: PlanInput['wanted'];
  readonly directories?: PlanInput['directories'];
  readonly timers?: PlanInput['timers'];
  readonly cutOff?: PlanInput['cutOff'];
}

function plan(situation: Situation): Plan {
  const applied = Object.entries(situation.applied ?? {}).map(([path, last]) => {
    return [path, typeof last === 'string' ? { sha256: last, indexSha256: undefined } : last] as const;
  });
  return makePlan({
    changes: [],
    rendered: situation.rendered ?? [],
    installed: new Map(Object.entries(situation.installed ?? {})),
    applied: new Map(applied),
    running: { ...running, ...situation.running },
    wanted: situation.wanted ?? new Set(DAEMONS),
    directories: situation.directories ?? [],
    timers: situation.timers ?? [],
    cutOff: situation.cutOff ?? new Set(),
  });
}

const brief = ({ files }: Plan): string[] => files.map(({ path, change, present }) => `${path}: ${change}, ${present}`);

describe('files', () => {
  const x = file('x', 'new\n');
  const indexed = file('x', 'new\n', { index: { builder: 'postmap', type: 'cdb' } });
  const owned = file('x', 'postmaster: a\n', { ownsLine: { begins: 'postmaster:' } });

  it.each<[string, Situation, string[]]>([
    ['none', {}, []],
    ['not there', { rendered: [x] }, ['x: new, nothing']],
    ['gone since the last apply', { rendered: [x], applied: { x: 'new\n' } }, ['x: new, nothing']],
    ['as it should be', { rendered: [x], installed: { x: there('new\n') }, applied: { x: 'new\n' } }, []],
    ['as it should be, though never applied', { rendered: [x], installed: { x: there('new\n') } }, []],
    [
      'another state',
      { rendered: [x], installed: { x: there('old\n') }, applied: { x: 'old\n' } },
      ['x: changed, ours'],
    ],
    [
      'edited by hand',
      { rendered: [x], installed: { x: there('hand\n') }, applied: { x: 'old\n' } },
      ['x: changed, edited'],
    ],
    [
      'edited by hand to what it should be',
      { rendered: [x], installed: { x: there('new\n') }, applied: { x: 'old\n' } },
      ['x: changed, ours'],
    ],
    ['of somebody else', { rendered: [x], installed: { x: there('foreign\n') } }, ['x: changed, foreign']],
    [
      'ours, but the record is lost',
      { rendered: [x], installed: { x: there(`${HEADER}\nold\n`) } },
      ['x: changed, edited'],
    ],
    [
      'another mode',
      { rendered: [x], installed: { x: there('new\n', { mode: 0o600 }) }, applied: { x: 'new\n' } },
      ['x: permissions, ours'],
    ],
    ['another owner', { rendered: [x], installed: { x: there('new\n', { owner: 'mail' }) } }, ['x: permissions, ours']],
    ['another group', { rendered: [x], installed: { x: there('new\n', { group: 'mail' }) } }, ['x: permissions, ours']],
    [
      'a new text counts more than a mode',
      { rendered: [x], installed: { x: there('old\n', { mode: 0o600 }) }, applied: { x: 'old\n' } },
      ['x: changed, ours'],
    ],
    [
      'without its index',
      { rendered: [indexed], installed: { x: there('new\n') }, applied: { x: { sha256: 'new\n', indexSha256: 'i' } } },
      ['x: index, ours'],
    ],
    [
      'with another index',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'j' }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i' } },
      },
      ['x: index, ours'],
    ],
    [
      'with an index that nobody knows',
      { rendered: [indexed], installed: { x: there('new\n', { indexSha256: 'i' }) } },
      ['x: index, ours'],
    ],
    [
      'with an index of another owner',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'i', indexOwner: 'nobody' }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i' } },
      },
      ['x: index, ours'],
    ],
    [
      'with an index of its own owner',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'i', indexOwner: 'root' }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i' } },
      },
      [],
    ],
    [
      'with its index',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'i' }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i' } },
      },
      [],
    ],
    [
      'with an index that others may write',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'i', indexMode: 0o666 }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i', indexMode: 0o644 } },
      },
      ['x: index, ours'],
    ],
    [
      'with an index of which an earlier version has not written down the mode',
      {
        rendered: [indexed],
        installed: { x: there('new\n', { indexSha256: 'i', indexMode: 0o666 }) },
        applied: { x: { sha256: 'new\n', indexSha256: 'i' } },
      },
      [],
    ],
    ['wanted no more', { installed: { x: there('old\n') }, applied: { x: 'old\n' } }, ['x: removed, ours']],
    ['wanted no more, edited', { installed: { x: there('hand\n') }, applied: { x: 'old\n' } }, ['x: removed, edited']],
    ['wanted no more, gone already', { applied: { x: 'old\n' } }, []],
    ['never ours and not wanted', { installed: { x: there('foreign\n') } }, []],
    ['of which one line is ours', { rendered: [owned], installed: { x: there('root: b\n') } }, ['x: changed, ours']],
    ['of which our line is right', { rendered: [owned], installed: { x: there('root: b\npostmaster: a\n') } }, []],
    [
      'of which others changed their lines',
      {
        rendered: [owned],
        installed: { x: there('root: c\npostmaster: a\n') },
        applied: { x: 'root: b\npostmaster: a\n' },
      },
      [],
    ],
  ])('%s', (_, situation, expected) => expect(brief(plan(situation))).toEqual(expected));

  it('keep the lines of others', () => {
    const [change] = plan({ rendered: [owned], installed: { x: there('root: b\npostmaster: z\n') } }).files;
    expect(change).toMatchObject({ before: 'root: b\npostmaster: z\n', after: 'root: b\npostmaster: a\n' });
  });

  it('come in the order in which they are put in place, removals last', () => {
    const rendered = [file('c', '1'), file('a', '1'), file('b', '1')];
    const changes = plan({ rendered, installed: { '0': there('x') }, applied: { '0': 'x' } });
    expect(changes.files.map(({ path }) => path)).toEqual(['c', 'a', 'b', '0']);
  });
});

describe('daemons', () => {
  const mainCf = (settings: string) => file(MAIN_CF, settings, { onChange: 'reload-postfix' });
  const movedPort = (old: string, now: string): Situation => ({
    rendered: [file(MASTER_CF, now, { onChange: 'reload-postfix' })],
    installed: { [MASTER_CF]: there(old) },
    applied: { [MASTER_CF]: old },
  });
  const table = file('t', 'new', { onChange: 'reload-postfix' });
  const users = file('u', 'new');
  const conf = file('d', 'new', { onChange: 'reload-dovecot' });
  const before = (settings: string): Situation => ({
    installed: { [MAIN_CF]: there(settings) },
    applied: { [MAIN_CF]: settings },
  });

  it.each<[string, Situation, string, string]>([
    ['nothing to do', {}, 'nothing', 'nothing'],
    ['running and not wanted', { wanted: new Set(['dovecot']) }, 'stop', 'nothing'],
    [
      'not running and not wanted',
      { wanted: new Set(['dovecot']), running: { postfix: false, dovecot: true } },
      'nothing',
      'nothing',
    ],
    ['not running', { running: { postfix: false, dovecot: false } }, 'start', 'start'],
    ['one of them not running', { rendered: [conf], running: { postfix: false, dovecot: true } }, 'start', 'reload'],
    ['accounts alone', { rendered: [users] }, 'nothing', 'nothing'],
    ['a list of domains', { rendered: [table] }, 'reload', 'nothing'],
    ["Dovecot's settings", { rendered: [conf] }, 'nothing', 'reload'],
    ['both', { rendered: [table, conf] }, 'reload', 'reload'],
    ['what runs itself', { rendered: [conf, file('p', 'new', { onChange: 'restart-dovecot' })] }, 'nothing', 'restart'],
    ['permissions', { rendered: [conf], installed: { d: there('new', { mode: 0 }) } }, 'nothing', 'reload'],
    ['a setting that is taken up', { rendered: [mainCf('a = 2\n')], ...before('a = 1\n') }, 'reload', 'nothing'],
    [
      'other addresses',
      { rendered: [mainCf('inet_interfaces = 192.0.2.1\n')], ...before('inet_interfaces = all\n') },
      'restart',
      'nothing',
    ],
    [
      'other protocols',
      { rendered: [mainCf('inet_protocols = all\n')], ...before('inet_protocols = ipv4\n') },
      'restart',
      'nothing',
    ],
    [
      'another queue',
      { rendered: [mainCf('queue_directory = /b\n')], ...before('queue_directory = /a\n') },
      'restart',
      'nothing',
    ],
    [
      'the same addresses',
      { rendered: [mainCf('inet_interfaces = all\nb = 1\n')], ...before('inet_interfaces = all\n') },
      'reload',
      'nothing',
    ],
    [
      'a port that moves to all addresses',
      movedPort('127.0.0.1:25 inet n smtpd\n', '0.0.0.0:25 inet n smtpd\n'),
      'restart',
      'nothing',
    ],
    [
      'another port at another address',
      movedPort('127.0.0.1:25 inet n smtpd\n', '127.0.0.1:25 inet n smtpd\n[::1]:26 inet n smtpd\n'),
      'reload',
      'nothing',
    ],
    ['a lost socket of Dovecot', { cutOff: new Set(['dovecot']) }, 'nothing', 'restart'],
    ['a first main.cf', { rendered: [mainCf('inet_interfaces = all\n')] }, 'restart', 'nothing'],
    [
      'a comment about it',
      { rendered: [mainCf('# inet_interfaces = x\n')], ...before('# inet_interfaces = y\n') },
      'reload',
      'nothing',
    ],
  ])('%s', (_, situation, postfix, dovecot) => expect(plan(situation).daemons).toMatchObject({ postfix, dovecot }));
});

const OPENED = {
  path: 'd',
  before: { mode: 0o777, owner: 'root', group: 'root' },
  after: { mode: 0o755, owner: 'root', group: 'root' },
};

it('no daemon hears of a directory', () => {
  expect(DAEMONS.every((name) => plan({ directories: [OPENED] }).daemons[name] === 'nothing')).toBe(true);
});

describe('a plan is empty', () => {
  it.each<[string, Situation, boolean]>([
    ['when nothing is to do', {}, true],
    ['not when a file changes', { rendered: [file('x', '1')] }, false],
    ['not when a directory is not as it should be', { directories: [OPENED] }, false],
    ['not when a timer must start', { timers: [{ name: 't.timer', state: 'inactive' }] }, false],
    ['not when a daemon must start', { running: { postfix: true, dovecot: false } }, false],
  ])('%s', (_, situation, empty) => expect(isEmpty(plan(situation))).toBe(empty));
});
