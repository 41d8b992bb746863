import { readState } from '../../app/state/load-state.ts';
import { setCatchAll, type CatchAllSettings } from '../../core/edits/catch-all.ts';
import { requireDomain } from '../../core/edits/domains.ts';
import { domainArgument } from '../../core/edits/names.ts';
import { sectionOf } from '../../core/edits/sections.ts';
import { usageError } from '../../core/errors.ts';
import { showFields } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';
import { editOptions, runEdit, type EditOptions } from '../editing.ts';
import { example, type Setup } from '../program.ts';

export const setup: Setup = (domain, action) => {
  editOptions(domain.command('catch-all <domain>'), 'change')
    .description('copies of all mail of a domain, and mail for unknown addresses; without options: show what is set')
    .option('--copy-to <address>', 'who gets a blind copy of all mail sent and received; none: nobody')
    .option('--on-bounce <who>', 'who hears of a copy that cannot be delivered: sender (default), postmaster or none')
    .option('--unknown-to <address>', 'who gets mail for addresses that do not exist; none: it is refused')
    .option('--none', 'neither')
    .addHelpText(
      'after',
      example(
        'eboxmail domain catch-all example.com --copy-to archive@example.com',
        'eboxmail domain catch-all example.com --unknown-to info@example.com',
        'eboxmail domain catch-all example.com --none',
      ),
    )
    .action(action(run));
};

async function run(
  context: Context,
  name: string,
  options: EditOptions & CatchAllSettings,
): Promise<number | undefined> {
  const { copyTo, onBounce, unknownTo, none } = options;
  const given = [copyTo, onBounce, unknownTo].some((value) => value !== undefined);
  if (none === true && given) throw usageError('--none excludes the other options');
  const domain = domainArgument(name);
  if (!given && none !== true) return show(context, domain);
  const notice = 'copies of all mail may need the consent of those who write it: mind the privacy law';
  return runEdit(context, options, (state) => setCatchAll(state, name, options), {
    done: `changed the catch-all of ${domain}`,
    next: copyTo !== undefined && copyTo !== 'none' ? [notice] : [],
    data: { domain },
  });
}

async function show(context: Context, domain: string): Promise<undefined> {
  const state = await readState(context.place);
  const key = requireDomain(state, domain);
  const found = sectionOf(state, 'domains')[key]?.catch_all;
  if (context.json) {
    printJson(context, {
      domain,
      copyTo: found?.copy_to ?? null,
      onBounce: found?.on_bounce ?? 'sender',
      unknownTo: found?.unknown_to ?? null,
    });
  } else {
    showFields(context.terminal, [
      ['Copies go to', found?.copy_to ?? '(nobody)'],
      ['Bounced copies', `are reported to ${found?.on_bounce ?? 'sender'}`],
      ['Unknown addresses', found?.unknown_to ?? '(refused)'],
    ]);
  }
  return undefined;
}
