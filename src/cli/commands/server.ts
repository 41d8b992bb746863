import { readState } from '../../app/state/load-state.ts';
import { setServer, type ServerSettings } from '../../core/edits/server.ts';
import { usageError } from '../../core/errors.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { formatDays, formatSize } from '../../core/units.ts';
import { showFields } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (server, action) => {
  server.addHelpText('after', example('eboxmail server show'));
  server
    .command('show')
    .description('show the general options as they are in force, defaults included')
    .addHelpText('after', example('eboxmail server show', 'eboxmail server show --json'))
    .action(action(show));
  editOptions(server.command('set'), 'change')
    .description('change general options; the word default takes one back')
    .option('--mailname <name>', 'visible name of the server; never one of its mail domains')
    .option('--postmaster <address>', 'who reads mail to postmaster: root or any address')
    .option('--smtp-tls <when>', 'TLS on port 25: off, opportunistic or required')
    .option('--authentication <on|off>', 'whether users may log in to send')
    .option('--mailbox-size <size>', 'limit of mailboxes, e.g. "2 GB" or unlimited')
    .option('--message-size <size>', 'largest message, e.g. "25 MB" or unlimited')
    .option('--trash-expiry <days>', 'how long mail stays in Trash, e.g. "30 d" or never')
    .option('--spam-expiry <days>', 'how long mail stays in Spam, e.g. "30 d" or never')
    .option(
      '--expiry-basis <basis>',
      'days count since the mail came into the folder (saved) or from its own date (date)',
    )
    .option('--imap <on|off>', 'IMAP on port 143')
    .option('--imaps <on|off>', 'IMAP over TLS on port 993')
    .option('--pop3 <on|off>', 'POP3 on port 110')
    .option('--pop3s <on|off>', 'POP3 over TLS on port 995')
    .option('--managesieve <on|off>', 'ManageSieve on port 4190')
    .option('--cleartext <answer>', 'passwords without TLS on 143 and 110: refuse or allow')
    .option('--fetch <on|off>', 'fetching of mail from accounts elsewhere')
    .option('--fetch-interval <minutes>', 'time between two looks there, e.g. "5 min"')
    .option('--tls-certificate <file>', 'certificate with its chain, PEM')
    .option('--tls-key <file>', "the certificate's private key, PEM")
    .addHelpText(
      'after',
      example(
        'eboxmail server set --mailname mx.example.com',
        'eboxmail server set --mailbox-size "2 GB" --pop3s on --apply',
      ),
    )
    .action(action(set));
};

async function set(context: Context, { apply, ...settings }: EditOptions & ServerSettings): Promise<number> {
  if (Object.values(settings).every((value) => value === undefined)) {
    throw usageError('there is nothing to set', 'see the options with: eboxmail server set --help');
  }
  return runEdit(context, apply === undefined ? {} : { apply }, (state) => setServer(state, settings), {
    done: 'changed the general options',
    data: { set: settings },
  });
}

async function show(context: Context): Promise<undefined> {
  const { model } = modelOf(await readState(context.place));
  const { mailname, postmaster, tls, smtp, limits, expiry, retrieval, fetch } = model;
  if (context.json) {
    printJson(context, {
      mailname,
      postmaster,
      tls: tls ?? null,
      smtp,
      limits: { mailbox: formatSize(limits.mailbox), message: formatSize(limits.message) },
      expiry: { trash: formatDays(expiry.trash), spam: formatDays(expiry.spam), basis: expiry.basis },
      retrieval,
      fetch: { enabled: fetch.enabled, interval: `${fetch.interval} min` },
    });
    return undefined;
  }
  const onOff = (on: boolean): string => (on ? 'on' : 'off');
  showFields(context.terminal, [
    ['Mailname', mailname],
    ['Postmaster', postmaster],
    ['Certificate', tls?.certificate ?? '(self-signed)'],
    ['Key', tls?.key ?? '(self-signed)'],
    ['TLS on port 25', smtp.tls],
    ['Authentication', onOff(smtp.authentication)],
    ['Mailbox size', formatSize(limits.mailbox)],
    ['Message size', formatSize(limits.message)],
    ['Trash expires', formatDays(expiry.trash)],
    ['Spam expires', formatDays(expiry.spam)],
    ['Expiry counts', expiry.basis === 'saved' ? 'since mail came into the folder' : 'from the date of the mail'],
    ['IMAP', onOff(retrieval.imap)],
    ['IMAPS', onOff(retrieval.imaps)],
    ['POP3', onOff(retrieval.pop3)],
    ['POP3S', onOff(retrieval.pop3s)],
    ['ManageSieve', onOff(retrieval.managesieve)],
    ['Cleartext logins', retrieval.cleartext],
    ['Fetching', fetch.enabled ? `every ${fetch.interval} min` : 'off'],
  ]);
  return undefined;
}
