import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import type { Quoted } from '../quote.ts';

/** What versions of Dovecot do not say alike. */
export interface Dialect {
  readonly template: string;
  /** The template's own names, beside those that every template has. */
  settings(model: MailModel, facts: HostFacts): Readonly<Record<string, Quoted>>;
  /** The field of an account's line that holds its limit. @param bytes 0 is unlimited */
  quotaField(bytes: number): string;
  /** The setting by which the message about a nearly full mailbox gets into it. */
  readonly noQuota: string;
}
