import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidState } from '../../app/state/load-state.ts';
import { sandboxStatus, startSandbox, stopSandbox, type SandboxInfo } from '../../app/apply/sandbox.ts';
import { EboxmailError, EXIT, usageError } from '../../core/errors.ts';
import { PATHS } from '../../core/render/paths.ts';
import { lstat } from '../../system/files.ts';
import { showFields } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';
import { applyOptions, type ApplyFlags } from './apply.ts';

export const setup: Setup = (sandbox, action) => {
  sandbox.addHelpText('after', example('eboxmail sandbox start /tmp/mail --state state.yaml'));
  sandbox
    .command('start <dir>')
    .description(
      'start a mail server of its own under a directory; what would leave the machine is kept in DIR/outbound',
    )
    .option('--port-offset <n>', 'added to every standard port (default: 20000)')
    .option('--listen <address>', 'loopback address to listen on (default: 127.0.0.1)')
    .option('--allow-removals <n>', 'let so many addresses stop working without a question (10)')
    .addHelpText(
      'after',
      example(
        'eboxmail sandbox start /tmp/mail --state state.yaml',
        'eboxmail sandbox start /tmp/mail --port-offset 21000 --json',
      ),
    )
    .action(action(start));
  sandbox
    .command('stop <dir>')
    .description('stop it; the directory stays')
    .addHelpText('after', example('eboxmail sandbox stop /tmp/mail'))
    .action(action(stop));
  sandbox
    .command('status <dir>')
    .description('what runs and where; exit 1 when something does not run')
    .addHelpText('after', example('eboxmail sandbox status /tmp/mail --json'))
    .action(action(status));
};

interface StartOptions extends Pick<ApplyFlags, 'allowRemovals'> {
  readonly portOffset?: string;
  readonly listen?: string;
}

async function start(context: Context, dir: string, options: StartOptions, command: Command): Promise<number> {
  const root = resolve(dir);
  const statePath = stateFor(context, root, command);
  const info = await startSandbox(root, {
    ...applyOptions(context, options),
    statePath,
    portOffset: options.portOffset === undefined ? undefined : portOffset(options.portOffset),
    listen: options.listen === undefined ? undefined : loopback(options.listen),
  }).catch((error: unknown) => {
    if (!isAboutState(error, statePath)) context.commands.turnTo(root);
    throw error;
  });
  if (context.json) printJson(context, info);
  else show(context, info, 'running');
  context.terminal.say(`administer it with: eboxmail --root ${root} …\nstop it with: eboxmail sandbox stop ${root}`);
  return EXIT.done;
}

/** A state that is named is taken; otherwise a sandbox goes on with its own, and a new one starts from the system's. */
function stateFor({ place }: Context, root: string, command: Command): string | undefined {
  const named = command.optsWithGlobals<{ state?: string }>().state !== undefined || process.env['EBOXMAIL_STATE'];
  const own = lstat(`${root}/${PATHS.state}`) !== undefined;
  return named || !own ? place.statePath : undefined;
}

/** Whether an error is put right in a state outside the sandbox. */
function isAboutState(error: unknown, statePath: string | undefined): boolean {
  if (statePath === undefined || !(error instanceof EboxmailError)) return false;
  return error instanceof InvalidState ? error.file === statePath : error.exitCode === EXIT.notFound;
}

function portOffset(text: string): number {
  const offset = Number(text);
  if (/^\d+$/.test(text) && offset >= 1 && offset <= 55_000) return offset;
  throw usageError(`"${text}" is no port offset`, 'give a whole number from 1 to 55000');
}

function loopback(text: string): string {
  if (/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255))
    return text;
  throw usageError(
    `"${text}" is no IPv4 loopback address`,
    'a sandbox can be reached from this machine only: give e.g. 127.0.0.1',
  );
}

async function stop(context: Context, dir: string): Promise<number> {
  const stopped = await stopSandbox(resolve(dir));
  if (context.json) printJson(context, { root: resolve(dir), stopped });
  context.terminal.say(stopped ? `stopped the sandbox ${resolve(dir)}` : `the sandbox ${resolve(dir)} was not running`);
  return EXIT.done;
}

async function status(context: Context, dir: string): Promise<number> {
  const found = await sandboxStatus(resolve(dir));
  const { postfix, dovecot } = found.running;
  const all = postfix === true && dovecot === true;
  const one = postfix === true ? 'postfix' : dovecot === true ? 'dovecot' : undefined;
  if (context.json) printJson(context, found);
  else show(context, found, all ? 'running' : one === undefined ? 'stopped' : `only ${one} runs`);
  return all ? EXIT.done : EXIT.failed;
}

function show({ terminal }: Context, { root, listen, ports, outbound }: SandboxInfo, state: string): void {
  showFields(terminal, [
    ['Sandbox', `${root} (${state})`],
    ...Object.entries(ports).map(([name, port]) => [name, `${listen}:${port}`] as const),
    ['Outbound mail', outbound],
  ]);
}
