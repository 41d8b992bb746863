import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  drain,
  imapLogin,
  PASSWORD,
  PASSWORD_HASH,
  sendAs,
  sendAsStranger,
  copies,
  outbound,
} from '../support/mail.ts';
import { freePortOffset } from '../support/ports.ts';
import { runCli } from '../support/run-cli.ts';
import { finishSandbox, startSandbox, type Sandbox } from '../support/sandbox.ts';
import { makeTempDir, type TempDirectory } from '../support/temp.ts';
import { CTRL_C, ENTER, onTerminal, type Dialogue, type Seen } from '../support/terminal.ts';

const run = promisify(execFile);

/** From nothing to delivered mail, by nothing but what is asked. */
let directory: TempDirectory;
let root: string;
let sandbox: Sandbox | undefined;

beforeAll(async () => {
  directory = await makeTempDir();
  root = join(directory.path, 'sb');
});

afterAll(async () => {
  try {
    if (sandbox !== undefined) await finishSandbox(root, []);
  } finally {
    await directory.remove();
  }
});

const started = (): Sandbox => {
  if (sandbox === undefined) throw new Error('the sandbox has not started');
  return sandbox;
};

async function certificateFor(name: string): Promise<string> {
  const live = join(root, 'etc/letsencrypt/live', name);
  await mkdir(live, { recursive: true });
  const files = ['-keyout', join(live, 'privkey.pem'), '-out', join(live, 'fullchain.pem')];
  const what = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '90'];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...what]);
  return join(live, 'fullchain.pem');
}

const onScreen = (steps: Dialogue['steps']): Promise<Seen> =>
  onTerminal({ args: ['--root', root, 'setup'], steps, timeout: 45_000 });

describe('a new directory', () => {
  it('gets a state by options, starts as a sandbox, and takes mail', async () => {
    const made = await runCli({
      args: [
        ...['--root', root, 'setup', '--yes', '--mailname', 'mx.example.test', '--domain', 'a.test', '--user', 'alice'],
        ...['--password-hash', PASSWORD_HASH],
      ],
    });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stderr).toContain(`start it as a sandbox: eboxmail sandbox start ${root}`);
    sandbox = await startSandbox(root, { offset: await freePortOffset() });
    const token = await sendAsStranger(started(), 'alice@a.test');
    expect(await copies(started(), token, ['alice@a.test'])).toEqual({ 'alice@a.test': 1 });
    expect(await imapLogin(started(), 'alice@a.test')).toBe(true);
  });
});

describe('a server without a state, on a terminal', () => {
  const ANSWERS: Dialogue['steps'] = [
    ['Name of the server:', `mx.example.test${ENTER}`],
    ['First mail domain: (example.test)', `b.test${ENTER}`],
    ['Address of the first user:', `bob${ENTER}`],
    ['Name of bob@b.test:', `Bob${ENTER}`],
    ['New password for bob@b.test:', PASSWORD + ENTER],
    ['The same again:', PASSWORD + ENTER],
    [/Certificate:[\s\S]*fullchain\.pem/, ENTER],
    ['Services:', ENTER],
    ['Mail to the outside:', ENTER],
    ['Networks that may relay', ENTER],
  ];

  it('shows the plan, and is as it was after Ctrl-C', async () => {
    expect(await runCli({ args: ['sandbox', 'stop', root] })).toMatchObject({ code: 0 });
    await rm(join(root, 'etc/eboxmail/state.yaml'));
    await certificateFor('mx.example.test');
    const before = await run('find', [root, '-newermt', '1970-01-01', '-printf', '%p %T@\n']);
    const { code, screen } = await onScreen([...ANSWERS, ['Go on?', CTRL_C]]);
    expect(code, screen).toBe(130);
    expect(screen).toContain('+ user bob@b.test');
    expect((await run('find', [root, '-newermt', '1970-01-01', '-printf', '%p %T@\n'])).stdout).toBe(before.stdout);
  });

  it('applies when that is agreed to, and takes mail', async () => {
    const { code, screen } = await onScreen([...ANSWERS, [/Go on\?[\s\S]*write the state file and apply it/, ENTER]]);
    expect(code, screen).toBe(0);
    expect(screen).toMatch(/wrote \S+state\.yaml[\s\S]*done/);
    expect(screen).not.toContain(PASSWORD);
    const text = await readFile(join(root, 'etc/eboxmail/state.yaml'), 'utf8');
    expect(text).toContain(`certificate: ${root}/etc/letsencrypt/live/mx.example.test/fullchain.pem`);
    const token = await sendAsStranger(started(), 'bob@b.test');
    expect(await copies(started(), token, ['bob@b.test'])).toEqual({ 'bob@b.test': 1 });
    const sent = await sendAs(started(), 'bob@b.test', 'friend@far.test');
    await drain(started());
    expect((await outbound(started(), sent)).map(({ to }) => to)).toEqual(['friend@far.test']);
    const again = await runCli({ args: ['--root', root, 'apply'] });
    expect(again.stderr).toContain('nothing to do');
  });

  it('does a batch and an import, which are in force at once', async () => {
    const input =
      'domain add c.test\nuser add carol@c.test --password-hash ' +
      `'${PASSWORD_HASH}'\nalias add info@b.test bob@b.test\n`;
    await started().ok(['batch', '--apply'], { input });
    const csv = `address,password_hash,aliases\ndora@c.test,"${PASSWORD_HASH}",d@b.test\n`;
    await writeFile(join(directory.path, 'users.csv'), csv, { mode: 0o600 });
    await started().ok(['user', 'import', join(directory.path, 'users.csv'), '--apply']);
    const token = await sendAsStranger(started(), ['carol@c.test', 'info@b.test', 'd@b.test']);
    const accounts = ['bob@b.test', 'carol@c.test', 'dora@c.test'];
    expect(await copies(started(), token, accounts)).toEqual({ 'bob@b.test': 1, 'carol@c.test': 1, 'dora@c.test': 1 });
    expect(await imapLogin(started(), 'dora@c.test')).toBe(true);
  });
});
