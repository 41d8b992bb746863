import { conditionsIn, isConditionList } from '../core/conditions.ts';
import { exec } from './exec.ts';
import { bytesIfPresent } from './files.ts';

/** No mail that a proof could send and take back gets as far as to be asked these. */
const LAST = 'smtpd_end_of_data_restrictions';

/**
 * Conditions of raw settings that would stop mail, in sentences that begin with the name of the setting: Postfix looks at the
 * name of a condition when it has come to that, and then answers "Server configuration error" for the rest of its days.
 * @param staged the directory of main.cf and master.cf
 */
export async function unknownConditions(
  staged: string,
  overrides: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const settings = [...overrides.keys()].filter(isConditionList);
  if (settings.length === 0) return [];
  const valuesOf = (names: readonly string[]): Promise<readonly string[]> =>
    Promise.all(names.map(async (name) => (await exec('postconf', ['-c', staged, '-hx', name])).stdout.trim()));
  const [directory = '', classes = '', ...values] = await valuesOf([
    'daemon_directory',
    'smtpd_restriction_classes',
    ...settings,
  ]);
  const program = bytesIfPresent(`${directory}/smtpd`);
  const own = new Set(classes.split(/[\s,]+/).filter((name) => name !== ''));
  // Their names are in the program as they are compared with: a list of our own would be that of one version.
  const isKnown = (name: string): boolean =>
    own.has(name) || program === undefined || program.includes(`${name.toLowerCase()}\0`);
  const relay = settings.find((name) => RELAY.includes(name));
  const refuses = relay === undefined ? [] : (await valuesOf([...RELAY, ...own])).flatMap(conditionsIn);
  const complaints = settings.flatMap((setting, number) => {
    const names = conditionsIn(values[number] ?? '');
    const refusesAll = setting === LAST && names.some(isForAll);
    return [
      ...names
        .filter((name) => !isKnown(name))
        .map((name) => `${setting} names the condition ${name}, which Postfix does not know`),
      ...(refusesAll ? [`${setting} refuses every message that comes from elsewhere`] : []),
    ];
  });
  return relay === undefined || refuses.some((name) => NEEDED.test(name))
    ? complaints
    : [...complaints, `${relay} leaves nothing that refuses relaying, without which Postfix takes no mail`];
}

/** Without one of these in one of them no smtpd starts (has_required in Postfix's smtpd_check.c). */
const RELAY = ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'];
const NEEDED =
  /^(check_relay_domains|reject|reject_unauth_destination|defer|defer_if_permit|defer_unauth_destination)$/i;

/** Who gets as far as to this one is refused, except where it is only for the log. */
function isForAll(condition: string, at: number, all: readonly string[]): boolean {
  return /^(reject|defer|defer_if_permit)$/i.test(condition) && all[at - 1] !== 'warn_if_reject';
}
