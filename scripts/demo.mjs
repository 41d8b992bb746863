// npm run demo: a private mail server from examples/state.yaml that really carries mail, step by step, on this machine only.
//   npm run demo -- --keep    leaves it running and says how to look around
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIENT_PACKAGES, ensureBuilt, ensureDebianPackages, ensureNpmPackages, MAIL_PACKAGES } from './machine.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EBOXMAIL = join(ROOT, 'bin/eboxmail.js');

/** The public passwords of the sample state. */
const PASSWORDS = { 'alice@example.com': 'looking-glass', 'bob@example.org': 'can we fix it?' };

class DemoFailed extends Error {}

const keep = process.argv.includes('--keep');
let dir;

async function demo() {
  ensureDebianPackages([...MAIL_PACKAGES, ...CLIENT_PACKAGES]);
  ensureNpmPackages();
  ensureBuilt();
  dir = mkdtempSync('/tmp/eboxmail-demo-');
  chmodSync(dir, 0o711); // the daemons have to get through
  const sandbox = join(dir, 'mail');
  // Clients read the passwords from files: on a command line everybody on the machine could.
  for (const [user, password] of Object.entries(PASSWORDS)) {
    secret(`${user}.swaks`, `auth-user ${user}\nauth-password ${password}\n`);
    secret(`${user}.curl`, `user = ${JSON.stringify(`${user}:${password}`)}\n`);
  }
  const offset = await freeOffset();

  title('Start a private mail server from the sample state (two domains, two people)');
  eboxmail('sandbox', 'start', sandbox, '--state', join(ROOT, 'examples/state.yaml'), '--port-offset', String(offset));
  const port = (standard) => String(standard + offset);
  const submission = ['--server', '127.0.0.1', '--port', port(587), '--tls', '--auth', 'PLAIN'];
  const stranger = ['--server', '127.0.0.1', '--port', port(25), '--from', 'stranger@elsewhere.example'];
  const as = (user) => ['--config', join(dir, `${user}.swaks`), '--from', user];

  title('Alice logs in over TLS on the submission port and writes to Bob, who is in the other domain');
  const text = ['--header', 'Subject: Tea at six?', '--body', 'Bring the hatter.'];
  expect(
    swaks([...submission, ...as('alice@example.com'), '--to', 'bob@example.org', ...text]),
    /^<~  235 .*\n[\s\S]*^<~  250 .*queued/m,
  );

  title('Bob reads it over IMAPS; the certificate is verified');
  await arrives(() => expect(readInbox(sandbox, port(993), 'bob@example.org'), /Bring the hatter/));

  title('A stranger may write to people here, but not to somebody who does not exist');
  expect(swaks([...stranger, '--to', 'info@example.net']), /^<-  250 .*queued/m);
  expect(swaks([...stranger, '--to', 'nobody@example.com']), /^<\*\* 550 5\.1\.1/m);

  title('A stranger may not use this server to write to others');
  expect(swaks([...stranger, '--to', 'victim@elsewhere.example']), /^<\*\* 554 5\.7\.1 .*Relay access denied/m);

  title("Nobody sends under somebody else's name, and an alias cannot log in");
  expect(
    swaks([
      ...submission,
      '--config',
      join(dir, 'alice@example.com.swaks'),
      '--from',
      'bob@example.org',
      '--to',
      'bob@example.org',
    ]),
    /553 5\.7\.1/,
  );
  secret('alias.swaks', `auth-user info@example.com\nauth-password ${PASSWORDS['alice@example.com']}\n`);
  expect(
    swaks([
      ...submission,
      '--config',
      join(dir, 'alias.swaks'),
      '--from',
      'info@example.com',
      '--to',
      'bob@example.org',
    ]),
    /535 5\.7\.8/,
  );

  title('Mail to the outside is caught: nothing leaves this machine');
  expect(
    swaks([...submission, ...as('alice@example.com'), '--to', 'friend@far.example', '--body', 'Wish you were here']),
    /^<~  250 .*queued/m,
  );
  await arrives(() => expect(outbound(sandbox), /Delivered-To: friend@far\.example/));

  title('Change the state, see what follows, and apply it: a new user, usable at once');
  eboxmail('--root', sandbox, 'user', 'add', 'carol@example.com', '--name', 'Carol', '--generate-password', '--quiet');
  eboxmail('--root', sandbox, 'plan');
  eboxmail('--root', sandbox, 'apply');
  expect(swaks([...stranger, '--to', 'carol@example.com']), /^<-  250 .*queued/m);

  if (keep) {
    console.log(`\nIt goes on running. Look around:
  bin/eboxmail.js --root ${sandbox} user list
  bin/eboxmail.js sandbox status ${sandbox}
  less ${sandbox}/var/log/mail.log
  curl --config ${join(dir, 'bob@example.org.curl')} --insecure imaps://127.0.0.1:${port(993)}/INBOX
Stop it:
  bin/eboxmail.js sandbox stop ${sandbox} && rm -r ${dir}`);
  }
  console.log('\nThe demo worked.');
}

function title(text) {
  console.log(`\n== ${text}`);
}

function secret(name, content) {
  writeFileSync(join(dir, name), content, { mode: 0o600 });
}

function shown(args) {
  return args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ');
}

function eboxmail(...args) {
  console.log(`$ bin/eboxmail.js ${shown(args)}`);
  const { status } = spawnSync(process.execPath, [EBOXMAIL, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new DemoFailed(`eboxmail ended with exit code ${status}`);
}

/** Runs a client and prints what the server answered that matters; gives everything it printed. */
function client(program, args, interesting) {
  console.log(`$ ${program} ${shown(args)}`);
  const { stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, HOME: dir },
  });
  if (error) throw new DemoFailed(`${program} could not be run: ${error.message}`);
  const output = stdout + stderr;
  for (const line of output.split('\n').filter((candidate) => interesting.test(candidate)))
    console.log(`  ${line.trimEnd()}`);
  return output;
}

function swaks(args) {
  return client('swaks', args, /^(<~\*|<\*\*|<~  235|<[~-]  250 .*queued|=== TLS started|\*\*\*)/);
}

function readInbox(sandbox, port, user) {
  const certificate = join(sandbox, 'etc/eboxmail/tls/self-signed.pem');
  const verified = ['--cacert', certificate, '--resolve', `mx.example.com:${port}:127.0.0.1`];
  const address = `imaps://mx.example.com:${port}/INBOX;UID=1`;
  return client(
    'curl',
    ['--silent', '--show-error', ...verified, '--config', join(dir, `${user}.curl`), address],
    /^(From|To|Subject|curl|Bring)/,
  );
}

function outbound(sandbox) {
  const folder = join(sandbox, 'outbound/new');
  let names = [];
  try {
    names = readdirSync(folder);
  } catch {
    return '';
  }
  for (const name of names) console.log(`  outbound/new/${name}`);
  const texts = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  for (const line of texts
    .join('')
    .split('\n')
    .filter((l) => /^(Return-Path|Delivered-To)/.test(l)))
    console.log(`    ${line}`);
  return texts.join('\n');
}

function expect(output, pattern) {
  if (!pattern.test(output)) throw new DemoFailed(`this answer was expected: ${pattern}\n${output}`);
}

/** Delivery takes a moment. */
async function arrives(look) {
  for (let tries = 20; ; tries -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    try {
      return look();
    } catch (error) {
      if (!(error instanceof DemoFailed) || tries === 0) throw error;
    }
  }
}

/** The first offset from 20000 whose ports nobody has. */
async function freeOffset() {
  for (let offset = 20_000; offset < 30_000; offset += 100) {
    const ports = [25, 587, 465, 143, 993, 4190, 10026, 10027, 10028, 10029].map((port) => port + offset);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return offset;
  }
  throw new DemoFailed('no free ports were found');
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function cleanUp() {
  if (dir === undefined) return;
  title('Stop');
  spawnSync(process.execPath, [EBOXMAIL, 'sandbox', 'stop', join(dir, 'mail')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  rmSync(dir, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

try {
  await demo();
  if (!keep) cleanUp();
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof DemoFailed ? error.message : error.stack}`);
  cleanUp();
  process.exitCode = 1;
}
