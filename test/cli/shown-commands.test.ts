import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { HASH, scene, STATE } from '../support/scene.ts';

/** What is said on either output, with the options given on the command line. */
async function said(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout, stderr } = await runCli({ args, env });
  return `${stdout}${stderr}`;
}

it('commands that are shown go to the root and state that were given', async () => {
  const { root, statePath } = await scene(STATE);
  for (const [given, env] of [
    [`--root ${root}`, {}],
    [`--state ${statePath}`, { EBOXMAIL_ROOT: root }],
    [`--root ${root} --state ${statePath}`, {}],
  ] as const) {
    const say = (...words: string[]): Promise<string> => said([...given.split(' '), ...words], env);
    expect(await say('user', 'set', 'alice@example.com', '--name', given)).toContain(
      `see what follows from it: eboxmail ${given} plan; make it so: eboxmail ${given} apply`,
    );
    // After the command it is the same.
    expect(await said(['user', 'set', 'bob@example.com', '--name', given, ...given.split(' ')], env)).toContain(
      `eboxmail ${given} apply`,
    );
    expect(await say('user', 'show', 'nobody@example.com')).toContain(`eboxmail ${given} user add nobody@example.com`);
    expect(await say('expire')).toContain(`run: eboxmail ${given} apply`);
    const refused = ['explain', '--send', 'bob@example.com', 'team@example.com'];
    expect(await say(...refused)).toContain(`eboxmail ${given} group member add staff bob@example.com`);
    expect(await say(...refused, '--json')).toContain(`eboxmail ${given} group member add staff bob@example.com`);
    const batch = `${root}/batch`;
    await writeFile(batch, 'user add x@elsewhere.test --no-account\n');
    expect(await say('batch', batch)).toContain(`eboxmail ${given} domain add elsewhere.test`);
    await writeFile(batch, `user set bob@example.com --name "${given} batch"\n`);
    expect(await say('batch', batch)).toContain(`eboxmail ${given} plan`);
  }
  expect(await said(['--root', root, 'queue', 'list', '--json'])).toContain(
    `make it with: eboxmail --root ${root} apply`,
  );
});

it('what the environment says holds for the next command as it is', async () => {
  const { root, statePath } = await scene(STATE);
  const env = { EBOXMAIL_ROOT: root, EBOXMAIL_STATE: statePath };
  const words = await said(['user', 'set', 'alice@example.com', '--name', 'A'], env);
  expect(words).toContain('see what follows from it: eboxmail plan; make it so: eboxmail apply');
});

it('problems of the state and help', async () => {
  const { root } = await scene();
  await mkdir(`${root}/my mail`, { recursive: true });
  const path = `${root}/my mail/state.yaml`;
  await writeFile(
    path,
    `version: 1\ndomains: {a.test: {}}\nusers:\n  al@a.test: {password: "${HASH}"}\n  bo@b.test: {}\n`,
  );
  expect(await said(['--state', path, 'validate'])).toContain(`eboxmail --state '${path}' domain add b.test`);
  expect(await said(['--state', path, 'validate', '--json'])).toContain(`eboxmail --state '${path}' domain add b.test`);
  expect(await said(['--state', path, 'user', 'list'])).toContain(`eboxmail --state '${path}' domain add b.test`);
  expect(await said(['--state', path, 'user', 'add', '--help'])).not.toMatch(/eboxmail --state/);
});
