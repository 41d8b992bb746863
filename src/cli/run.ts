import { EXIT } from '../core/errors.ts';
import type { ProcessLike } from './context.ts';
import { makeProgram, type Program } from './program.ts';
import { report } from './report.ts';

/** Runs the command that a command line names, and gives its exit code. */
export async function runCommand(process: ProcessLike): Promise<number> {
  // The completion of a shell asks: see completion/complete.ts.
  if (process.argv[2] === '__complete') {
    const { complete } = await import('./completion/complete.ts');
    await complete(process, process.argv.slice(3));
    return EXIT.done;
  }
  let program: Program | undefined;
  try {
    program = await makeProgram(process);
    await program.command.parseAsync([...process.argv]);
    return program.exitCode();
  } catch (error) {
    return report(process, error, program?.shownCommands());
  }
}
