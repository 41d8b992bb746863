import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { fieldsText, tableText } from '../../../src/ui/table.ts';

const HEADER = ['ADDRESS', 'NAME', 'QUOTA'];
const ROWS = [
  ['alice@example.com', 'Alice Liddell', '2 GB'],
  ['li@example.com', '李明 王小明 张三', ''],
  ['emoji@example.com', '👩‍💻 Ada 🇩🇪', 'unlimited'],
];

it('aligns wide characters and emoji by the columns they take', () => {
  expect(tableText(HEADER, ROWS, 80)).toBe(
    [
      'ADDRESS            NAME              QUOTA',
      'alice@example.com  Alice Liddell     2 GB',
      'li@example.com     李明 王小明 张三',
      'emoji@example.com  👩‍💻 Ada 🇩🇪         unlimited',
      '',
    ].join('\n'),
  );
});

it('goes on in the next line where the terminal is narrow, and breaks no word', () => {
  expect(tableText(HEADER, ROWS, 40)).toBe(
    [
      'ADDRESS            NAME        QUOTA',
      'alice@example.com  Alice       2 GB',
      '                   Liddell',
      'li@example.com     李明',
      '                   王小明',
      '                   张三',
      'emoji@example.com  👩‍💻 Ada 🇩🇪   unlimited',
      '',
    ].join('\n'),
  );
});

it('becomes blocks where that does not fit', () => {
  const long = `${'x'.repeat(64)}@example.com`;
  expect(tableText(HEADER, [[long, 'X', '1 GB'], ROWS[1] ?? []], 40)).toBe(
    `ADDRESS  ${long}\nNAME     X\nQUOTA    1 GB\n\nADDRESS  li@example.com\nNAME     李明 王小明 张三\n`,
  );
});

it.each([20, 30, 40, 60, 80, 200])('fits into %d columns, or is blocks', (columns) => {
  const text = tableText(HEADER, ROWS, columns);
  const widest = Math.max(...text.split('\n').map((line) => stringWidth(line)));
  expect(widest <= columns || text.startsWith('ADDRESS  alice')).toBe(true);
  for (const word of ROWS.flat().flatMap((cell) => cell.split(' '))) expect(text).toContain(word);
});

it('shows what a terminal would act on', () => {
  expect(tableText(['A'], [['\u001b[31mred\u202e\n']], 80)).toBe('A\n\\u{001B}[31mred\\u{202E}\\u{000A}\n');
});

it('draws twenty thousand rows', () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => [`user${n}@example.com`, 'x']);
  expect(tableText(['A', 'B'], rows, 80).split('\n')).toHaveLength(20_002);
});

it('has no rows', () => {
  expect(tableText(HEADER, [], 80)).toBe('ADDRESS  NAME  QUOTA\n');
  expect(tableText(HEADER, [], 5)).toBe('');
});

it('aligns fields, and wraps them only on a terminal', () => {
  const fields = [['Group', '社員'] as const, ['名前 A', 'one two three four'] as const];
  expect(fieldsText(fields)).toBe('Group:  社員\n名前 A: one two three four\n');
  expect(fieldsText(fields, 20)).toBe('Group:  社員\n名前 A: one two\n        three four\n');
  expect(fieldsText([['Changes', 'one'] as const, ['', 'two'] as const])).toBe('Changes: one\n         two\n');
});
