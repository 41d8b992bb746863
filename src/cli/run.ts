import type { ProcessLike } from './context.ts';
import { makeProgram } from './program.ts';
import { report } from './report.ts';

/** Runs the command that a command line names, and gives its exit code. */
export async function runCommand(process: ProcessLike): Promise<number> {
  try {
    const { command, exitCode } = await makeProgram(process);
    await command.parseAsync([...process.argv]);
    return exitCode();
  } catch (error) {
    return report(process, error);
  }
}
