import { describe, expect, it } from 'vitest';
import { overrideParts } from '../../../src/core/render/dovecot/override-parts.ts';

describe('raw settings for dovecot.conf', () => {
  it.each([
    ['settings', 'a = 1\nb=2\n', 'a = 1\nb=2', ''],
    ['blocks', 'plugin {\n  a = 1\n}\n', '', 'plugin {\n  a = 1\n}'],
    [
      'both',
      'plugin {\n  a = 1\n}\nb = 2\nlocal x {\n c = 3\n}\nd = 4\n',
      'b = 2\nd = 4',
      'plugin {\n  a = 1\n}\nlocal x {\n c = 3\n}',
    ],
    [
      'comments go with what is below',
      '# why\na = 1\n\n# block\nx {\n# in\n}\n# end\n',
      '# why\na = 1',
      '\n# block\nx {\n# in\n}\n# end'.trim(),
    ],
    ['a block in a block', 'x {\n  y {\n  }\n  a = 1\n}\nb = 2\n', 'b = 2', 'x {\n  y {\n  }\n  a = 1\n}'],
    ['lines that go on', 'a = 1 \\\n  2 \\\n  3\nx {\n}\n', 'a = 1 \\\n  2 \\\n  3', 'x {\n}'],
    ['a brace in a value', 'a = {\nb = }\n', 'a = {\nb = }', ''],
    ['a comment behind a brace', 'x { # here\n} # there\na = "# {" # {\n', 'a = "# {" # {', 'x { # here\n} # there'],
    ['what follows an included file', 'a = 1\n!include x\nb = 2\n', 'a = 1', '!include x\nb = 2'],
    ['an included file inside of a block', 'x {\n!include y\n}\nb = 2\n', 'b = 2', 'x {\n!include y\n}'],
    ['settings inside of blocks by their path', 'plugin/a = 1\nb = 2\n', 'b = 2', 'plugin/a = 1'],
  ])('%s', (_, text, settings, blocks) => {
    expect(overrideParts(text)).toEqual({ settings, blocks });
  });

  it.each(['a = 1\nx {\n', 'a = 1\n}\nb = 2\n', 'a = 1 \\\n', 'a = 1\nb = 2 \\\n\n', 'a = 1\nx {\n}\n}\ny {\n'])(
    'stay together when they are none: %j',
    (text) => {
      expect(overrideParts(text)).toEqual({ settings: '', blocks: text.trimEnd() });
    },
  );
});
