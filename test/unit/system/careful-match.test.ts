import { describe, expect, it } from 'vitest';
import { carefulMatch } from '../../../src/system/careful-match.ts';

describe('a regular expression that somebody typed', () => {
  it.each(['refused', 'time(d)? ?out', '(refused|reset)+$', '^(.*,)*x$', '[0-9]+[.][0-9]+[.][0-9]+'])(
    '%s',
    (source) => {
      const expression = new RegExp(source, 'iu');
      const test = carefulMatch(expression);
      for (const text of ['Connection refused', 'timed out', 'timeout', '10.0.0.1', 'a,b,x', '', 'Connection refused'])
        expect([text, test(text)]).toEqual([text, expression.test(text)]);
    },
  );

  it.each(['(a+)+$', '(a|a)*$', 'a*a*a*a*a*a*a*a*a*a*$', '(a?){30}$'])(
    '%s is given up where it takes too long',
    (source) => {
      const test = carefulMatch(new RegExp(source, 'iu'));
      expect(() => test(`${'a'.repeat(39)}!`.repeat(20))).toThrow(/takes too long/);
    },
  );
});
