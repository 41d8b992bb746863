import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { scene, STATE } from '../support/scene.ts';

const ID = '4jYzSz4NwlzJff7';

describe('wrong usage of the queue commands', () => {
  const rows: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [['delete'], /no message is selected[\s\S]*--all/],
    [['hold'], /no message is selected/],
    [['delete', 'ALL'], /"ALL" is no queue id[\s\S]*--all/],
    [['delete', ID, 'all'], /"all" is no queue id/],
    [['delete', '-'], /"-" is no queue id/],
    [['delete', '--', '-d'], /"-d" is no queue id/],
    [['hold', `${ID} ALL`], /is no queue id/],
    [['requeue', `${ID}\nALL`], /is no queue id/],
    [['retry', '../../etc/passwd'], /is no queue id/],
    [['release', ''], /is no queue id/],
    [['show', 'ALL'], /is no queue id/],
    [['show', '/etc/shadow'], /is no queue id/],
    [['show'], /missing required argument/],
    [['delete', ID, '--all'], /exclude each other/],
    [['delete', '--all', '--sender', 'x'], /exclude each other/],
    [['delete', ID, '--queue', 'hold'], /exclude each other/],
    [['delete', '--reason', '('], /no regular expression/],
    [['delete', '--older-than', 'soon'], /no time[\s\S]*30 min/],
    [['delete', '--larger-than', 'big'], /no size/],
    [['list', '--limit', '0'], /no number/],
    [['list', '--limit', '1e3'], /no number/],
    [['list', '--sort', 'colour'], /Allowed choices/],
    [['list', '--reverse'], /needs --sort/],
    [['list', '--watch'], /--watch needs a terminal/],
    [['show', ID, '--raw', '--headers'], /exclude each other/],
    [['show', ID, '--raw', '--json'], /--json/],
  ];
  it.each(rows)('%j', async (args, words) => {
    const there = await scene(STATE);
    expect(await there.refuses(2, ['queue', ...args, '--yes'])).toMatch(words);
  });
});

describe('without a mail system', () => {
  const commands = [
    'list',
    'list --json',
    'list --ids',
    'list --json --limit 3',
    'summary',
    'flush',
    'undo',
    'hold --all',
  ];
  commands.push(`delete ${ID}`, `show ${ID}`);
  it.each(commands)('queue %s says so', async (command) => {
    const there = await scene(STATE);
    const args = ['queue', ...command.split(' '), '--yes'];
    expect(await there.refuses(1, args)).toContain(`there is no Postfix configuration in ${there.root}/etc/postfix`);
    await mkdir(`${there.root}/etc/postfix`, { recursive: true });
    await writeFile(`${there.root}/etc/postfix/main.cf`, `queue_directory = ${there.root}/var/spool/postfix\n`);
    expect(await there.refuses(1, args)).toContain('the mail system is down');
  });

  it('says so in the short way, too', async () => {
    const there = await scene(STATE);
    expect(await there.refuses(1, ['queue', 'list', '--json'])).toContain('there is no Postfix configuration');
  });
});
