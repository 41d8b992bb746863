import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { allExamples, NEED_DAEMONS } from '../support/examples.ts';
import { PASSWORD_HASH, sendAsStranger } from '../support/mail.ts';
import { deferred } from '../support/queue.ts';
import { useSandbox } from '../support/sandbox.ts';

/** Nothing listens on port 1, so that mail to the partner waits. */
const STATE = `version: 1
server: {mailname: mx.test.example}
domains: {example.com: , example.org: , old.example: }
users:
  alice@example.com:
    password: "${PASSWORD_HASH}"
    fetch:
      - {address: alice@isp.example, server: 127.0.0.1, port: 1, protocol: pop3s, password: {file: secrets/isp}}
  bob@example.com: {password: "${PASSWORD_HASH}"}
aliases:
  info@example.com: [alice@example.com, bob@example.com]
  partner@example.com: bob@partner.example
relay:
  smarthost: {host: 127.0.0.1, port: 1}
  rules:
    - {sender: sales@example.com, host: 127.0.0.1, port: 1}
`;

const sandbox = useSandbox({
  state: STATE,
  prepare: async (directory) => {
    await mkdir(`${directory}/secrets`);
    await writeFile(`${directory}/secrets/isp`, 'x\n', { mode: 0o600 });
  },
  tolerate: [/Sent SIGTERM|Processes aren't dying/],
});

/** Those that examples name. */
const FILES = {
  'users.csv': 'address,name\nnew@example.com,New\n',
  'new-users.txt': 'domain add new.example\n',
  password: 'Geheim-4711-x\n',
};

/** useSandbox starts and stops one itself; `fetch --self`, uninstall and setup have tests of their own. */
const ELSEWHERE = /sandbox (?:start|stop)|--self|uninstall|eboxmail setup/;
/** What they ask is not there: nothing to be found in the log, nobody at the other end, something that is not well. */
const MAY_FAIL: readonly (readonly [RegExp, number])[] = [
  [/log trace/, 4],
  [/relay test|fetch test|^eboxmail status/, 1],
];
/** With another relay the mail that waits would leave, and the address that all others use is the last to go. */
const LATE = [/--apply|rollback/, /user rename|rollback/, /rollback/];

it('the examples that need a running server', async () => {
  const { root } = sandbox();
  for (const [name, content] of Object.entries(FILES)) await writeFile(`${root}/../${name}`, content, { mode: 0o600 });
  const ok = (args: readonly string[]): Promise<unknown> => sandbox().ok(args);
  for (let round = 0; round < 2; round += 1) {
    await ok(['user', 'remove', 'bob@example.com', '--yes', '--apply']);
    await ok(['user', 'add', 'bob@example.com', '--password-hash', PASSWORD_HASH, '--apply']);
  }
  await ok(['user', 'remove', 'bob@example.com', '--yes', '--apply']);
  for (let count = 0; count < 2; count += 1) await sendAsStranger(sandbox(), 'partner@example.com');
  const [first] = await deferred(sandbox(), 2);
  const all = (await allExamples()).filter(({ line }) => NEED_DAEMONS.test(line) && !ELSEWHERE.test(line));
  // The second of two archived mailboxes is there only as long as there are two.
  const rank = (line: string): number => (/--from 2/.test(line) ? 0 : 1 + LATE.filter((one) => one.test(line)).length);
  const examples = all.sort((a, b) => rank(a.line) - rank(b.line));
  expect(examples.length).toBeGreaterThan(30);
  for (const { line, args } of examples) {
    const own = args.map((arg) =>
      /^4jY\w+$/.test(arg)
        ? (first?.queue_id ?? '')
        : arg
            .replace('/tmp/mail', root)
            .replace(/^12$/, '1')
            .replace('/var/log/mail.log.1', `${root}/var/log/mail.log`)
            .replace(/^(users\.csv|new-users\.txt|password)$/, `${root}/../$1`),
    );
    const [, code] = MAY_FAIL.find(([pattern]) => pattern.test(line)) ?? [/./, 0];
    if (line === 'eboxmail queue undo') await ok(['queue', 'delete', '--all', '--yes']);
    const result = await sandbox().run(own, { input: 'Geheim-4711-x\n' });
    // What asks a person has nobody to ask here, and says what gives the answer.
    if (result.code === 2) expect(result.stderr).toMatch(/give it with --yes/);
    else expect([0, code], `${line}\n${result.stdout}${result.stderr}`).toContain(result.code);
  }
});
