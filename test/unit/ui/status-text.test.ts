import { expect, it } from 'vitest';
import { allIsWell, type Status } from '../../../src/core/status.ts';
import { statusLines } from '../../../src/ui/status-text.ts';

const RUN_TIME = '2026-01-01T03:17:00.000Z';

const WELL: Status = {
  daemons: { well: true, daemons: [] },
  ports: { well: true, ports: [] },
  certificate: {
    well: true,
    path: '/c.pem',
    file: {
      fingerprint: 'AA',
      until: '2027-01-02T03:04:05.000Z',
      daysLeft: 60,
      fewDays: false,
      selfSigned: false,
      forName: true,
    },
    served: [],
  },
  queue: { well: true, messages: 0, queues: {} },
  pending: {
    well: true,
    changes: [],
    files: [],
    edited: [],
    directories: [],
    gone: [],
    lackMail: [],
    timers: [],
    renewedCertificate: null,
    empty: true,
  },
  expiry: { well: true, removes: 'nothing', by: 'systemd', last: null },
  fetching: { well: true, accounts: [] },
  filter: { well: true, mode: 'none', parts: [] },
};

const ACCOUNT = {
  user: 'a@b.c',
  address: 'a@isp.example',
  state: 'ok',
  lastRun: RUN_TIME,
  lastSuccess: RUN_TIME,
  lastError: null,
  fetched: 3,
} as const;

const RUN = { time: RUN_TIME, removed: {}, users: 0, errors: [] };

it('says in a line what is well', () => {
  expect(allIsWell(WELL)).toBe(true);
  expect(statusLines(WELL)).toEqual([
    { well: true, text: 'certificate until 2027-01-02, 60 days left: /c.pem' },
    { well: true, text: 'every port with TLS shows this certificate' },
    { well: true, text: '0 messages wait in the queue' },
    { well: true, text: 'nothing to apply: what is installed is what the state says' },
    { well: true, text: 'no mail expires' },
    { well: true, text: 'no mail is fetched from elsewhere' },
    { well: true, text: 'mail passes through no filter' },
  ]);
});

it.each<[string, Partial<Status>, string]>([
  [
    'a directory that others may write in',
    { pending: { ...WELL.pending, well: false, directories: ['/etc/d'], empty: false } },
    'owner or mode is not as apply sets it: /etc/d',
  ],
  [
    'a directory that has gone',
    { pending: { ...WELL.pending, well: false, gone: ['/var/vmail'], empty: false } },
    '/var/vmail is not there',
  ],
  [
    'a timer that somebody has stopped',
    { pending: { ...WELL.pending, well: false, timers: ['t.timer'], empty: false } },
    'apply would start t.timer',
  ],
  [
    'a directory without the mail that should be there',
    { pending: { ...WELL.pending, well: false, directories: ['/m'], lackMail: ['/m'], empty: false } },
    '/m: no mailbox is there; if a file system belongs there, mount it before you apply',
  ],
  ['no certificate', { certificate: { ...WELL.certificate, well: false, file: null } }, '/c.pem holds no certificate'],
  [
    'a port without TLS',
    {
      certificate: {
        ...WELL.certificate,
        well: false,
        served: [{ name: 'imaps', host: '::1', port: 993, same: false, problem: 'it closes the connection' }],
      },
    },
    'imaps on ::1:993 has no TLS: it closes the connection',
  ],
  [
    'a queue that cannot be read',
    { queue: { ...WELL.queue, well: false, problem: 'why' } },
    'the queue cannot be read: why',
  ],
  [
    'a daemon that should not run',
    { daemons: { well: false, daemons: [{ name: 'postfix', process: 5, wanted: false }] } },
    'postfix runs, though it should not',
  ],
  [
    'a timer that was stopped',
    { expiry: { well: false, removes: 'x', by: 'systemd', last: RUN, problem: 'its timer is inactive' } },
    'what expires: x, removed by a systemd timer: its timer is inactive',
  ],
  [
    'fetching that stands still',
    { fetching: { well: false, accounts: [{ ...ACCOUNT, state: 'stopped' }] } },
    'mail of 1 account elsewhere is not fetched',
  ],
  [
    'a filter that is down',
    { filter: { well: false, mode: 'builtin', parts: [{ name: 'rspamd', at: '/run/x', answers: false }] } },
    'rspamd does not answer at /run/x',
  ],
])('%s is not well', (_, part, text) => {
  const status = { ...WELL, ...part };
  expect(allIsWell(status)).toBe(false);
  expect(statusLines(status)).toContainEqual({ well: false, text });
});

it('tells of accounts elsewhere that have trouble, which is no fault of the server', () => {
  const trouble = {
    ...ACCOUNT,
    state: 'trouble',
    lastSuccess: null,
    lastError: { time: RUN_TIME, text: 'why' },
  } as const;
  const status: Status = { ...WELL, fetching: { well: true, accounts: [ACCOUNT, trouble] } };
  expect(allIsWell(status)).toBe(true);
  expect(statusLines(status).slice(-3, -1)).toEqual([
    { well: true, text: 'mail of 2 accounts elsewhere is fetched, 1 with trouble' },
    { well: true, text: 'a@isp.example for a@b.c: why; well last: never' },
  ]);
});
