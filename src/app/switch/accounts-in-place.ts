import { telltaleOf, withThoseWhoGo } from '../../core/account-file.ts';
import { below, PATHS } from '../../core/render/paths.ts';
import { syncDirectories, type StagedFile } from '../../system/files.ts';
import { untilAccountsAreRead } from './account-file.ts';
import type { HandEdits } from './hand-edits.ts';
import { writePasswdFile } from '../../system/passwd-file.ts';
import type { Prepared } from '../plan/prepare.ts';

/** How an account file comes into force. */
export interface AccountSteps {
  /** What stands in it only during the apply. */
  readonly texts: readonly string[];
  /**
   * Before Postfix has its tables: what it accepts mail for, Dovecot has to know.
   * @param file the new account file, absent when nothing changes in it
   */
  begin(file: StagedFile | undefined): Promise<void>;
  /** After the proof: those who go stay until then, for the mail that was accepted for them before. */
  end(file: StagedFile | undefined): Promise<void>;
}

/** @param handsOver whether an address changes hands: then Dovecot must have read the file when `begin` is over */
export function accountSteps(
  { facts, plan }: Pick<Prepared, 'facts' | 'plan'>,
  handsOver: boolean,
  edits: HandEdits,
): AccountSteps {
  const path = below(facts, PATHS.accounts);
  const change = plan.files.find((file) => file.path === PATHS.accounts);
  const [before, after] = [change?.before ?? '', change?.after ?? ''];
  // The new accounts and those that go, with whom nobody can log in any more.
  const held = change === undefined ? undefined : withThoseWhoGo(before, after);
  return {
    texts: held === undefined ? [] : [held],
    begin: async (file) => {
      if (held === undefined) file?.commit();
      else {
        edits.requireNone(path);
        writePasswdFile(path, held);
      }
      if (plan.daemons.dovecot === 'start') return;
      if (held !== undefined && !handsOver && telltaleOf(before, held) === undefined) return;
      await untilAccountsAreRead(facts, change && { before, after: held ?? after });
    },
    end: async (file) => {
      if (held === undefined) return;
      file?.commit();
      syncDirectories([path]);
      await untilAccountsAreRead(facts, { before: held, after });
    },
  };
}
