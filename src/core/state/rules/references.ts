import { parseAnyAddress, parseDomain } from '../../address.ts';
import type { Directory } from '../../directory.ts';
import type { StateFile } from '../../generated/state-types.ts';
import type { MailModel } from '../../model.ts';
import { leadsToPostmaster, localDomains } from '../../recipients.ts';
import { domainHint, type DomainIndex } from '../read/domains.ts';
import type { Findings } from '../read/findings.ts';
import { addressHint } from '../unknown-key.ts';

/** The postmaster, when managed here, can be delivered to. */
export function checkPostmaster(model: MailModel, index: DomainIndex, directory: Directory, findings: Findings): void {
  if (model.postmaster === 'root') return;
  const address = parseAnyAddress(model.postmaster);
  if (!address.ok) return;
  const { local, domain } = address.value;
  const path = ['server', 'postmaster'];
  if (leadsToPostmaster(model.postmaster, model) || directory.entry(model.postmaster)?.kind === 'role') {
    const hint = 'write root, or the address of a person';
    findings.error(
      'postmaster',
      path,
      'value',
      `mail for ${model.postmaster} goes to the postmaster, so it cannot be that`,
      hint,
    );
    return;
  }
  const main = index.aliasOf.get(domain);
  if (main !== undefined) {
    findings.error(
      'in-domain-alias',
      path,
      'value',
      `${domain} is a domain alias of ${main}`,
      `write ${local}@${main}`,
    );
    return;
  }
  if (!index.domains.has(domain)) {
    if (!localDomains(model).includes(domain) || local === 'root') return;
    const hint = `mail for it comes back unless the machine has an account or a line in etc/aliases for ${local}`;
    findings.warning('postmaster', path, 'value', `${model.postmaster} is local mail of the machine itself`, hint);
    return;
  }
  const entry = directory.entry(model.postmaster);
  if (entry?.kind === 'alias' || entry?.kind === 'account') {
    const loop = directory.resolve(model.postmaster).externals.find((target) => leadsToPostmaster(target, model));
    const hint = 'write root, or the address of a person';
    if (directory.isInactive(model.postmaster)) {
      const until = 'mail for postmaster goes to root until a member of its groups has an account';
      findings.warning('target-inactive', path, 'value', `${model.postmaster} leads to nobody`, until);
    }
    if (loop !== undefined) {
      findings.error(
        'postmaster',
        path,
        'value',
        `${model.postmaster} points to ${loop}, which leads back to it`,
        hint,
      );
    }
    return;
  }
  if (model.users.has(model.postmaster)) {
    const hint = `give the user one: eboxmail user set ${model.postmaster} --account`;
    findings.error('target-without-account', path, 'value', `${model.postmaster} has no mail account`, hint);
  } else {
    const add = `add it with: eboxmail user add ${model.postmaster}, or write root`;
    const hint = addressHint(model.postmaster, [model.users, model.aliases], add);
    findings.error('postmaster', path, 'value', `${model.postmaster} does not exist`, hint);
  }
}

/** The domain of the default user template is managed here. */
export function checkDefaults(state: StateFile, index: DomainIndex, findings: Findings): void {
  const written = state.defaults?.user?.domain;
  if (written === undefined) return;
  const path = ['defaults', 'user', 'domain'];
  const domain = parseDomain(written);
  if (domain.ok && index.domains.has(domain.value)) return;
  const main = domain.ok ? index.aliasOf.get(domain.value) : undefined;
  if (main !== undefined) {
    findings.error('in-domain-alias', path, 'value', `"${written}" is a domain alias of ${main}`, `write ${main}`);
    return;
  }
  const hint = domain.ok ? domainHint(domain.value, index) : undefined;
  findings.error('default-domain', path, 'value', `"${written}" is no domain that is managed here`, hint);
}
