import { MAX_CHAIN, type Directory } from '../../directory.ts';
import type { Alias, MailModel, Target } from '../../model.ts';
import type { StatePath } from '../../problem.ts';
import { finalRecipients } from '../../recipients.ts';
import type { Findings } from '../read/findings.ts';
import { addressHint } from '../unknown-key.ts';

/** Every alias ends somewhere: targets exist and have an account, no cycles, groups have somebody to deliver to. */
export function checkAliases(model: MailModel, directory: Directory, findings: Findings): void {
  const inCycle = new Set<string>();
  for (const alias of model.aliases.values()) {
    for (const target of alias.targets) checkTarget(alias.address, target, model, directory, findings);
    checkCycle(alias, model, directory, inCycle, findings);
  }
  const long = [...model.aliases.values()].find(({ address }) => directory.resolve(address).tooLong);
  if (long === undefined) return;
  const message = `behind ${long.key} more than ${MAX_CHAIN} aliases point to one another`;
  findings.error('alias-chain', ['aliases', long.key], 'key', message, 'let it point to the last target itself');
}

/** @param source what points to the target, for the message */
export function checkTarget(
  source: string,
  target: Target,
  model: MailModel,
  directory: Directory,
  findings: Findings,
): void {
  const { path } = target;
  if (target.kind === 'external') return;
  if (target.kind === 'group') {
    if (directory.groupAccounts(target.name).length > 0) return;
    const hint = directory.isInactive(source) ? inactiveHint(source, directory) : 'only its other targets get mail';
    findings.warning('group-inactive', path, 'value', `no member of the group ${target.name} has an account`, hint);
    return;
  }
  if (directory.entry(target.address) !== undefined) {
    checkInactive(source, target.address, path, model, directory, findings);
    return;
  }
  if (model.users.has(target.address)) {
    const hint = `give the user one: eboxmail user set ${target.address} --account`;
    findings.error('target-without-account', path, 'value', `${target.address} has no mail account`, hint);
  } else {
    const add = `add it with: eboxmail user add ${target.address}`;
    const hint = addressHint(target.address, [model.users, model.aliases], add);
    findings.error(
      'target-missing',
      path,
      'value',
      `${source} points to ${target.address}, which does not exist`,
      hint,
    );
  }
}

/** An alias that other aliases lead to, and that leads to nobody. */
function checkInactive(
  source: string,
  target: string,
  path: StatePath,
  model: MailModel,
  directory: Directory,
  findings: Findings,
): void {
  if (finalRecipients(target, directory).length > 0) return;
  const { dangling, cycle, tooLong } = directory.resolve(target);
  // Those are errors of their own.
  if (dangling.length > 0 || cycle !== undefined || tooLong) return;
  const inactive = model.aliases.has(source) && directory.isInactive(source);
  const hint = inactive
    ? inactiveHint(source, directory)
    : 'nothing goes there until a member of its groups has an account';
  findings.warning('target-inactive', path, 'value', `${source} points to ${target}, which leads to nobody`, hint);
}

function inactiveHint(source: string, directory: Directory): string {
  return finalRecipients(source, directory).length > 0
    ? `mail to ${source} goes to the postmaster of the server until a member has one`
    : `mail to ${source} is refused until a member has one`;
}

function checkCycle(
  alias: Alias,
  model: MailModel,
  directory: Directory,
  reported: Set<string>,
  findings: Findings,
): void {
  const { cycle } = directory.resolve(alias.address);
  if (cycle === undefined || cycle.some((address) => reported.has(address))) return;
  for (const address of cycle) reported.add(address);
  // This alias may only lead to the circle; what is wrong stands in one that is part of it.
  const { key } = model.aliases.get(cycle[0] ?? '') ?? alias;
  const message =
    cycle.length === 2 ? 'the alias points to itself' : `the aliases go in a circle: ${cycle.join(' → ')}`;
  const hint = cycle.length === 2 ? 'take that target out' : 'take one of these targets out';
  findings.error('alias-cycle', ['aliases', key], 'key', message, hint);
}
