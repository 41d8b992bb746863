import type { Problem, StatePath } from '../../problem.ts';

/** Collects problems while the state is read, so that one run reports all of them. */
export class Findings {
  readonly problems: Problem[] = [];

  error(rule: string, path: StatePath, at: Problem['at'], message: string, hint?: string): void {
    this.add('error', rule, path, at, message, hint);
  }

  warning(rule: string, path: StatePath, at: Problem['at'], message: string, hint?: string): void {
    this.add('warning', rule, path, at, message, hint);
  }

  private add(
    severity: Problem['severity'],
    rule: string,
    path: StatePath,
    at: Problem['at'],
    message: string,
    hint: string | undefined,
  ): void {
    this.problems.push({ rule, severity, path, at, message, ...(hint === undefined ? {} : { hint }) });
  }
}
