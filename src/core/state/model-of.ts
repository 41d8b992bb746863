import { makeDirectory, type Directory } from '../directory.ts';
import type { StateFile } from '../generated/state-types.ts';
import type { MailModel } from '../model.ts';
import type { Problem } from '../problem.ts';
import { readCatchAlls } from './read/catch-all.ts';
import { readAliases } from './read/aliases.ts';
import { readDomains } from './read/domains.ts';
import { readFilter } from './read/filter.ts';
import { Findings } from './read/findings.ts';
import { readGroups } from './read/groups.ts';
import { readNetworks } from './read/networks.ts';
import { readRelay } from './read/relay.ts';
import { readOverrides } from './read/overrides.ts';
import { readServer } from './read/server.ts';
import { readUsers } from './read/users.ts';
import { checkAliases } from './rules/aliases.ts';
import { checkCatchAlls } from './rules/catch-all.ts';
import { checkNetworks, checkRelays } from './rules/relay.ts';
import { checkFetching } from './rules/fetch.ts';
import { checkOwnNames } from './rules/own-names.ts';
import { checkDefaults, checkPostmaster } from './rules/references.ts';

export interface ReadModel {
  readonly model: MailModel;
  readonly directory: Directory;
  readonly problems: readonly Problem[];
}

/**
 * The model of a state that has passed the schema, with every finding beyond the schema. When there are errors, the model
 * lacks what was wrong and must not be rendered.
 */
export function modelOf(state: StateFile): ReadModel {
  const findings = new Findings();
  const index = readDomains(state, findings);
  const server = readServer(state, index, findings);
  const users = readUsers(state, index, findings);
  const groups = readGroups({ state, index, users }, findings);
  const aliases = readAliases(state, { index, users, groups }, findings);
  const domains = readCatchAlls(state, { index, users, groups }, findings);
  const filter = readFilter(state, index, findings);
  const networks = readNetworks(state, findings);
  const relay = readRelay(state, index, findings);
  const overrides = readOverrides(state, findings);
  const model: MailModel = { ...server, domains, users, groups, aliases, networks, relay, filter, overrides };
  const directory = makeDirectory(model);
  checkAliases(model, directory, findings);
  checkCatchAlls(model, directory, findings);
  checkPostmaster(model, index, directory, findings);
  checkNetworks(model, findings);
  checkRelays(model, index, findings);
  checkOwnNames(model, findings);
  checkDefaults(state, index, findings);
  checkFetching(model, findings);
  return { model, directory, problems: findings.problems };
}
