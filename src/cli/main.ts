import type { ProcessLike } from './context.ts';

/** EXIT.failed, which stands in a file that nothing may wait for here. */
const FAILED = 1;

/** Runs a command line and gives its exit code. Nothing is loaded before it is known what will be needed. */
export async function main(process: ProcessLike): Promise<number> {
  const [, , ...args] = process.argv;
  if (args.includes('queue') && args.includes('--json')) {
    const { quickList } = await import('./queue/quick-list.ts');
    const code = await quickList(process);
    if (code !== undefined) return code;
  }
  const lost = watchOutput(process);
  const code = await run(process, args);
  return code === 0 && lost() ? FAILED : code;
}

async function run(process: ProcessLike, args: readonly string[]): Promise<number> {
  if (args.length === 1 && args[0] === '--version') {
    process.stdout.write(`${__EBOXMAIL_VERSION__}\n`);
    return 0;
  }
  const { runCommand } = await import('./run.ts');
  return runCommand(process);
}

/**
 * `| head` closes the pipe: what is left to write is not wanted, and that is no failure. Output that is lost in any other
 * way (a full disk) is one.
 * @returns whether output was lost
 */
function watchOutput(process: ProcessLike): () => boolean {
  let lost = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    // The error may come after main has given its exit code.
    process.exitCode = FAILED;
    process.stderr.write(`eboxmail: the output could not be written: ${error.message}\n`);
  });
  // Nobody can be told of it.
  process.stderr.on('error', () => undefined);
  return () => lost;
}
