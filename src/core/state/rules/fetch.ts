import { familyOf, fetchingsOf, fetchName, type Fetching } from '../../fetch/fetching.ts';
import { isLoopback } from '../../fetch/remote-server.ts';
import type { MailModel } from '../../model.ts';
import type { Findings } from '../read/findings.ts';

/** Accounts elsewhere: each once, into a mailbox that is there, and none of them is a mailbox of this server. */
export function checkFetching(model: MailModel, findings: Findings): void {
  const names = new Map<string, string>();
  const addresses = new Set<string>();
  for (const fetching of fetchingsOf(model)) {
    const { user, entry } = fetching;
    checkAccount(fetching, findings);
    checkLoop(fetching, model, findings);
    const address = `${user.address} ${entry.address}`;
    const other = names.get(fetchName(entry));
    if (addresses.has(address)) {
      const message = `${entry.address} is there twice for ${user.address}`;
      findings.error('fetch-duplicate', [...entry.path, 'address'], 'value', message);
    } else if (other !== undefined) {
      const account = `the ${familyOf(entry.protocol).toUpperCase()} account ${entry.username} at ${entry.server}`;
      const message = `${account} is fetched for ${other} already`;
      findings.error('fetch-duplicate', entry.path, 'value', message, 'who asks first would take the mail away');
    }
    addresses.add(address);
    names.set(fetchName(entry), user.address);
    if (entry.insecure) warnOfInsecure(fetching, findings);
  }
}

function checkAccount({ user, entry }: Fetching, findings: Findings): void {
  if (user.account) return;
  const message = `${user.address} has no mail account that the mail of ${entry.address} could come into`;
  const hint = `give the user one: eboxmail user set ${user.address} --account`;
  findings.error('fetch-account', entry.path, 'value', message, hint);
}

/** What is fetched from a mailbox here comes back into one. */
function checkLoop({ entry }: Fetching, model: MailModel, findings: Findings): void {
  if (entry.server !== model.mailname && !isLoopback(entry.server)) return;
  const login = entry.username.toLowerCase();
  if (!model.users.has(login)) return;
  const message = `${login} at ${entry.server} is a mailbox of this server`;
  findings.error('fetch-loop', [...entry.path, 'server'], 'value', message, 'an alias brings its mail elsewhere');
}

function warnOfInsecure({ entry }: Fetching, findings: Findings): void {
  const bare = entry.protocol === 'pop3' || entry.protocol === 'imap';
  const extent = bare ? 'is not verified, and the connection need not be encrypted' : 'is not verified';
  const message = `the certificate of ${entry.server} ${extent}: others may read password and mail of ${entry.address}`;
  findings.warning('fetch-insecure', [...entry.path, 'insecure'], 'value', message, 'remove insecure when it can be');
}
