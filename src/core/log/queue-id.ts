/** Digits of long queue ids, in their order (Postfix's mail_queue.h, safe_ultostr.c): no vowels, so no words. */
const DIGITS = '0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz';

/** Seconds in the number 52, at least six digits; four of microseconds; `z`; the inode, without a `z`. */
const LONG_ID = /^([0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{6,})[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{4}z[^z]+$/;

/** When a message got its id, in milliseconds since 1970: long ids tell it, short ones do not. */
export function birthOf(id: string): number | undefined {
  const seconds = LONG_ID.exec(id)?.[1];
  if (seconds === undefined) return undefined;
  return [...seconds].reduce((sum, digit) => sum * DIGITS.length + DIGITS.indexOf(digit), 0) * 1000;
}
