import type { CopyRecipient, Copies } from '../copies.ts';
import type { Directory } from '../directory.ts';
import type { MailModel } from '../model.ts';
import type { StatePath } from '../problem.ts';

/** What explanations are made of: the state, and what the machine itself adds to it. */
export interface MailService {
  readonly model: MailModel;
  readonly directory: Directory;
  readonly copies: Copies;
  readonly machine: Machine;
}

/** What is not in the state and decides about addresses under the machine's own name. */
export interface Machine {
  readonly sandbox: boolean;
  /** Names that get local mail, in lower case: accounts of the system, and lines of etc/aliases with what they say. */
  readonly names: ReadonlyMap<string, LocalName>;
  /** IP addresses that mail may name in brackets instead. */
  readonly addresses: ReadonlySet<string>;
}

export type LocalName = { readonly kind: 'account' } | { readonly kind: 'alias'; readonly to: string };

export type StepKind =
  | 'address'
  | 'detail'
  | 'domain'
  | 'domain-alias'
  | 'account'
  | 'alias'
  | 'group'
  | 'no-account'
  | 'mailbox'
  | 'external'
  | 'local'
  | 'postmaster'
  | 'unknown'
  | 'unknown-to'
  | 'relay'
  | 'route'
  | 'reserved'
  | 'unqualified'
  | 'discarded'
  | 'copy'
  | 'filter'
  | 'no-copy'
  | 'login'
  | 'owner';

/** One step of the way, in words, with the entry of the state that is behind it. */
export interface Step {
  readonly kind: StepKind;
  /** How far it is indented below the step that leads to it. */
  readonly depth: number;
  readonly text: string;
  readonly address?: string;
  /** A group stands here by its name as it is compared. What is so by default has a path that is not in the state. */
  readonly path?: StatePath;
}

export interface Recipient {
  readonly address: string;
  /** local: the machine's own mail, as for root. */
  readonly kind: 'mailbox' | 'external' | 'local';
}

export type ReplyCode = 250 | 504 | 550 | 554;

/** What SMTP answers to a recipient. */
export interface Verdict {
  /** Mail ends in a mailbox here or is sent on from here. */
  readonly deliverable: boolean;
  /** To a stranger: 250 accepted, 504 no full domain, 550 unknown user, 554 not for us. */
  readonly code: ReplyCode;
  /** To a user who has logged in; null when nobody can. */
  readonly loggedIn: ReplyCode | null;
  readonly reason: string;
}

export interface Explanation {
  /** As it is compared. */
  readonly address: string;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  readonly recipients: readonly Recipient[];
  readonly copies: readonly CopyRecipient[];
}

/** Whether a login may use an address as envelope sender. */
export interface SenderExplanation {
  readonly user: string;
  readonly address: string;
  readonly allowed: boolean;
  /** What SMTP answers; null when the user cannot even log in. */
  readonly code: 250 | 504 | 553 | null;
  readonly reason: string;
  /** What would allow it. */
  readonly hint: string | undefined;
  /** The accounts that may. */
  readonly owners: readonly string[];
  readonly steps: readonly Step[];
  readonly copies: readonly CopyRecipient[];
}
