import type { WantedDirectory } from '../render/directories.ts';

/** Who owns a directory, and who may do what there. */
export interface Ownership {
  readonly mode: number;
  /** A name, or the number of who has none. */
  readonly owner: string;
  readonly group: string;
}

export interface FoundDirectory extends Ownership {
  /** Whether the directory above is root's. */
  readonly belowRoots: boolean;
}

/** A directory of ours whose owner or mode is put right, or one that was there and is made again. */
export interface DirectoryChange {
  readonly path: string;
  /** Undefined when it has gone. */
  readonly before: Ownership | undefined;
  readonly after: Ownership;
  /** Mailboxes should be there and none is: maybe a file system that belongs there is not mounted. */
  readonly lacksMail?: boolean;
}

/**
 * What differs; most directories that are not there are not among it: they are made when they are needed.
 * @param gone those that were there after the last apply, and daemons need them
 */
export function directoryChanges(
  wanted: readonly WantedDirectory[],
  found: ReadonlyMap<string, FoundDirectory>,
  gone: ReadonlySet<string> = new Set(),
): readonly DirectoryChange[] {
  return wanted.flatMap((directory) => {
    const there = found.get(directory.path);
    if (there === undefined) return gone.has(directory.path) ? [madeAgain(directory)] : [];
    const { mode, owner, group } = there;
    const change = { path: directory.path, before: { mode, owner, group }, after: ownershipAfter(directory, there) };
    return ownershipWords(change) === '' ? [] : [change];
  });
}

function madeAgain({ path, mode, owner = 'root', group = 'root' }: WantedDirectory): DirectoryChange {
  return { path, before: undefined, after: { mode, owner: String(owner), group: String(group) } };
}

function ownershipAfter({ mode, owner, group, madeBy, isLenient }: WantedDirectory, found: FoundDirectory): Ownership {
  if (isLenient === true) return { owner: String(owner), group: found.group, mode: (found.mode | 0o700) & ~0o002 };
  const byKeeper = madeBy === 'keeper';
  const anyOwner = owner === undefined || (byKeeper && !found.belowRoots);
  // A group without rights is whichever the maker had.
  const anyGroup = group === undefined || (mode & 0o070) === 0;
  return {
    mode: byKeeper ? found.mode & (mode | 0o7000) : mode,
    owner: anyOwner ? found.owner : String(owner),
    group: anyGroup ? found.group : String(group),
  };
}

/** e.g. `owner nobody → root, mode 0777 → 0755`; empty when nothing differs. */
export function ownershipWords({ before, after }: Pick<DirectoryChange, 'before' | 'after'>): string {
  if (before === undefined) return `new, owner ${after.owner}, group ${after.group}, mode ${modeText(after.mode)}`;
  const [old, now] = [before, after].map(({ mode, ...rest }) => ({ ...rest, mode: modeText(mode) }));
  return (['owner', 'group', 'mode'] as const)
    .flatMap((name) => (old?.[name] === now?.[name] ? [] : [`${name} ${old?.[name]} → ${now?.[name]}`]))
    .join(', ');
}

/** What an administrator has to know before an empty directory takes the place of the mail. */
export const LACKS_MAIL = 'no mailbox is there; if a file system belongs there, mount it before you apply';

/** Octal, as chmod(1) takes it. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
