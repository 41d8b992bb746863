import { Option } from 'commander';
import { SORT_KEYS } from '../../core/queue/sort.ts';
import { example, type Setup } from '../program.ts';
import { FILTER_HELP, filterOptions, type SelectionOptions } from '../queue-filters.ts';
import { act, flush, undo, type Action } from '../queue/act.ts';
import { list, summary } from '../queue/list.ts';
import { show } from '../queue/show.ts';

const LIST_HELP = `
Columns elsewhere than on a terminal, with tabs between: id, queue, bytes, time of arrival, sender, recipients with the
reason of each.
With --json each message is a line of its own, a JSON object as "postqueue -j" prints it: queue_name, queue_id, arrival_time,
message_size, forced_expire, sender (MAILER-DAEMON is the null sender), recipients: address, delay_reason.
`;

const ACTION_HELP = `
With --json: action, selected, done, unneeded (nothing to do), gone (left the queue meanwhile), failed.
`;

/** What is done to messages, with an example each. */
const ACTIONS = {
  delete: ['delete messages; "queue undo" brings them back for a day', '--sender spammer@elsewhere.example --yes'],
  requeue: ['send messages through aliases and tables again, under new ids', '--domain old.example'],
  retry: ['try to deliver deferred messages now; they keep their ids', "--reason 'connection refused' --yes"],
  hold: ['keep messages from being delivered', '4jYzSz4NwlzJff7'],
  release: ['give messages that are on hold back for delivery', '--queue hold --yes'],
} as const satisfies Record<Action, readonly [string, string]>;

export const setup: Setup = (queue, action) => {
  queue.addHelpText('after', example('eboxmail queue list', 'eboxmail queue delete --older-than "3 d" --yes'));
  filterOptions(queue.command('list'))
    .description('list the messages, as they are read')
    .addOption(new Option('--sort <key>', 'the oldest or largest first, or by name').choices(SORT_KEYS))
    .option('--reverse', 'with --sort, the other way round')
    .option('--limit <n>', 'only so many')
    .option('--ids', 'only the ids, one a line')
    .option('--watch', 'show it anew every two seconds, until q or Ctrl-C')
    .addHelpText('after', FILTER_HELP + LIST_HELP)
    .addHelpText(
      'after',
      example(
        'eboxmail queue list --domain example.org --sort age --limit 20',
        'eboxmail queue list --json | jq .queue_id',
      ),
    )
    .action(action(list));
  for (const [name, [description, words]] of Object.entries(ACTIONS)) {
    filterOptions(queue.command(`${name} [ids...]`).option('--all', 'every message'))
      .description(description)
      .addHelpText('after', FILTER_HELP + ACTION_HELP)
      .addHelpText('after', example(`eboxmail queue ${name} ${words}`))
      .action(
        action((context, ids: string[], options: SelectionOptions) => act(context, name as Action, ids, options)),
      );
  }
  queue
    .command('undo')
    .description('bring back what was deleted last, under the same ids')
    .addHelpText('after', example('eboxmail queue undo'))
    .action(action(undo));
  queue
    .command('show <id>')
    .description('show a message: envelope, headers and text')
    .option('--headers', 'only the headers, as they are')
    .option('--raw', 'headers and body, byte for byte')
    .addHelpText(
      'after',
      example('eboxmail queue show 4jYzSz4NwlzJff7', 'eboxmail queue show 4jYzSz4NwlzJff7 --raw > message.eml'),
    )
    .action(action(show));
  queue
    .command('flush')
    .description('try to deliver all deferred messages now')
    .option('--domain <pattern>', 'only those with a recipient in this domain')
    .addHelpText('after', example('eboxmail queue flush', 'eboxmail queue flush --domain example.org'))
    .action(action(flush));
  filterOptions(queue.command('summary'))
    .description('count messages by domain of the recipients and by age')
    .option('--limit <n>', 'only so many domains, those with the most messages')
    .addHelpText('after', `${FILTER_HELP}\nA message with recipients in several domains counts in each of them.\n`)
    .addHelpText('after', example('eboxmail queue summary', 'eboxmail queue summary --reason timeout --json'))
    .action(action(summary));
};
