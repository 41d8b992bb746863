import { telltaleOf } from '../core/account-file.ts';
import { below, PATHS } from '../core/render/paths.ts';
import { syncDirectories, type StagedFile } from '../system/files.ts';
import { accountChange, heldAccounts, untilAccountsAreRead, writePasswdFile } from './account-file.ts';
import type { Prepared } from './prepare.ts';

/** How an account file comes into force. */
export interface AccountSteps {
  /** Before Postfix has its tables: what it accepts mail for, Dovecot has to know. */
  begin(): Promise<void>;
  /** After the proof: those who go stay until then, for the mail that was accepted for them before. */
  end(): Promise<void>;
}

/** @param handsOver whether an address changes hands: then Dovecot must have read the file when `begin` is over */
export function accountSteps(
  { facts, plan }: Pick<Prepared, 'facts' | 'plan'>,
  staged: readonly StagedFile[],
  handsOver: boolean,
): AccountSteps {
  const change = accountChange(plan);
  const held = heldAccounts(plan);
  const [before, after] = [change?.before ?? '', change?.after ?? ''];
  const commit = (): void => {
    for (const file of staged) if (isAccounts(file)) file.commit();
  };
  const isAccounts = ({ target }: StagedFile): boolean => target === below(facts, PATHS.accounts);
  return {
    begin: async () => {
      if (held === undefined) commit();
      else writePasswdFile(below(facts, PATHS.accounts), held);
      if (plan.daemons.dovecot === 'start') return;
      if (held !== undefined && !handsOver && telltaleOf(before, held) === undefined) return;
      await untilAccountsAreRead(facts, change && { before, after: held ?? after });
    },
    end: async () => {
      if (held === undefined) return;
      commit();
      syncDirectories([below(facts, PATHS.accounts)]);
      await untilAccountsAreRead(facts, { before: held, after });
    },
  };
}
