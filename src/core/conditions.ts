/** Whether a parameter of main.cf is a list of conditions (SMTPD_ACCESS_README). */
export function isConditionList(name: string): boolean {
  return /^smtpd_\w+_restrictions$/.test(name);
}

/** Those that another word follows: a table, a server, a domain, a time. */
const WITH_ARGUMENT = /^(check_\w+|reject_r(bl|hsbl)_\w+|permit_(dnswl|rhswl)_\w+|sleep)$/i;

/**
 * The names of conditions in a list of them, without what they are about.
 * @param value with every $name expanded
 */
export function conditionsIn(value: string): readonly string[] {
  const words = value.match(/\S*\{(?:[^{}]|\{[^{}]*\})*\}|[^\s,]+/g) ?? [];
  return words.filter((word, at) => /^[\w-]+$/.test(word) && !WITH_ARGUMENT.test(words[at - 1] ?? ''));
}
