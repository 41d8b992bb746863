import { usageError } from '../errors.ts';
import type { CatchAllSection, StateFile } from '../generated/state-types.ts';
import { targetArgument } from './aliases.ts';
import { domainArgument } from './names.ts';
import { requireDomain } from './domains.ts';
import { quoted } from '../state/schema-words.ts';
import { wordHint } from '../state/unknown-key.ts';
import { sectionOf, withEntry } from './sections.ts';

export interface CatchAllSettings {
  readonly copyTo?: string;
  readonly onBounce?: string;
  readonly unknownTo?: string;
  /** Takes everything away. */
  readonly none?: boolean;
}

const ON_BOUNCE = ['sender', 'postmaster', 'none'] as const;

/** Sets what is given of a domain's catch-all; the word `none` as an address takes one part away. */
export function setCatchAll(state: StateFile, text: string, settings: CatchAllSettings): StateFile {
  const key = requireDomain(state, domainArgument(text));
  const { catch_all: before, ...rest } = sectionOf(state, 'domains')[key] ?? {};
  if (settings.none === true) return withEntry(state, 'domains', key, rest);
  const after = {
    ...before,
    ...addressSetting(state, 'copy_to', settings.copyTo),
    ...bounceSetting(settings.onBounce),
    ...addressSetting(state, 'unknown_to', settings.unknownTo),
  };
  const left = Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined)) as CatchAllSection;
  if (left.copy_to === undefined && left.on_bounce !== undefined) {
    throw usageError('--on-bounce is about copies, and no address gets any', 'give --copy-to too');
  }
  return withEntry(state, 'domains', key, Object.keys(left).length === 0 ? rest : { ...rest, catch_all: left });
}

function addressSetting(state: StateFile, name: keyof CatchAllSection, text: string | undefined): object {
  if (text === undefined) return {};
  if (text === 'none') return { [name]: undefined, ...(name === 'copy_to' ? { on_bounce: undefined } : {}) };
  if (!text.includes('@')) throw usageError(`"${text}" is no address: it has no "@"`, 'write a full address, or none');
  return { [name]: targetArgument(state, text) };
}

function bounceSetting(text: string | undefined): object {
  if (text === undefined) return {};
  const found = ON_BOUNCE.find((word) => word === text);
  if (found === undefined)
    throw usageError(`${quoted(text)} is no answer to who hears of a bounce`, wordHint(text, ON_BOUNCE));
  return { on_bounce: found };
}
