/**
 * What commands did to addresses since the last apply, in their order. The state says only who is there; whose mailbox
 * belongs to whom is known from this. `since` is the time of the last apply when it was written, `after` the numbers of the
 * `back` that the state may have come from then, 0 for none; events of earlier versions have it not. The `origin` of a rename names
 * the mailbox by its track; it is absent for a user who has none from that apply.
 * `login` is what the user had then to log in with, by a hash, empty for nothing; it is absent in events of earlier versions.
 */
export type MailboxEvent = {
  readonly seq: number;
  readonly since: string;
  readonly after?: readonly number[] | undefined;
  readonly login?: string | undefined;
} & (
  | { readonly kind: 'renamed'; readonly origin?: string | undefined; readonly from: string; readonly to: string }
  /** A user who has nothing to do with whoever had the address before. */
  | { readonly kind: 'new'; readonly address: string }
  /**
   * A mailbox is that of the user at an address: a removal that was not applied is taken back, or a command found it so.
   * `origin` is the address at the last apply, or the id in the archive.
   */
  | { readonly kind: 'kept'; readonly origin: string; readonly to: string; readonly mailbox?: MailboxId }
  /** A mailbox comes back from the archive; `id` is its address and its id there. */
  | { readonly kind: 'restored'; readonly id: string; readonly to: string; readonly mailbox?: MailboxId }
  /**
   * An earlier state comes back, and what was written down before is of no meaning for it. `given` are the users who get
   * another mailbox than the last apply left at their address, all at once. `then` is that state and `before` the one that
   * it replaces; they are absent in events of earlier versions.
   */
  | {
      readonly kind: 'back';
      readonly given: readonly Given[];
      readonly then?: StateSigns | undefined;
      readonly before?: StateSigns | undefined;
    }
  /** The state as a command is about to write it while there is a `back`, so that it is known again. */
  | { readonly kind: 'seen'; readonly state: StateSigns }
);

/** What a mailbox is known by wherever it goes; absent in events and for mailboxes of earlier versions. */
type MailboxId = string | undefined;

export type BackEvent = Extract<MailboxEvent, { kind: 'back' }>;

/** A user's mailbox: that of an address at the last apply, or of the archive by its id there, or an empty one. */
export interface Given {
  readonly to: string;
  readonly origin?: string | undefined;
  readonly archived?: string | undefined;
}

/** What a user logs in with, by a hash, and the entry as a whole. */
export interface UserSigns {
  readonly login: string;
  readonly entry: string;
}

/** A state by hashes: of the whole, and of the users who are not as at the last apply; null for who is not there. */
export interface StateSigns {
  readonly whole: string;
  readonly users: Readonly<Record<string, UserSigns | null>>;
}
