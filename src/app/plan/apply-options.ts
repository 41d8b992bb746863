import type { FileChange } from '../../core/plan/plan.ts';
import type { Removals } from '../../core/plan/removals.ts';

export interface ApplyOptions {
  /** Files that are not ours, or were edited by hand, may be replaced; the originals are kept. */
  readonly adopt: boolean;
  /** Those that were edited by hand may be replaced, and no others: the edits are in the state now. */
  readonly adoptEdited?: boolean;
  /** Asks whether these may be replaced; absent when nobody can be asked. */
  readonly askConsent?: (files: readonly FileChange[]) => Promise<boolean>;
  /** So many addresses may stop working without a question; ten when absent. */
  readonly allowRemovals?: number | undefined;
  /** Asks for the second yes; absent when nobody can be asked. */
  readonly askRemovals?: (removals: Removals) => Promise<boolean>;
  /** Digest of the plan that was reviewed: another plan is refused (exit 1). */
  readonly expect?: string | undefined;
  /** Stands first in the history's summary. */
  readonly reason?: string;
  /** The command that was run, by which hints say how to run it again; "eboxmail apply" when absent. */
  readonly again?: string;
  /** Called as the work goes on, in words for people. */
  readonly progress: (step: string) => void;
}
