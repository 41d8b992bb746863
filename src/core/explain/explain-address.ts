import type { Parsed } from '../address.ts';
import type { CopyRecipient } from '../copies.ts';
import type { Domain } from '../model.ts';
import { finalRecipients, POSTMASTER_LOCAL_PARTS, postmasterRecipients, unknownRecipients } from '../recipients.ts';
import { copySteps } from './copy-steps.ts';
import { filterSteps } from './filter-steps.ts';
import type { Explanation, LocalName, MailService, Recipient, Verdict } from './explanation.ts';
import { finalRecipientsOf, isDiscarded } from './final-recipients.ts';
import { nameAddress, namingSteps, type NamedAddress } from './named-address.ts';
import { networkSteps, routeSteps, senderRuleSteps } from './route-steps.ts';
import { POSTMASTER_PATH, Way } from './way.ts';

/** What happens to mail for an address, any address; or why the text is none. */
export function explainAddress(text: string, service: MailService): Parsed<Explanation> {
  const named = nameAddress(text, service);
  if (!named.ok) return named;
  return { ok: true, value: new AddressExplanation(service, text, named.value).explain() };
}

class AddressExplanation {
  private readonly service: MailService;
  private readonly named: NamedAddress;
  private readonly way: Way;

  constructor(service: MailService, given: string, named: NamedAddress) {
    this.service = service;
    this.named = named;
    this.way = new Way(service, namingSteps(given, named));
  }

  explain(): Explanation {
    const explanation = this.asItIs();
    if (!this.named.routed || explanation.verdict.code === 504) return explanation;
    const { verdict } = explanation;
    this.way.step('relay', 0, 'it names a way by "%", "!" or "@": strangers who bring mail for such are refused');
    const refused: Verdict = {
      ...verdict,
      deliverable: false,
      code: 554,
      reason: 'it names a way, not only a mailbox',
    };
    return { ...explanation, verdict: refused };
  }

  private asItIs(): Explanation {
    const { place } = this.named;
    switch (place.kind) {
      case 'managed':
        return this.managed(place.domain);
      case 'local':
        return this.local(place.literal);
      case 'unqualified':
        return this.unqualified();
      case 'reserved':
        return this.reserved();
      case 'foreign':
        return this.foreign();
    }
  }

  private managed(domain: Domain): Explanation {
    const { directory } = this.service;
    const { base, detail } = this.named;
    if (directory.entry(base) !== undefined) {
      this.way.address(base, 0);
      const recipients = finalRecipients(base, directory);
      return recipients.length > 0 ? this.delivered(recipients, detail, domain) : this.refused(550, this.whyInactive());
    }
    return this.unknown(domain);
  }

  private unknown(domain: Domain): Explanation {
    const { model, directory } = this.service;
    const { base } = this.named;
    const user = model.users.get(base);
    const path = ['domains', domain.key];
    let why = `there is no ${base}`;
    if (user === undefined) {
      this.way.step('unknown', 0, `${base} does not exist in the domain ${domain.name}`, base, path);
    } else {
      why = `${base} has no mail account`;
      this.way.step('no-account', 0, `${base} is a user without a mail account`, base, ['users', user.key, 'account']);
    }
    const unknownTo = domain.catchAll?.unknownTo;
    if (unknownTo === undefined) return this.refused(550, why);
    this.way.step('unknown-to', 0, `mail for unknown addresses of ${domain.name} goes to`, undefined, unknownTo.path);
    this.way.target(unknownTo, 1);
    const recipients = unknownRecipients(domain, directory);
    // A detail is part of what is unknown: Postfix does not pass it on.
    return recipients.length > 0 ? this.delivered(recipients, undefined, domain) : this.refused(550, why);
  }

  /** The machine's own name: what Postfix delivers by local(8). */
  private local(literal: boolean): Explanation {
    const { model, directory, machine } = this.service;
    const { base, local, domain, address, detail } = this.named;
    if (literal ? local === 'postmaster' : POSTMASTER_LOCAL_PARTS.includes(local)) {
      this.way.step('postmaster', 0, `${base} goes to the postmaster of the server`, base, POSTMASTER_PATH);
      this.way.postmaster(1);
      return this.delivered(postmasterRecipients(model, directory), detail);
    }
    // Without its line in the tables local(8) drops that one, too.
    if (isDiscarded(address) || (literal && local === 'mailer-daemon')) {
      this.way.step('discarded', 0, `${address} is what the mail system itself sends from`, address);
      return this.explanation({ deliverable: false, code: 250, reason: 'what is sent there is discarded' });
    }
    const known = machine.names.get(local);
    if (known !== undefined) {
      this.way.step('local', 0, localText(base, local, known), base);
      return this.delivered([base], detail);
    }
    this.way.step('unknown', 0, `${domain} is the name of this machine, which has no ${local}`, base);
    return this.refused(550, `the machine has no ${local}`);
  }

  /** Strangers hear first that the domain is not ours, unless it is a name of this machine. */
  private unqualified(): Explanation {
    const { address, domain } = this.named;
    const text = domain === '' ? `${address} has no domain` : `${domain} is no full domain name`;
    this.way.step('unqualified', 0, `${text}: nobody can write there`);
    const code = domain === '' || domain === 'localhost' ? 504 : 554;
    return this.explanation({ deliverable: false, code, reason: text }, 504);
  }

  private reserved(): Explanation {
    const { domain } = this.named;
    this.way.step('reserved', 0, `${domain} is eboxmail's own, for copies of mail: nobody can write there`);
    return this.refused(554, 'the domain is reserved');
  }

  private foreign(): Explanation {
    const { domain } = this.named;
    const { machine, model } = this.service;
    const routes = [...routeSteps(undefined, domain, 0, this.service), ...senderRuleSteps(domain, 1, this.service)];
    const where = machine.sandbox ? 'this sandbox keeps it in its outbound directory' : 'it is sent on to their server';
    const login = model.smtp.authentication
      ? `a user who has logged in may write there${routes.length > 0 ? '' : `: ${where}`}`
      : 'users cannot log in, so they cannot write there either';
    this.way.step('relay', 0, `${domain} is not managed here: strangers who bring mail for it are refused`);
    this.way.step('relay', 0, login, undefined, ['server', 'smtp', 'authentication']);
    this.way.steps.push(...networkSteps(this.service), ...routes);
    return this.explanation({ deliverable: false, code: 554, reason: `${domain} is not managed here` }, 250);
  }

  private delivered(addresses: readonly string[], detail: string | undefined, domain?: Domain): Explanation {
    this.way.steps.push(...filterSteps(this.service.model));
    const { recipients, lost, discarded } = finalRecipientsOf(addresses, detail, this.service);
    for (const address of lost) {
      this.way.step('unknown', 0, `the machine has no ${address}: this mail comes back to its sender`, address);
    }
    for (const address of discarded) {
      this.way.step(
        'discarded',
        0,
        `${address} is what the mail system itself sends from: this mail is discarded`,
        address,
      );
    }
    const copies = domain === undefined ? [] : this.service.copies.recipientsOf(domain.name);
    if (domain !== undefined) this.way.steps.push(...copySteps(domain, copies));
    const deliverable = recipients.length > 0;
    const otherwise = lost.length > 0 ? 'it comes back to its sender' : 'what is sent there is discarded';
    const reason = deliverable ? deliveryWords(recipients) : otherwise;
    return this.explanation({ deliverable, code: 250, reason }, 250, recipients, copies);
  }

  private whyInactive(): string {
    const groups = [...new Set(this.way.inactive)];
    const words = `${groups.length === 1 ? 'group' : 'groups'} ${groups.join(', ')}`;
    return groups.length === 0 ? `${this.named.base} leads to nobody` : `no member of the ${words} has a mail account`;
  }

  private refused(code: 550 | 554, reason: string): Explanation {
    return this.explanation({ deliverable: false, code, reason });
  }

  private explanation(
    verdict: Omit<Verdict, 'loggedIn'>,
    loggedIn: Verdict['code'] = verdict.code,
    recipients: readonly Recipient[] = [],
    copies: readonly CopyRecipient[] = [],
  ): Explanation {
    const { authentication } = this.service.model.smtp;
    return {
      address: this.named.address,
      verdict: { ...verdict, loggedIn: authentication ? loggedIn : null },
      steps: this.way.steps,
      recipients,
      copies,
    };
  }
}

function localText(address: string, name: string, known: LocalName): string {
  return known.kind === 'account'
    ? `${address} is local mail for ${name}, an account of this machine`
    : `${address} is local mail, which the line "${name}" of etc/aliases sends to ${known.to}`;
}

function deliveryWords(recipients: readonly Recipient[]): string {
  const words = { mailbox: 'kept for', external: 'sent on to', local: 'local mail for' } as const;
  return (['mailbox', 'external', 'local'] as const)
    .map((kind) => [words[kind], recipients.filter((recipient) => recipient.kind === kind)] as const)
    .filter(([, some]) => some.length > 0)
    .map(([word, some]) => `${word} ${some.map(({ address }) => address).join(', ')}`)
    .join('; ');
}
