import { copiesOf, type Copies } from '../../copies.ts';
import type { Directory } from '../../directory.ts';
import type { Domain, MailModel } from '../../model.ts';
import type { Findings } from '../read/findings.ts';
import { checkTarget } from './aliases.ts';

/** Copies and mail for unknown addresses end somewhere, and what a bounce does is clear. */
export function checkCatchAlls(model: MailModel, directory: Directory, findings: Findings): void {
  const copies = copiesOf(model, directory);
  for (const domain of model.domains.values()) {
    if (domain.catchAll === undefined) continue;
    const { copyTo, unknownTo } = domain.catchAll;
    if (copyTo !== undefined) checkTarget('the catch-all', copyTo, model, directory, findings);
    if (unknownTo !== undefined) checkTarget('the catch-all', unknownTo, model, directory, findings);
    if (copyTo?.kind === 'external') {
      const hint = 'every message of the domain goes there; check that this is meant';
      findings.warning(
        'catch-all-outside',
        copyTo.path,
        'value',
        `${copyTo.address} is not in a domain managed here`,
        hint,
      );
    }
    checkOnBounce(domain, copies, findings);
  }
}

function checkOnBounce(domain: Domain, copies: Copies, findings: Findings): void {
  const { copyTo, onBounce } = domain.catchAll ?? {};
  const path = ['domains', domain.key, 'catch_all', 'on_bounce'];
  if (copyTo === undefined) {
    if (onBounce !== 'sender')
      findings.warning('catch-all-bounce', path, 'key', 'on_bounce does nothing without copy_to');
    return;
  }
  const other = copies.recipientsOf(domain.name).find(({ bounces }) => bounces !== onBounce);
  if (other === undefined) return;
  const message = `${other.address} also gets the copies of another domain, whose on_bounce is ${other.bounces}`;
  findings.error('catch-all-bounce', path, 'value', message, 'domains with the same archive need the same on_bounce');
}
