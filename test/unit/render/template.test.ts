import { describe, expect, it } from 'vitest';
import { ours } from '../../../src/core/render/quote.ts';
import { fillTemplate } from '../../../src/core/render/template.ts';

describe('templates', () => {
  it.each([
    ['a {{x}} b', { x: '1' }, 'a 1 b'],
    ['{{x}}{{y}}', { x: '1', y: '2' }, '12'],
    ['{{x}} and {{x}}', { x: '1' }, '1 and 1'],
    ['a\n{{x}}\nb\n', { x: '1' }, 'a\n1\nb\n'],
    ['a\n{{x}}\nb\n', { x: '1\n2' }, 'a\n1\n2\nb\n'],
    ['a\n{{x}}\nb\n', { x: '' }, 'a\nb\n'],
    ['a = {{x}}\n', { x: '' }, 'a = \n'],
    ['{{x}}', { x: '$& $1 $$' }, '$& $1 $$'],
    ['{{x}}\n{{y}}\n', { x: '{{y}}', y: '1' }, '{{y}}\n1\n'],
    ['{{x}}, {{y}}\n', { x: '{{y}}', y: '{{z}}' }, '{{y}}, {{z}}\n'],
    ['{x} }} {{', {}, '{x} }} {{'],
    ['nothing\n', {}, 'nothing\n'],
  ])('%j with %j is %j', (template, values, text) => {
    const quoted = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ours(value)]));
    expect(fillTemplate(template, quoted)).toBe(text);
  });

  it.each([
    ['{{x}}', {}, 'x'],
    ['{{X}}', { x: '1' }, 'X'],
    ['{{ x }}', { x: '1' }, ' x '],
    ['{{x-y}}', {}, 'x-y'],
    ['{{}}', {}, ''],
    ['{{toString}}', {}, 'toString'],
    ['{{x}}\n', { y: '' }, 'x'],
  ])('%j with %j has no value for %j', (template, values, name) => {
    const quoted = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, ours(value)]));
    expect(() => fillTemplate(template, quoted)).toThrow(`the template asks for {{${name}}}, which has no value`);
  });

  it('has a place for every value', () => {
    expect(() => fillTemplate('{{x}}', { x: ours('1'), y: ours(''), z: ours('3') })).toThrow(
      'the template has no place for y, z',
    );
  });
});
