/** Names of accounts and recipients that exist only for the proof of an apply begin so. */
export const PROBE = 'eboxmail-probe-';

export function isProbe(address: string | undefined): boolean {
  return address?.startsWith(PROBE) === true;
}
