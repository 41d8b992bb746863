/** A block of a configuration as doveconf(1) shows it; the outermost has no name. */
export interface DoveconfBlock {
  /** What stands before the brace: `service imap`. */
  readonly name: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly blocks: readonly DoveconfBlock[];
}

/** Reads what `doveconf -n` says: a setting or a brace a line. */
export function doveconfBlocks(text: string): DoveconfBlock {
  const lines = text.split('\n').map((line) => line.trim());
  let at = 0;
  const read = (name: string): DoveconfBlock => {
    const settings = new Map<string, string>();
    const blocks: DoveconfBlock[] = [];
    while (at < lines.length) {
      const line = lines[at++] ?? '';
      const [, key, value] = /^(\S+) = ?(.*)$/.exec(line) ?? [];
      if (line === '}') break;
      if (key !== undefined && value !== undefined) settings.set(key, value);
      else if (line.endsWith('{')) blocks.push(read(line.slice(0, -1).trim()));
    }
    return { name, settings, blocks };
  };
  return read('');
}
