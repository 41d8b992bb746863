import { copiesOf } from '../copies.ts';
import type { StateFile } from '../generated/state-types.ts';
import { finalRecipients, postmasterOf, unknownRecipients } from '../recipients.ts';
import { modelOf, type ReadModel } from '../state/model-of.ts';

/**
 * What stops working by a change although its entry stays: aliases, copies and catch-alls that lead to nobody from then on,
 * also by way of other aliases. In words for people.
 */
export function consequencesOf(before: StateFile, after: StateFile): readonly string[] {
  const [was, is] = [modelOf(before), modelOf(after)];
  return [
    ...refusedAliases(was, is),
    ...catchAllsWithout(was, is),
    ...(goesToRoot(is) && !goesToRoot(was) && is.model.postmaster !== 'root'
      ? ['mail for postmaster goes to root']
      : []),
  ];
}

function refusedAliases(was: ReadModel, is: ReadModel): readonly string[] {
  const receives = ({ directory }: ReadModel, address: string): boolean =>
    finalRecipients(address, directory).length > 0;
  const inactive = ({ directory }: ReadModel, address: string): boolean => directory.isInactive(address);
  return [...is.model.aliases.values()]
    .filter(({ address }) => !inactive(was, address) && inactive(is, address))
    .map(({ address, key }) =>
      receives(is, address)
        ? `mail for ${key} goes to the postmaster of the server, because it leads to nobody`
        : `mail for ${key} is refused, because it leads to nobody`,
    );
}

function catchAllsWithout(was: ReadModel, is: ReadModel): readonly string[] {
  const copied = ({ model, directory }: ReadModel): ReadonlySet<string> =>
    new Set(copiesOf(model, directory).added.keys());
  const [copiedBefore, copiedAfter] = [copied(was), copied(is)];
  return [...is.model.domains.values()].flatMap((domain) => {
    const { name, key, catchAll } = domain;
    const before = was.model.domains.get(name);
    const stopped = catchAll?.copyTo !== undefined && copiedBefore.has(name) && !copiedAfter.has(name);
    const closed =
      before !== undefined &&
      catchAll?.unknownTo !== undefined &&
      unknownRecipients(before, was.directory).length > 0 &&
      unknownRecipients(domain, is.directory).length === 0;
    return [
      ...(stopped ? [`mail of the domain ${key} is no longer copied, because its archive leads to nobody`] : []),
      ...(closed ? [`mail for unknown addresses of ${key} is refused, because whoever takes it leads to nobody`] : []),
    ];
  });
}

function goesToRoot({ model, directory }: ReadModel): boolean {
  return postmasterOf(model, directory) === 'root';
}
