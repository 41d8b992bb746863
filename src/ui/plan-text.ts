import type { ChalkInstance } from 'chalk';
import type { Removals } from '../core/plan/removals.ts';
import { handEditDiff, unifiedDiff } from '../core/plan/diff.ts';
import {
  LACKS_MAIL,
  modeText,
  ownershipWords,
  type DirectoryChange,
  type Ownership,
} from '../core/plan/directory-changes.ts';
import { DAEMONS, isEssential, type DaemonAction } from '../core/daemons.ts';
import { isEmpty, type FileChange, type Plan } from '../core/plan/plan.ts';

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

const FILE_WORDS: Readonly<Record<FileChange['change'], string>> = {
  new: 'new',
  changed: 'changed',
  removed: 'removed',
  permissions: 'owner or mode changed',
  index: 'its index is built again',
};

/** Messages that Postfix has accepted, and that this plan changes something for. */
export interface Queued {
  /** For addresses that stop. */
  readonly stopping: number;
  /** For addresses of which mail goes to others from now on. */
  readonly passedOn: readonly PassedOn[];
}

export interface PassedOn {
  readonly address: string;
  readonly recipients: readonly string[];
  readonly messages: number;
}

/** A plan for people: first in words, then every file with its reason and diff, then what the daemons do. */
export function planText(plan: Plan, root: string, color: ChalkInstance | undefined, queued?: Queued): string {
  if (isEmpty(plan) && plan.changes.length === 0) return 'Nothing to do: what is installed is what the state says.\n';
  const parts: string[] = [];
  if (plan.changes.length > 0) {
    const lines = plan.changes.map(({ kind, text }) => `  ${SIGNS[kind]} ${text}`);
    parts.push(`What changes:\n${lines.map((line) => paintLine(line.slice(2), color, '  ')).join('\n')}`);
  }
  const removals = removalsText(plan.removals, queued?.stopping);
  if (removals !== '') parts.push(removals);
  const passedOn = passedOnText(queued?.passedOn ?? []);
  if (passedOn !== '') parts.push(passedOn);
  if (plan.files.length > 0)
    parts.push(['Files:', ...plan.files.map((file) => `  ${fileLine(file, root)}`)].join('\n'));
  if (plan.directories.length > 0)
    parts.push(['Directories:', ...plan.directories.map((one) => `  ${directoryLine(one, root)}`)].join('\n'));
  if (plan.timers.length > 0)
    parts.push(['Timers:', ...plan.timers.map(({ name, state }) => `  ${name}: start, as it is ${state}`)].join('\n'));
  for (const file of plan.files) {
    const edit = handEditDiff(file);
    if (edit !== '') parts.push(`Edited by hand since the last apply:\n${paintDiff(edit.trimEnd(), color)}`);
    const diff = unifiedDiff(file);
    if (diff !== '')
      parts.push(`${edit === '' ? '' : 'What apply would make of it:\n'}${paintDiff(diff.trimEnd(), color)}`);
  }
  if (plan.finishes === true)
    parts.push('An apply that was cut off:\n  what it has put in place is proven and written down');
  if (plan.renewedCertificate !== undefined) parts.push(`New certificate:\n  ${plan.renewedCertificate}`);
  const shown = DAEMONS.filter((name) => isEssential(name) || plan.daemons[name] !== 'nothing');
  parts.push(['Daemons:', ...shown.map((name) => `  ${name}: ${daemonWord(plan.daemons[name])}`)].join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/** A plan for programs; secrets are masked as they are for people. */
export function planData(plan: Plan, digest: string, queued?: Queued): object {
  return {
    empty: isEmpty(plan),
    digest,
    changes: plan.changes.map(({ kind, path, text }) => ({ kind, path, text })),
    files: plan.files.map((change) => ({
      path: change.path,
      change: change.change,
      present: change.present,
      reason: change.reason,
      mode: change.file === undefined ? undefined : modeText(change.file.mode),
      owner: change.file?.owner,
      group: change.file?.group,
      diff: unifiedDiff(change),
      edited: change.written === undefined ? undefined : handEditDiff(change),
    })),
    directories: plan.directories.map(({ path, before, after, lacksMail }) => ({
      path,
      before: before === undefined ? null : ownershipData(before),
      after: ownershipData(after),
      lacksMail: lacksMail === true,
    })),
    timers: plan.timers.map(({ name, state }) => ({ name, state })),
    removals: { ...plan.removals, queued: queued?.stopping ?? null },
    queued: queued?.passedOn ?? null,
    daemons: plan.daemons,
    renewedCertificate: plan.renewedCertificate,
    finishes: plan.finishes === true,
  };
}

/** So many are named; of the others only the number is told. */
const NAMED = 10;

/**
 * What stops, for people; empty when nothing does.
 * @param queued how many messages wait for what stops, where that is known
 */
export function removalsText({ addresses, mailboxes }: Removals, queued = 0): string {
  const lines = [
    ...(addresses.length === 0
      ? []
      : [`  ${counted(addresses, 'address', 'addresses')} no longer taken: ${named(addresses)}`]),
    ...(mailboxes.length === 0
      ? []
      : [`  ${counted(mailboxes, 'mailbox', 'mailboxes')} no longer in use: ${named(mailboxes)}`]),
  ];
  if (queued > 0)
    lines.push(`  in the queue, ${queued === 1 ? '1 message waits' : `${queued} messages wait`} for these addresses`);
  return lines.length === 0 ? '' : ['What stops:', ...lines].join('\n');
}

/** What goes on in the queue, for people; empty when nothing does. */
function passedOnText(all: readonly PassedOn[]): string {
  const lines = all.slice(0, NAMED).map(({ address, recipients, messages }) => {
    const goes = messages === 1 ? '1 message goes' : `${messages} messages go`;
    if (recipients.length === 1 && recipients[0] === address)
      return `  ${goes} to ${address}, which is somebody else's from now on`;
    return `  ${goes} to ${named(recipients)} (accepted for ${address})`;
  });
  const others = all.slice(NAMED).reduce((sum, { messages }) => sum + messages, 0);
  if (others > 0) lines.push(`  and ${others} more to who has ${all.length - NAMED} other addresses now`);
  return lines.length === 0 ? '' : ['What waits in the queue:', ...lines].join('\n');
}

function named(list: readonly string[]): string {
  return `${list.slice(0, NAMED).join(', ')}${list.length > NAMED ? ` and ${list.length - NAMED} more` : ''}`;
}

function counted(list: readonly string[], one: string, many: string): string {
  return list.length === 1 ? `1 ${one} is` : `${list.length} ${many} are`;
}

function fileLine({ path, change, present, reason }: FileChange, root: string): string {
  const hand =
    present === 'edited'
      ? ', edited by hand since the last apply'
      : present === 'foreign'
        ? ', not written by eboxmail'
        : '';
  return `${root}/${path} (${FILE_WORDS[change]}${hand}): ${reason}`;
}

function directoryLine(change: DirectoryChange, root: string): string {
  return `${root}/${change.path}: ${ownershipWords(change)}${change.lacksMail === true ? `: ${LACKS_MAIL}` : ''}`;
}

function ownershipData({ mode, owner, group }: Ownership): object {
  return { mode: modeText(mode), owner, group };
}

function daemonWord(action: DaemonAction): string {
  return action === 'nothing' ? 'nothing to do' : action;
}

function paintDiff(diff: string, color: ChalkInstance | undefined): string {
  return color === undefined
    ? diff
    : diff
        .split('\n')
        .map((line) => paintLine(line, color, ''))
        .join('\n');
}

function paintLine(line: string, color: ChalkInstance | undefined, indent: string): string {
  if (color === undefined) return indent + line;
  if (line.startsWith('+')) return indent + color.green(line);
  if (line.startsWith('-')) return indent + color.red(line);
  if (line.startsWith('@@')) return indent + color.cyan(line);
  return indent + line;
}
