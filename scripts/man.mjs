// Makes dist/man/eboxmail.1 and dist/man/eboxmail-state.5 of what the program itself says: the table of commands with its
// help, and schemas/state.schema.json. Part of the build, so that nothing is written down twice.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { load } from '../bin/load.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Writes both pages below a built program. */
export async function writeManPages(dist, version) {
  const schema = JSON.parse(await readFile(join(ROOT, 'schemas/state.schema.json'), 'utf8'));
  const pages = { 'eboxmail.1': await commandPage(dist, version), 'eboxmail-state.5': statePage(schema, version) };
  await mkdir(join(dist, 'man'), { recursive: true });
  for (const [name, text] of Object.entries(pages)) {
    const path = join(dist, 'man', name);
    await writeFile(`${path}.${process.pid}.tmp`, text);
    await rename(`${path}.${process.pid}.tmp`, path);
  }
}

/** A text as roff shows it: no character of it is a request or an escape, and hyphens can be copied into a shell. */
export function roff(text) {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('`', '\\(ga');
  const ascii = escaped.replaceAll('^', '\\(ha').replaceAll('~', '\\(ti').replaceAll('"', '\\(dq');
  const special = [...ascii].map((character) => (character > '~' ? `\\[u${hex(character)}]` : character)).join('');
  return special.replace(/^([.'])/gm, '\\&$1');
}

function hex(character) {
  return character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
}

/** A paragraph; blank lines would be more space than one wants. */
const flowing = (text) => roff(text.replace(/\s*\n\s*/g, ' ').trim()).replace(/([,/|])(?=\S)/g, '$1\\:');
const asItIs = (lines) => ['.PP', '.nf', '.RS 4', ...lines.map((line) => roff(line) || '\\&'), '.RE', '.fi'].join('\n');
const bold = (text) => `\\fB${roff(text)}\\fR`;
const heading = (text) => `.SH "${roff(text.toUpperCase())}"`;

function title(name, section, version) {
  return [
    `.\\" Made by scripts/man.mjs; do not edit.`,
    `.TH ${name} ${section} "" "eboxmail ${version}" ""`,
    '.ad l',
    '.nh',
  ].join('\n');
}

async function commandPage(dist, version) {
  const { program, topics } = await loadProgram(dist);
  const leaves = commandsBelow(program, []);
  return `${[
    title('EBOXMAIL', 1, version),
    heading('Name'),
    'eboxmail \\- one file says what the mail service should be',
    heading('Synopsis'),
    `${bold('eboxmail')} [\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]`,
    heading('Description'),
    flowing(program.description()),
    heading('Options'),
    'These stand before or behind the command.',
    ...program.options.map(optionText),
    heading('Commands'),
    ...leaves.map(commandText),
    ...topics.flatMap(topicText),
    heading('Environment'),
    ...[
      ['EBOXMAIL_STATE', 'The state file, where --state is not given.'],
      ['EBOXMAIL_ROOT', 'The root, where --root is not given.'],
      ['NO_COLOR, FORCE_COLOR', 'Colour, where --color is not given.'],
    ].map(([name, text]) => tagged(bold(name), text)),
    heading('Files'),
    tagged(bold('/etc/eboxmail/state.yaml'), 'The state.'),
    tagged(bold('/etc/eboxmail/host.yaml'), 'What belongs to the machine and not to the service.'),
    tagged(bold('/etc/eboxmail/secrets/'), 'Passwords that must be kept in clear.'),
    heading('See also'),
    '.BR eboxmail\\-state (5),\n.BR postfix (1),\n.BR dovecot (1)',
  ].join('\n')}\n`;
}

async function loadProgram(dist) {
  const { makeProgram } = load(join(dist, 'cli/program.cjs'));
  const { TOPICS } = load(join(dist, 'cli/topics.cjs'));
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const { command } = await makeProgram(
    { argv: ['node', 'eboxmail'], env: {}, stdin, stdout, stderr },
    { whole: true },
  );
  return { program: command, topics: TOPICS };
}

/** Every command that does something, with its words. */
function commandsBelow(command, words) {
  return command.commands.flatMap((each) => {
    const path = [...words, each.name()];
    const below = commandsBelow(each, path);
    // A command that has others below it may do something itself: then it is an example of itself.
    const itself =
      below.length === 0 ||
      helpAfter(each).some((text) => text.includes(`\n  ${roff(`eboxmail ${path.join(' ')}`)}\n`));
    return itself ? [{ command: each, path }, ...below] : below;
  });
}

function commandText({ command, path }) {
  const usage = command.registeredArguments.map((argument) => {
    const name = `\\fI${roff(argument.name())}\\fR${argument.variadic ? ' ...' : ''}`;
    return argument.required ? name : `[${name}]`;
  });
  const options = command.options.length === 0 ? [] : ['[\\fIoptions\\fR]'];
  return [
    `.SS "${roff(`eboxmail ${path.join(' ')}`)}"`,
    [bold(`eboxmail ${path.join(' ')}`), ...options, ...usage].join(' '),
    '.PP',
    `${flowing(sentence(command.description()))}`,
    ...command.options.filter(({ hidden }) => !hidden).map(optionText),
    ...helpAfter(command),
  ].join('\n');
}

/** What help shows behind the options: words of its own, and the examples. */
function helpAfter(command) {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const own = text.slice(command.helpInformation().length).trim();
  return own === '' ? [] : [asItIs(own.split('\n'))];
}

function optionText({ flags, description, argChoices }) {
  const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  return tagged(bold(flags), `${description}${choices}`);
}

function tagged(tag, text) {
  return `.TP\n${tag}\n${flowing(sentence(text))}`;
}

/** Paragraphs flow, and lines that begin with two blanks stay as they are. */
function topicText({ name, summary, text }) {
  const parts = text.split('\n\n').map((part) => {
    const lines = part.split('\n');
    return lines.every((line) => line.startsWith('  '))
      ? asItIs(lines.map((line) => line.slice(2)))
      : `.PP\n${flowing(part)}`;
  });
  return [`.SH "${roff(`${name}: ${summary}`.toUpperCase())}"`, parts.join('\n').replace(/^\.PP\n/, '')];
}

function sentence(text) {
  const end = /[.!?:]$/.test(text) ? '' : '.';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}

function statePage(schema, version) {
  return `${[
    title('EBOXMAIL\\-STATE', 5, version),
    heading('Name'),
    'eboxmail\\-state \\- the state of an eboxmail server',
    heading('Description'),
    flowing(schema.description ?? ''),
    '.PP',
    'The file is YAML, /etc/eboxmail/state.yaml where nothing else is said. A name in capitals stands for one of your choice.',
    heading('Keys'),
    ...keysOf(schema, schema.$defs ?? {}, ''),
    heading('Example'),
    asItIs([
      'version: 1',
      'server: {mailname: mx.example.com}',
      'domains:',
      '  example.com:',
      'users:',
      '  alice@example.com:',
      '    name: Alice Liddell',
      'aliases:',
      '  info@example.com: alice@example.com',
    ]).replace(/^\.PP\n/, ''),
    heading('See also'),
    '.BR eboxmail (1)',
  ].join('\n')}\n`;
}

function keysOf(node, definitions, path) {
  const { $ref, ...own } = node;
  const full = $ref === undefined ? own : { ...definitions[$ref.replace('#/$defs/', '')], ...own };
  const below = [
    ...Object.entries(full.properties ?? {}).map(([key, value]) => [path === '' ? key : `${path}.${key}`, value]),
    ...(typeof full.additionalProperties === 'object' ? [[`${path}.NAME`, full.additionalProperties]] : []),
    ...(full.items === undefined ? [] : [[`${path}[]`, full.items]]),
  ];
  return below.flatMap(([name, value]) => [keyText(name, value, definitions), ...keysOf(value, definitions, name)]);
}

function keyText(name, node, definitions) {
  const { description = '', default: standard, enum: words, examples } = resolved(node, definitions);
  const facts = [
    words === undefined ? '' : `One of: ${words.join(', ')}.`,
    standard === undefined ? '' : `Default: ${JSON.stringify(standard)}.`,
    examples === undefined ? '' : `Example: ${JSON.stringify(examples[0])}.`,
  ].filter(Boolean);
  return `.TP\n${bold(name)}\n${flowing([description === '' ? '' : sentence(description), ...facts].join(' ')) || '\\&'}`;
}

function resolved({ $ref, ...own }, definitions) {
  return $ref === undefined ? own : { ...definitions[$ref.replace('#/$defs/', '')], ...own };
}
