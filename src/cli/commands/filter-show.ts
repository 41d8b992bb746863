import { readState } from '../../app/state/load-state.ts';
import { readHost } from '../../app/state/read-host.ts';
import { returnHosts } from '../../core/filter-ports.ts';
import type { BuiltinFilter, CustomFilter, FilterPolicy, Greylisting } from '../../core/model.ts';
import { modelOf } from '../../core/state/model-of.ts';
import { showFields } from '../../ui/table.ts';
import { printJson, type Context } from '../context.ts';

type Fields = readonly (readonly [string, string])[];

export async function show(context: Context): Promise<undefined> {
  const { filter } = modelOf(await readState(context.place)).model;
  switch (filter.mode) {
    case 'none':
      return print(context, filter, [['Filter', 'none']]);
    case 'custom': {
      const returnsTo = await returnAddresses(context, filter);
      return print(context, { ...filter, returnsTo }, [
        ['Filter', 'custom'],
        ['Takes mail at', endpoint(filter.address, filter.port)],
        ['Hands it back to', returnsTo.join(', ')],
      ]);
    }
    case 'builtin':
      return print(context, builtinData(filter), builtinFields(filter));
  }
}

function print(context: Context, data: object, fields: Fields): undefined {
  if (context.json) printJson(context, data);
  else showFields(context.terminal, fields);
  return undefined;
}

/** Where mail comes back on this machine: in a sandbox all ports of the server are shifted. */
async function returnAddresses({ place }: Context, filter: CustomFilter): Promise<readonly string[]> {
  const { listen = [], port_offset: offset = 0 } = await readHost(place.root);
  return returnHosts(filter, { listen }).map((host) => endpoint(host, filter.returnPort + offset));
}

function endpoint(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function builtinData(filter: BuiltinFilter): object {
  const { mode, server, domains, subjectTag, antivirus, greylisting, learning, onFailure, ...banned } = filter;
  return {
    mode,
    ...policyData(server),
    subjectTag: subjectTag ?? null,
    antivirus: antivirus ?? null,
    greylisting: greylisting ?? null,
    learning: learning ?? null,
    onFailure,
    ...banned,
    domains: Object.fromEntries([...domains].map(([domain, policy]) => [domain, policyData(policy)])),
  };
}

function policyData({ senders, ...scores }: FilterPolicy): object {
  return { ...scores, senders: Object.fromEntries(senders) };
}

function builtinFields(filter: BuiltinFilter): Fields {
  const { server, domains, subjectTag, antivirus, greylisting, learning, onFailure } = filter;
  const { bannedExtensions, bannedTypes } = filter;
  const banned = [...bannedExtensions.map((extension) => `.${extension}`), ...bannedTypes];
  return [
    ['Filter', 'builtin (rspamd)'],
    ...policyFields('', server),
    ['Tag in the subject', subjectTag ?? '(none)'],
    ['Antivirus', antivirus === undefined ? '(none)' : `ClamAV at ${antivirus}`],
    ['Greylisting', greylisting === undefined ? 'off' : greylistingWords(greylisting)],
    ['Learning', learning === undefined ? 'off' : `from moves; counts from ${learning.messages} messages of each kind`],
    ['When it is down', onFailure === 'tempfail' ? 'mail is asked to come again' : 'mail is taken without a look'],
    ['Refused files', banned.join(', ') || '(none)'],
    ...[...domains].flatMap(([domain, policy]) => policyFields(` (${domain})`, policy)),
  ];
}

function greylistingWords({ delay, score }: Greylisting): string {
  const time = delay % 60 === 0 ? `${delay / 60} min` : `${delay} s`;
  return `mail from ${score} on has to come again after ${time}`;
}

function policyFields(where: string, { threshold, reject, senders }: FilterPolicy): Fields {
  const listed = (wanted: string): string =>
    [...senders].flatMap(([sender, policy]) => (policy === wanted ? [sender] : [])).join(', ') || '(nobody)';
  return [
    [`Spam from${where}`, String(threshold)],
    [`Refused from${where}`, reject === null ? 'never' : String(reject)],
    [`Allowed senders${where}`, listed('allow')],
    [`Blocked senders${where}`, listed('block')],
  ];
}
