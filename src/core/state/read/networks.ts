import type { StateFile } from '../../generated/state-types.ts';
import type { NetworkMember, NetworkObject } from '../../model.ts';
import { formatNetwork, parseNetwork } from '../../network.ts';
import type { Findings } from './findings.ts';
import { whyNotGroupName } from './groups.ts';

/** Reads `networks`. Names of objects are compared in lower case. */
export function readNetworks(state: StateFile, findings: Findings): ReadonlyMap<string, NetworkObject> {
  const networks = new Map<string, NetworkObject>();
  for (const [key, { open, members }] of Object.entries(state.networks ?? {})) {
    const name = key.toLowerCase();
    const wrong = whyNotGroupName(key);
    if (wrong !== undefined) {
      findings.error('network-name', ['networks', key], 'key', `"${key}" is no name of a network object: it ${wrong}`);
    } else if (networks.has(name)) {
      const hint = 'upper and lower case make no difference in names';
      findings.error('network-duplicate', ['networks', key], 'key', `the network ${name} is there twice`, hint);
    } else {
      networks.set(name, { name, key, open: open ?? false, members: readMembers(key, members, findings) });
    }
  }
  return networks;
}

function readMembers(
  object: string,
  written: Readonly<Record<string, string>>,
  findings: Findings,
): readonly NetworkMember[] {
  const members = new Map<string, NetworkMember>();
  for (const [name, text] of Object.entries(written)) {
    const path = ['networks', object, 'members', name];
    const wrong = whyNotGroupName(name);
    if (wrong !== undefined) {
      findings.error('network-name', path, 'key', `"${name}" is no name of a member: it ${wrong}`);
    }
    const parsed = parseNetwork(text);
    if (!parsed.ok) {
      const hint = parsed.meant === undefined ? undefined : `did you mean ${parsed.meant}?`;
      findings.error('network-address', path, 'value', `"${text}" is no network: it ${parsed.why}`, hint);
      continue;
    }
    const id = formatNetwork(parsed.value);
    if (members.has(id)) findings.error('network-duplicate', path, 'value', `${id} is in the object ${object} twice`);
    else members.set(id, { network: parsed.value, path });
  }
  return [...members.values()];
}
