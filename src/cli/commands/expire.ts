import { expire, type Expired } from '../../app/expire.ts';
import { EXIT } from '../../core/errors.ts';
import { expiryWords } from '../../core/expiry.ts';
import { showTable } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (command, action) => {
  command
    .option('--dry-run', 'count what is due and remove nothing')
    .addHelpText(
      'after',
      '\nWhat is due follows from server.expiry as it was applied. A timer runs this once a day; in a sandbox nothing does.\n' +
        example('eboxmail expire', 'eboxmail expire --dry-run', 'eboxmail expire --json'),
    )
    .action(action(run));
};

async function run(context: Context, { dryRun = false }: { dryRun?: boolean }): Promise<number> {
  const expired = await expire(context.place, dryRun);
  if (context.json) {
    const { expiry, ...rest } = expired;
    printJson(context, { dryRun, expiry, ...rest });
  } else if (!context.quiet) {
    await showTable(context.terminal, ['user', 'folder', 'messages'], rowsOf(expired));
  }
  say(context, expired, dryRun);
  return expired.errors.length === 0 ? EXIT.done : EXIT.failed;
}

function rowsOf({ removed }: Expired): readonly (readonly string[])[] {
  return removed.map(({ user, folder, messages }) => [user, folder, String(messages)]);
}

function say({ terminal }: Context, { expiry, removed, errors }: Expired, dryRun: boolean): void {
  const count = removed.reduce((sum, { messages }) => sum + messages, 0);
  const messages = count === 1 ? '1 message' : `${count} messages`;
  if (expiry.trash === null && expiry.spam === null) {
    terminal.say('nothing expires: server.expiry keeps mail in Trash and Spam for ever');
  } else {
    terminal.say(`${messages} ${dryRun ? 'would be removed' : 'removed'}; what expires: ${expiryWords(expiry)}`);
  }
  for (const { user, folder, message } of errors) {
    terminal.say(`error: ${user === '' ? '' : `${user}, `}${folder}: ${message}`);
  }
  // A job that says nothing but failed is no help to who reads the mail of cron.
  if (errors.length > 0) terminal.sayWithheld();
}
