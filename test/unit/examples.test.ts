import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { allExamples, NEED_DAEMONS } from '../support/examples.ts';
import { silentProcess } from '../support/program.ts';
import { tempDir } from '../support/temp.ts';

/** All that the examples speak of. */
const STATE = `version: 1
server: {mailname: mx.test.example}
defaults: {user: {domain: example.com}}
domains:
  example.com: {aliases: [example.net]}
  example.org:
  old.example:
users:
  alice@example.com:
    password: "{SHA512-CRYPT}$6$salt$hash"
    fetch:
      - {address: alice@isp.example, server: pop.isp.example, protocol: pop3s, password: {file: secrets/isp}}
  bob@example.com: {password: "{SHA512-CRYPT}$6$salt$hash"}
  carol@example.com: {password: "{SHA512-CRYPT}$6$salt$hash"}
  archive@example.com: {password: "{SHA512-CRYPT}$6$salt$hash"}
groups:
  staff: {members: [alice@example.com, carol@example.com]}
aliases:
  info@example.com: [alice@example.com, bob@example.com]
networks:
  office: {members: {printer: 192.0.2.10}}
  guests: {members: {lan: 203.0.113.0/24}}
relay:
  rules:
    - {recipient: partner.example, direct: true}
filter: {mode: builtin, builtin: {senders: {"@spam.example": block}, banned: {extensions: [scr]}}}
`;

/** What has to go before something can be added. */
function undoOf(args: readonly string[]): readonly string[] | undefined {
  const at = args.indexOf('add');
  if (at < 0 || args[0] === 'help') return undefined;
  const keep = { alias: 1, group: 1, member: 2, rule: 2, fetch: 2, user: 1, network: 1, domain: 1 };
  const kind = args[at - 1] ?? '';
  const count = args[0] === 'domain' && kind === 'alias' ? 2 : keep[kind as keyof typeof keep];
  const cascade = args[0] === 'domain' && kind === 'domain' ? ['--cascade'] : [];
  const names = args.slice(at + 1, at + 1 + count);
  return [...args.slice(0, at), 'remove', ...names, ...cascade, '--if-exists', '--yes'];
}

interface Ran {
  readonly code: number;
  readonly said: string;
}

async function run(root: string, args: readonly string[]): Promise<Ran> {
  const { process, err } = silentProcess(args, { EBOXMAIL_ROOT: root }, 'Geheim-4711-x\n');
  return { code: await main(process), said: err() };
}

/** Files that examples name, beside where they are run. */
const FILES: Readonly<Record<string, string>> = {
  'users.csv': 'address,name\nnew@example.com,New\n',
  'new-users.txt': 'domain add new.example\n',
  password: 'Geheim-4711-x\n',
};

async function place(fresh: boolean): Promise<string> {
  const root = join(await tempDir(), 'root');
  for (const [name, content] of Object.entries(FILES)) writeFileSync(`${root}.${name}`, content, { mode: 0o600 });
  if (fresh) return root;
  mkdirSync(join(root, 'etc/eboxmail/secrets'), { recursive: true });
  writeFileSync(join(root, 'etc/eboxmail/state.yaml'), STATE, { mode: 0o600 });
  writeFileSync(join(root, 'etc/eboxmail/secrets/isp'), 'x\n', { mode: 0o600 });
  return root;
}

const examples = await allExamples();
const alone = examples.filter(({ line }) => !NEED_DAEMONS.test(line));

describe('the examples of the help texts', () => {
  it.each(alone.map(({ line, args }) => [line, args] as const))('%s', async (_line, args) => {
    const root = await place(args[0] === 'setup');
    const undo = undoOf(args);
    if (undo !== undefined) expect([0, 4], (await run(root, undo)).said).toContain((await run(root, undo)).code);
    const state = args.indexOf('--state');
    const there = state < 0 ? args : args.with(state + 1, join(root, 'etc/eboxmail/state.yaml'));
    const own = there.map((arg, at) =>
      args[at - 1] === '--root' ? root : Object.hasOwn(FILES, arg) ? `${root}.${arg}` : arg,
    );
    const { code, said } = await run(root, own);
    // What asks a person has nobody to ask here, and says what gives the answer.
    if (code === 2) expect(said).toMatch(/give (it|them) with|--mailname/);
    else if (args.includes('--exit-code')) expect(code).toBe(10);
    else expect({ code, said }).toMatchObject({ code: 0 });
  });
});
