import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import type { ProcessLike } from '../../src/cli/context.ts';
import { makeProgram } from '../../src/cli/program.ts';

/** A command with the words that call it. */
export interface NamedCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** Every command of the program, the program itself first; `leaf` ones do something. */
export async function allCommands(): Promise<readonly NamedCommand[]> {
  const { command } = await makeProgram(silentProcess([]).process, { whole: true });
  const below = (parent: NamedCommand): readonly NamedCommand[] => [
    parent,
    ...parent.command.commands.flatMap((each) => below({ words: [...parent.words, each.name()], command: each })),
  ];
  return below({ words: [], command });
}

/** A process without a terminal, whose output can be read when it has ended. */
export function silentProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input = '',
): { readonly process: ProcessLike; readonly out: () => string; readonly err: () => string } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const read = (stream: PassThrough) => (): string => String(stream.read() ?? '');
  const like = { argv: ['node', 'eboxmail', ...args], env, stdin, stdout, stderr };
  return { process: like as unknown as ProcessLike, out: read(stdout), err: read(stderr) };
}
