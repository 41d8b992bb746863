import type { Command } from 'commander';
import type * as entriesModule from '../fetch-entries.ts';
import type * as readingModule from '../fetch-reading.ts';
import { editOptions } from '../editing.ts';
import { PASSWORD_FILE } from '../password-options.ts';
import { example, type Setup } from '../program.ts';

const STDIN = 'read the password of the account there from standard input; with --self, your own in a line before it';

export const setup: Setup = (fetch, action) => {
  fetch
    .option('--self', 'as a user: manage what is fetched into your own mailbox, after giving its password')
    .addHelpText(
      'after',
      example(
        'eboxmail fetch add alice@example.com alice@isp.example --server pop.isp.example --protocol pop3s',
        'eboxmail fetch list',
        'sudo eboxmail fetch --self list --user alice@example.com',
      ),
    );
  serverOptions(editOptions(fetch.command('add <user> <address>'), 'add'))
    .description("bring the mail of an account elsewhere into a user's mailbox")
    .addHelpText(
      'after',
      example(
        'printf \'%s\\n\' "$PASSWORD" | eboxmail fetch add alice@example.com alice@isp.example --server pop.isp.example --protocol pop3s --password-stdin',
        'eboxmail fetch add alice@example.com al@isp.example --server imap.isp.example --protocol imaps --username al --keep',
      ),
    )
    .action(action(async (...args: Parameters<Entries['add']>) => (await entries()).add(...args)));
  serverOptions(editOptions(fetch.command('set <user> <address>'), 'change'))
    .description('change how the mail of an account elsewhere is fetched; port and user name take the word default')
    .option('--ask-password', 'ask for a new password')
    .option('--no-keep', 'remove the fetched mail there')
    .option('--no-insecure', 'demand a certificate that can be verified')
    .addHelpText(
      'after',
      example(
        'eboxmail fetch set alice@example.com alice@isp.example --server mail.isp.example --port default',
        'eboxmail fetch set alice@example.com alice@isp.example --ask-password',
      ),
    )
    .action(action(async (...args: Parameters<Entries['set']>) => (await entries()).set(...args)));
  editOptions(fetch.command('remove <user> <address>'), 'remove')
    .description('fetch the mail of an account elsewhere no more')
    .option('--password-stdin', 'with --self: read your own password from standard input')
    .addHelpText('after', example('eboxmail fetch remove alice@example.com alice@isp.example'))
    .action(action(async (...args: Parameters<Entries['remove']>) => (await entries()).remove(...args)));
  fetch
    .command('list')
    .description('list what is fetched, and how the last turn went')
    .option('--user <address>', 'only for this user')
    .option('--password-stdin', 'with --self: read your own password from standard input')
    .addHelpText('after', example('eboxmail fetch list', 'eboxmail fetch list --user alice@example.com --json'))
    .action(action(async (...args: Parameters<Reading['list']>) => (await reading()).list(...args)));
  fetch
    .command('test <user> <address>')
    .description('log in there and count the messages without fetching; exit 1 names the step that failed')
    .option('--password-stdin', 'with --self: read your own password from standard input')
    .addHelpText('after', example('eboxmail fetch test alice@example.com alice@isp.example'))
    .action(action(async (...args: Parameters<Reading['test']>) => (await reading()).test(...args)));
};

type Entries = typeof entriesModule;
type Reading = typeof readingModule;

const entries = (): Promise<Entries> => import('../fetch-entries.ts');
const reading = (): Promise<Reading> => import('../fetch-reading.ts');

function serverOptions(command: Command): Command {
  return command
    .option('--server <host>', 'the server there: a name, an IPv4 address or an IPv6 address in brackets')
    .option('--protocol <name>', 'pop3 or imap (with STARTTLS), pop3s or imaps')
    .option('--port <n>', "the server's port (default: that of the protocol)")
    .option('--username <name>', 'name for the login there (default: the address)')
    .option('--keep', 'leave the fetched mail there')
    .option('--insecure', 'do not verify the certificate of this server: others may then read password and mail')
    .option('--password-stdin', STDIN)
    .option(...PASSWORD_FILE);
}
