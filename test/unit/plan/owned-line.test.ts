import { describe, expect, it } from 'vitest';
import { giveBackOwnedLine, mergeOwnedLine } from '../../../src/core/plan/owned-line.ts';

const LINE = 'postmaster: alice@example.com\n';
const merge = (current: string | undefined): string => mergeOwnedLine(current, 'postmaster:', LINE);

describe('the postmaster line in a file of others', () => {
  it.each([
    ['no file', undefined, LINE],
    ['an empty file', '', LINE],
    ['other entries', 'root: bob\n', `root: bob\n${LINE}`],
    ['no line break at the end', 'root: bob', `root: bob\n${LINE}`],
    ['another value', 'a: b\npostmaster: root\nc: d\n', `a: b\n${LINE}c: d\n`],
    ['at the end without a line break', 'a: b\npostmaster: root', `a: b\n${LINE.trimEnd()}`],
    ['upper case and blanks', 'Postmaster :\troot\n', LINE],
    ['continuation lines', 'postmaster: bob,\n  carol,\n\tdave\nroot: x\n', `${LINE}root: x\n`],
    ['a continuation at the end', 'postmaster: bob,\n  carol', LINE.trimEnd()],
    [
      'continuation lines behind comments and empty lines (aliases(5))',
      'postmaster: bob,\n# a comment\n\n  carol\n  # indented\nroot: x\n',
      `${LINE}# a comment\n\n  # indented\nroot: x\n`,
    ],
    ['a comment that names it', '# postmaster: root\n', `# postmaster: root\n${LINE}`],
    ['a longer name', 'postmaster2: root\nxpostmaster: root\n', `postmaster2: root\nxpostmaster: root\n${LINE}`],
    ['part of another entry', 'root: bob,\n  postmaster: x\n', `root: bob,\n  postmaster: x\n${LINE}`],
    ['only the first of two', 'postmaster: a\npostmaster: b\n', `${LINE}postmaster: b\n`],
  ])('%s', (_, current, expected) => {
    expect(merge(current)).toBe(expected);
    expect(merge(expected)).toBe(expected);
  });

  it.each([
    'postmaster:   alice@example.com\n',
    'a: b\npostmaster:alice@example.com\n\n# end\n',
    'postmaster:\n  alice@example.com\nroot: x\n',
    LINE.trimEnd(),
  ])('leaves a file that says the same as it is: %j', (current) => expect(merge(current)).toBe(current));
});

describe('giving the file back', () => {
  it.each([
    ['their line is back', `${LINE}new: x\n`, 'postmaster: root\n', 'postmaster: root\nnew: x\n'],
    ['with its continuation', `a: b\n${LINE}`, 'postmaster: x,\n  y\na: b\n', 'a: b\npostmaster: x,\n  y\n'],
    ['they had none', `a: b\n${LINE}c: d\n`, 'a: b\n', 'a: b\nc: d\n'],
    ['somebody took ours out', 'a: b\n', 'a: b\npostmaster: root\n', 'a: b\npostmaster: root\n'],
    ['there was no file', LINE, '', ''],
  ])('%s', (_, current, original, expected) => {
    expect(giveBackOwnedLine(current, 'postmaster:', original)).toBe(expected);
  });
});
