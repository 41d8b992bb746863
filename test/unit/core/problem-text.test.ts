import { expect, it } from 'vitest';
import type { LocatedProblem } from '../../../src/core/problem.ts';
import { formatPath } from '../../../src/core/problem.ts';
import { problemText } from '../../../src/ui/problems.ts';

const problem = (more: Partial<LocatedProblem>): LocatedProblem => ({
  rule: 'test',
  severity: 'error',
  path: [],
  at: 'value',
  message: 'something is wrong',
  ...more,
});

it.each<[Partial<LocatedProblem>, string]>([
  [{}, 'state.yaml: error: something is wrong'],
  [{ position: { line: 3, column: 7 } }, 'state.yaml:3:7: error: something is wrong'],
  [
    { severity: 'warning', path: ['users', 'a@b.c', 'fetch', 0] },
    'state.yaml: warning: users.a@b.c.fetch[0]: something is wrong',
  ],
  [{ hint: 'do it better' }, 'state.yaml: error: something is wrong\n    do it better'],
  [{ path: ['users', 'a\x1b[2J\n@b.c'] }, 'state.yaml: error: users.a\\u{001B}[2J\\u{000A}@b.c: something is wrong'],
  [{ message: '"a\u202eb" is wrong' }, 'state.yaml: error: "a\\u{202E}b" is wrong'],
])('%j', (more, text) => expect(problemText('/etc/eboxmail/state.yaml', problem(more))).toBe(text));

it.each([
  [[], ''],
  [['server', 'tls'], 'server.tls'],
  [['a', 0, 'b', 1], 'a[0].b[1]'],
  [[''], ''],
])('the path %j is %j', (path, text) => expect(formatPath(path)).toBe(text));
