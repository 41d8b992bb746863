/** Raw settings for dovecot.conf, as they are spread over it. */
export interface OverrideParts {
  /** Settings outside of blocks, with the comments above them. */
  readonly settings: string;
  /** Blocks and included files, and what follows an included file. */
  readonly blocks: string;
}

/**
 * Settings outside of blocks have to stand before our blocks `protocol`: those would go on with the value that they found, and
 * doveconf(1) warns of that. Blocks have to stand behind ours, to win over what they say. What follows an included file may be
 * there to win over it, so it stays behind it. Within both parts the order stays.
 */
export function overrideParts(text: string): OverrideParts {
  const settings: string[] = [];
  const blocks: string[] = [];
  let comments: string[] = [];
  let depth = 0;
  let hasIncluded = false;
  for (const line of logicalLines(text)) {
    const code = withoutComment(line);
    if (depth === 0 && code === '') {
      comments.push(line);
      continue;
    }
    hasIncluded ||= depth === 0 && code.startsWith('!');
    const isSetting = depth === 0 && !hasIncluded && /^[a-z_0-9]+\s*=/.test(code);
    (isSetting ? settings : blocks).push(...comments, line);
    comments = [];
    if (!/^\S+\s*=/.test(code)) depth += (/\{$/.test(code) ? 1 : 0) - (code === '}' ? 1 : 0);
    if (depth < 0) break;
  }
  (blocks.length > 0 ? blocks : settings).push(...comments);
  const parts = { settings: joined(settings), blocks: joined(blocks) };
  // A brace too few or too many is for doveconf(1) to find, and what goes on with a line of nobody must not do so with ours.
  return depth !== 0 || parts.settings.endsWith('\\') ? { settings: '', blocks: joined([text]) } : parts;
}

/** Lines together with those that go on with them: a backslash at the end of a line that is no comment. */
export function logicalLines(text: string): readonly string[] {
  const lines: string[] = [];
  let goesOn = false;
  for (const line of text.split('\n')) {
    if (goesOn) lines.push(`${lines.pop() ?? ''}\n${line}`);
    else lines.push(line);
    goesOn = withoutComment(line).endsWith('\\');
  }
  return lines;
}

/** What Dovecot reads of a line: "#" begins a comment, except in quotes. */
export function withoutComment(line: string): string {
  const [code = ''] = /^(?:[^#"']|"(?:[^"\\]|\\[^])*"?|'(?:[^'\\]|\\[^])*'?)*/.exec(line) ?? [];
  return code.trim();
}

/** Without blank lines around it. */
function joined(lines: readonly string[]): string {
  return lines.join('\n').replace(/^(?:[ \t]*\n)+|\s+$/g, '');
}
