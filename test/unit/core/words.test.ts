import { describe, expect, it } from 'vitest';
import { splitWords } from '../../../src/core/words.ts';

const wordsOf = (line: string): readonly string[] | undefined => {
  const split = splitWords(line);
  return split.ok ? split.words : undefined;
};

describe('a line is split as by a shell', () => {
  it.each([
    ['', []],
    ['   \t ', []],
    ['# nothing', []],
    ['user add a@b.test', ['user', 'add', 'a@b.test']],
    ['  a\t b  ', ['a', 'b']],
    ['a # comment', ['a']],
    ['a#b c', ['a#b', 'c']],
    [`''`, ['']],
    [`a '' b`, ['a', '', 'b']],
    [`'it is $HOME "as" it\\ is' x`, ['it is $HOME "as" it\\ is', 'x']],
    [`"a \\" b \\\\ c \\$d \\\` \\n"`, ['a " b \\ c $d ` \\n']],
    [`O\\'Hara "O'Hara" 'O'\\''Hara'`, ["O'Hara", "O'Hara", "O'Hara"]],
    [`--name="Alice L" [2001:db8::1]:25 {PLAIN}x *`, ['--name=Alice L', '[2001:db8::1]:25', '{PLAIN}x', '*']],
    [`\\# \\$x a\\ b`, ['#', '$x', 'a b']],
    ['Zoë 日本 "ö ü"', ['Zoë', '日本', 'ö ü']],
  ])('%j', (line, words) => {
    expect(wordsOf(line)).toEqual(words);
  });

  it.each([
    [`user 'x`, 6, /quote is not closed/],
    [`a "b' c`, 3, /quote is not closed/],
    [`"x\\"`, 1, /quote is not closed/],
    ['a b\\', 4, /backslash/],
    ['a $USER', 3, /\$ is nothing/],
    ['a "x $USER"', 6, /\$ is nothing/],
    ['a "`id`"', 4, /` is nothing/],
    ['a `id`', 3, /` is nothing/],
    ['a; b', 2, /; is nothing/],
    ['a | b', 3, /\| is nothing/],
    ['a > b', 3, /> is nothing/],
    ['a $(b)', 3, /\$ is nothing/],
  ])('%j is refused at column %i', (line, column, why) => {
    const split = splitWords(line);
    expect(split).toMatchObject({ ok: false, column });
    expect(split.ok ? '' : split.why).toMatch(why);
  });
});
