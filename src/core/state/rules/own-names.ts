import { isCopyDomain } from '../../copies.ts';
import type { MailModel } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import { domainOf, localDomains } from '../../recipients.ts';
import type { Findings } from '../read/findings.ts';

/** No domain has a name that the machine itself or eboxmail has: Postfix would take it for both. */
export function checkOwnNames(model: MailModel, findings: Findings): void {
  for (const { name, key, aliases } of model.domains.values()) {
    checkName(name, ['domains', key], 'key', model, findings);
    aliases.forEach((alias, position) =>
      checkName(alias.name, ['domains', key, 'aliases', position], 'value', model, findings),
    );
  }
  checkReserved(model.mailname, ['server', 'mailname'], 'value', findings);
  checkReserved(domainOf(model.postmaster), ['server', 'postmaster'], 'value', findings);
}

/** That the mailname is no domain is checked where it is read. */
function checkName(name: string, path: StatePath, at: 'key' | 'value', model: MailModel, findings: Findings): void {
  checkReserved(name, path, at, findings);
  if (name === model.mailname || !localDomains(model).includes(name)) return;
  const message = `${name} is a name of this machine itself, whose mailname is ${model.mailname}`;
  findings.error('local-domain', path, at, message, 'use another name for the domain, or another server.mailname');
}

function checkReserved(name: string, path: StatePath, at: 'key' | 'value', findings: Findings): void {
  if (isCopyDomain(name))
    findings.error('reserved-domain', path, at, `the domain ${name} is reserved for eboxmail itself`);
}
