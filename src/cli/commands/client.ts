import { Option } from 'commander';
import { readState } from '../../app/state/load-state.ts';
import { readHost } from '../../app/state/read-host.ts';
import { requireAccount } from '../../core/client/account.ts';
import { appleProfile } from '../../core/client/apple.ts';
import { clientSettings, type ClientSettings } from '../../core/client/settings.ts';
import { thunderbirdConfig } from '../../core/client/thunderbird.ts';
import { failed, usageError } from '../../core/errors.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { uuidOf } from '../../system/hash.ts';
import { clientCode, clientData, clientText } from '../../ui/client-text.ts';
import { printJson, type Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

const ABOUT = `
Only what is on is shown. With --json: address, username, name, services (protocol, server, port, security: STARTTLS or
SSL/TLS, cleartext: whether it also works without), notes.

Formats:
  text         for people
  thunderbird  an autoconfig file, as Thunderbird and others read it from autoconfig.DOMAIN/mail/config-v1.1.xml
  apple        a configuration profile: save it as NAME.mobileconfig and open it on the device

No format holds a password. --qr adds the settings as a QR code: plain text to read on a telephone, not a profile.

Exit codes:
  2  that is no full address
  4  nobody can log in with it: an alias, a group, a user without an account, or nobody`;

interface ClientOptions {
  readonly format: 'text' | 'thunderbird' | 'apple';
  readonly qr?: boolean;
}

export const setup: Setup = (client, action) => {
  client
    .argument('<address>', 'the full address of an account')
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'thunderbird', 'apple']).default('text'),
    )
    .option('--qr', 'also as a QR code')
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      example(
        'eboxmail client alice@example.com',
        'eboxmail client alice@example.com --format apple > alice.mobileconfig',
      ),
    )
    .action(action(run));
};

async function run(context: Context, text: string, { format, qr }: ClientOptions): Promise<undefined> {
  if (format !== 'text' && (qr === true || context.json)) {
    throw usageError(`--format ${format} is a file of its own`, `leave out ${qr === true ? '--qr' : '--json'}`);
  }
  const { place, terminal } = context;
  const state = await readState(place);
  const { model, directory } = modelOf(state);
  const user = requireAccount(text, state, model, directory);
  const { listen = [], port_offset: portOffset = 0, sandbox } = await readHost(place.root);
  const settings = clientSettings(user, model, { listen, portOffset, sandbox });
  if (context.json)
    printJson(context, { ...clientData(settings), ...(qr === true ? { qr: clientCode(settings) } : {}) });
  else terminal.data(fileOf(settings, format) ?? clientText(settings, terminal.tables ? terminal.columns : undefined));
  if (qr === true && !context.json) {
    const { qrText } = await import('../../ui/qr.ts');
    terminal.data(
      `\nThe services above as a QR code, in plain text, without the password:\n${await qrText(clientCode(settings))}`,
    );
  }
  for (const note of settings.notes) terminal.say(note);
  return undefined;
}

function fileOf(settings: ClientSettings, format: ClientOptions['format']): string | undefined {
  if (format === 'text') return undefined;
  const { address } = settings;
  const ids = { profile: uuidOf(`eboxmail profile ${address}`), account: uuidOf(`eboxmail account ${address}`) };
  const profile = appleProfile(settings, ids);
  // Such a file sets up reading and sending, or it is of no use.
  if (profile === undefined) throw failed(`there is no such file for ${address}`, settings.notes.join('\n'));
  return format === 'apple' ? profile : thunderbirdConfig(settings);
}
