import type { DaemonName } from '../daemons.ts';

/** A file that eboxmail owns, as it should be. */
export interface RenderedFile {
  /** Relative to the root, without a leading slash. */
  readonly path: string;
  /** Why it is written, for people: completes "… is written because it holds". */
  readonly reason: string;
  readonly content: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** What has to be done when it changes. */
  readonly onChange: OnChange;
  /** Set when the daemon reads an indexed form that postmap(1), postalias(1) or sievec(1) builds beside it. */
  readonly index?: { readonly builder: 'postmap' | 'postalias' | 'sievec'; readonly type: string };
  /** Set when lines hold secrets; the text is masked wherever it is shown. */
  readonly secret?: 'account-file' | 'relay-login' | 'fetch-file';
  /** Set when eboxmail owns only one line: the file's other lines stay as they are on the machine. */
  readonly ownsLine?: { readonly begins: string };
}

/** Which daemon must read its configuration again. Indexed tables and the account file are seen without that. */
export type OnChange = `${'reload' | 'restart'}-${DaemonName}` | 'nothing';

/** First line of every file that can carry a comment. */
export const HEADER = '# Written by eboxmail from its state file; change that and run "eboxmail apply".';
