import type { SetupOptions } from '../setup/options.ts';
import { setupOptions } from '../setup/options.ts';
import { example, type Setup } from '../program.ts';

const ABOUT = `
Asks for what a mail server has to know, says what would come of it, and applies it when you agree. Every answer can be given
as an option; --yes takes what would be proposed for the others. A state file that is there is never overwritten, and until
you have agreed nothing is written at all. With --root DIR the server is one under that directory: "eboxmail sandbox start DIR"
starts it as a sandbox.`;

export const setup: Setup = (command, action) => {
  setupOptions(command)
    .addHelpText('after', ABOUT)
    .addHelpText(
      'after',
      example(
        'eboxmail setup',
        'eboxmail setup --yes --mailname mx.example.net --domain example.com --user alice --password-file password --adopt',
        'eboxmail setup --root /tmp/mail --yes --mailname mx.example.net --domain example.com --user alice --generate-password',
      ),
    )
    .action(
      action(async (context, options: SetupOptions) => (await import('../setup/run.ts')).runSetup(context, options)),
    );
};
