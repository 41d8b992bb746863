import type { BatchOptions } from '../batch-end.ts';
import { example, type Setup } from '../program.ts';

const ABOUT = `
The first line names the columns: address, and any of name, password, password_hash, quota, account (yes or no), aliases and
groups (several separated by blanks). A row is "user add", and an "alias add" or "group member add" for what is in the last
two; either all rows are done or none. Passwords are hashed; the file itself keeps them, so delete it.`;

export interface ImportOptions extends BatchOptions {
  readonly ifNotExists?: boolean;
  readonly generatePasswords?: boolean;
}

export const setup: Setup = (user, action) => {
  user
    .command('import <file>')
    .description('add the users of a CSV file, all or none; - is standard input')
    .option('--generate-passwords', 'make passwords for users without one, and print them')
    .option('--if-not-exists', 'leave users that are there already as they are')
    .option('--dry-run', 'check all of it and change nothing')
    .option('--apply', 'also apply')
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      example(
        'eboxmail user import users.csv --dry-run',
        'eboxmail user import users.csv --generate-passwords --apply',
      ),
    )
    .action(
      action(async (context, file: string, options: ImportOptions) =>
        (await import('../import-users.ts')).importUsers(context, file, options),
      ),
    );
};
