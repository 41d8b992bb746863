export type StepName = 'resolve' | 'connect' | 'greeting' | 'tls' | 'certificate' | 'login' | 'sender';

/** One step of a test, in words that complete "resolve: …". */
export interface TestStep {
  readonly step: StepName;
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** The step has been reported. */
export class StepFailed extends Error {}

/** Tells of steps as they are taken. */
export class Steps {
  private readonly report: (step: TestStep) => void;

  constructor(report: (step: TestStep) => void) {
    this.report = report;
  }

  ok(step: StepName, detail: string): void {
    this.report({ step, outcome: 'ok', detail });
  }

  warn(step: StepName, detail: string): void {
    this.report({ step, outcome: 'warning', detail });
  }

  /** @throws StepFailed */
  fail(step: StepName, detail: string, hint: string): never {
    this.report({ step, outcome: 'failed', detail, hint });
    throw new StepFailed(step);
  }

  /** A connection that breaks is a failure of the step in which it does. */
  async answer<T>(step: StepName, ask: () => Promise<T>, hint: string): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      return this.fail(step, messageOf(error), hint);
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
