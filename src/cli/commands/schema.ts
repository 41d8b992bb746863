import { Argument } from 'commander';
import { SCHEMAS, schemaText, type SchemaName } from '../../app/state/schemas.ts';
import { EXIT } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { example, type Setup } from '../program.ts';

const ABOUT = `
Editors that know JSON Schema complete and check the file with it. The state that "eboxmail setup" makes names the copy beside
it in its first line; after an update of eboxmail, write that copy again.`;

export const setup: Setup = (schema, action) => {
  schema
    .addArgument(new Argument('[file]', 'state.yaml or host.yaml').choices(SCHEMAS).default('state'))
    .addHelpText('after', ABOUT)
    .addHelpText('after', example('eboxmail schema', 'eboxmail schema state > /etc/eboxmail/state.schema.json'))
    .action(action(run));
};

async function run({ terminal }: Context, name: SchemaName): Promise<number> {
  terminal.data(await schemaText(name));
  return EXIT.done;
}
