import { INSTALL_REDIS, INSTALL_RSPAMD } from '../../app/switch/builtin-filter.ts';
import { setBanned, setFilter, setFilterSender, type FilterSettings } from '../../core/edits/filter.ts';
import { usageError } from '../../core/errors.ts';
import type { StateFile } from '../../core/generated/state-types.ts';
import { isRedisInstalled } from '../../system/redis.ts';
import { isRspamdInstalled } from '../../system/rspamd.ts';
import type { Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (filter, action) => {
  filter.addHelpText(
    'after',
    example('eboxmail filter show', 'eboxmail filter set builtin', 'eboxmail filter set none'),
  );
  filter
    .command('show')
    .description('show the filter that mail passes through')
    .addHelpText('after', example('eboxmail filter show', 'eboxmail filter show --json'))
    .action(action(async (context) => (await import('./filter-show.ts')).show(context)));
  editOptions(filter.command('set <mode>'), 'change')
    .description(
      'none; builtin: rspamd, which eboxmail sets up; or custom: a filter of your own that takes mail by SMTP and hands it back by SMTP. The word default takes an option back',
    )
    .option('--address <ip>', 'custom: IP address of the filter (127.0.0.1)')
    .option('--port <port>', 'custom: port on which it takes mail (10024)')
    .option('--return-port <port>', 'custom: port of this server on which it hands mail back (10025)')
    .option('--threshold <score>', 'builtin: score from which mail is spam and goes to the folder Spam (6)')
    .option('--reject <score>', 'builtin: score from which it is refused (15), or never')
    .option('--domain <domain>', 'builtin: --threshold and --reject for mail to this domain only')
    .option('--subject-tag <text>', 'builtin: text before the subject of spam (none)')
    .option('--antivirus <socket>', "builtin: ask ClamAV at this socket; on: at that of Debian's clamav-daemon (none)")
    .option('--greylisting <on|off>', 'builtin: ask servers with doubtful mail to come again later (off)')
    .option('--greylisting-delay <time>', 'builtin: after which mail that comes again is taken (5 min)')
    .option('--greylisting-score <score>', 'builtin: score from which mail is doubtful (4)')
    .option('--learning <on|off>', 'builtin: learn from what users move into and out of the folder Spam (off)')
    .option('--learning-messages <n>', 'builtin: of each kind must be learned before that counts (200)')
    .option('--on-failure <what>', 'builtin: when the filter does not answer: tempfail (default) or accept')
    .addHelpText(
      'after',
      example(
        'eboxmail filter set builtin --threshold 5 --subject-tag "[SPAM]"',
        'eboxmail filter set builtin --domain example.com --reject never',
        'eboxmail filter set builtin --greylisting on --learning on',
        'eboxmail filter set custom --address 192.0.2.9 --port 10024 --return-port 10025',
        'eboxmail filter set none --apply',
      ),
    )
    .action(action(set));
  editOptions(filter.command('sender <policy> <sender>'), 'change')
    .description('built-in filter: allow, block or unset a sender: an address, or all of a domain as @example.com')
    .option('--domain <domain>', 'only for mail to this domain')
    .addHelpText(
      'after',
      example(
        'eboxmail filter sender block @spam.example',
        'eboxmail filter sender allow news@shop.example --domain example.com',
        'eboxmail filter sender unset @spam.example',
      ),
    )
    .action(action(sender));
  editOptions(filter.command('ban <kind...>'), 'change')
    .description('built-in filter: refuse files of these kinds: ends of names, or MIME types')
    .addHelpText('after', example('eboxmail filter ban exe scr application/x-msdownload'))
    .action(action((context, kinds: string[], options: EditOptions) => ban(context, kinds, true, options)));
  editOptions(filter.command('unban <kind...>'), 'change')
    .description('built-in filter: take files of these kinds again')
    .addHelpText('after', example('eboxmail filter unban scr'))
    .action(action((context, kinds: string[], options: EditOptions) => ban(context, kinds, false, options)));
};

async function set(context: Context, mode: string, options: EditOptions & FilterSettings): Promise<number> {
  const { apply, ...settings } = options;
  return runEdit(context, apply === undefined ? {} : { apply }, (state) => setFilter(state, mode, settings), {
    done: mode === 'none' ? 'mail passes through no filter' : `mail passes through the ${mode} filter`,
    next: mode === 'builtin' ? missingPrograms(settings) : [],
    data: { mode, set: settings },
  });
}

function missingPrograms({ greylisting, learning }: FilterSettings): readonly string[] {
  const remembers = greylisting === 'on' || learning === 'on';
  return [
    ...(isRspamdInstalled() ? [] : [`rspamd is not installed on this machine; ${INSTALL_RSPAMD}`]),
    ...(!remembers || isRedisInstalled() ? [] : [`Redis is not installed on this machine; ${INSTALL_REDIS}`]),
  ];
}

async function sender(
  context: Context,
  policy: string,
  address: string,
  options: EditOptions & { domain?: string },
): Promise<number> {
  if (policy !== 'allow' && policy !== 'block' && policy !== 'unset') {
    throw usageError(`${JSON.stringify(policy)} is nothing to do with a sender`, 'write allow, block or unset');
  }
  const wanted = policy === 'unset' ? undefined : policy;
  const words = { allow: 'is never spam', block: 'is refused', unset: 'is judged like all mail' }[policy];
  const where = options.domain === undefined ? '' : ` to ${options.domain}`;
  const { edit, off } = watchMode((state) => setFilterSender(state, address, wanted, options.domain));
  return runEdit(context, options, edit, {
    done: () => `mail from ${address}${where} ${words}${off()}`,
    data: { sender: address, policy: wanted ?? null, domain: options.domain ?? null },
  });
}

async function ban(context: Context, kinds: string[], banned: boolean, options: EditOptions): Promise<number> {
  const { edit, off } = watchMode((state) => setBanned(state, kinds, banned));
  return runEdit(context, options, edit, {
    done: () => `${kinds.join(', ')}: ${banned ? 'refused' : 'taken again'}${off()}`,
    data: { kinds, banned },
  });
}

/** An edit, and what there is to say when it changes a filter that mail does not pass through. */
function watchMode(edit: (state: StateFile) => StateFile): { edit: typeof edit; off: () => string } {
  let mode: string | undefined;
  return {
    edit: (state) => {
      mode = state.filter?.mode;
      return edit(state);
    },
    off: () => (mode === 'builtin' ? '' : ', once the built-in filter is on: eboxmail filter set builtin'),
  };
}
