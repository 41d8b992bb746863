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
    ['two of them', 'postmaster: a\nroot: x\npostmaster: b,\n  c\n# end\n', `${LINE}root: x\n# end\n`],
    ['two of them, the first as it should be', `${LINE}# and\npostmaster: b\n`, `${LINE}# and\n`],
    ['in quotes', '"PostMaster": root\nroot: x\n', `${LINE}root: x\n`],
    ['in quotes with a backslash', '"post\\master" : root\n', LINE],
    ['in quotes, besides another', 'postmaster: a\n"postmaster": b\n', LINE],
    ['its colon on the next line', 'postmaster\n# c\n : root\n', `${LINE}# c\n`],
    ['no colon', 'postmaster\nb: c\n', `postmaster\nb: c\n${LINE}`],
    ['another name that has blanks', 'post master: x\n" postmaster": x\n', `post master: x\n" postmaster": x\n${LINE}`],
    ['a leading blank, where Postfix reads no entry', ' postmaster: x\n', ` postmaster: x\n${LINE}`],
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
    [
      'both of theirs are back',
      `${LINE}new: x\n`,
      'postmaster: a\n"postmaster": b\n',
      'postmaster: a\n"postmaster": b\nnew: x\n',
    ],
    [
      'it was given back already',
      'postmaster: a\nn: x\npostmaster: b\n',
      'postmaster: a\npostmaster: b\n',
      'postmaster: a\nn: x\npostmaster: b\n',
    ],
    ['a line of others that an apply left there stays', `root: x\n${LINE}new: x\n`, 'root: x', 'root: x\nnew: x\n'],
  ])('%s', (_, current, original, expected) => {
    expect(giveBackOwnedLine(current, 'postmaster:', original)).toBe(expected);
  });

  it.each([
    '',
    '# only',
    'root: x\n',
    'a: b\npostmaster: root',
    'postmaster: root\n# c\n  bob\nroot: x\n',
    'root: x\npostmaster:\n  root,\n\n  bob\nftp: x\n',
    'postmaster: root\nroot: x\npostmaster: bob\n',
    '"postmaster": root\n',
    ' postmaster: x\nno colon\n',
    'postmaster:  alice@example.com\n',
  ])('is the original to the byte where nobody else wrote there: %j', (original) => {
    const applied = mergeOwnedLine(merge(original), 'postmaster:', 'postmaster: bob@example.com\n');
    expect(giveBackOwnedLine(merge(original), 'postmaster:', original)).toBe(original);
    expect(giveBackOwnedLine(applied, 'postmaster:', original)).toBe(original);
  });
});
