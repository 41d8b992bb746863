import serviceTemplate from '../../../../templates/fetchmail/fetch-accounts.sh';
import unitTemplate from '../../../../templates/fetchmail/unit.conf';
import { fetchingsOf, isFetchedIn } from '../../fetch/fetching.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { below, PATHS } from '../paths.ts';
import { renderFetchedCommands } from '../postfix/fetched.ts';
import { ours, quoteShell, quoteUnitWord, type Quoted } from '../quote.ts';
import { startWithMachine } from '../start-with-machine.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { fillTemplate } from '../template.ts';
import { renderFetchFile } from './fetch-file.ts';

/** The user of Debian's package, as which everything here runs. */
export const FETCH_USER = 'fetchmail';

/** Seconds after which an account's turn ends in any case; the first turn of a large mailbox takes its time. */
const LONGEST_TURN = 3600;

/**
 * What mail is fetched with. All but the files of the accounts is there as soon as it is switched on, so that an account
 * more or less is a file more or less.
 */
export function renderFetchmail(model: MailModel, facts: HostFacts): readonly RenderedFile[] {
  if (!model.fetch.enabled) return [];
  const fetchings = fetchingsOf(model).filter(({ entry }) => isFetchedIn(entry, facts.sandbox !== undefined));
  return [
    renderFetchedCommands(),
    ...fetchings.map((fetching) => renderFetchFile(fetching, model, facts)),
    renderService(model, facts),
    ...(facts.jobs.by === 'systemd' ? [renderUnit(facts), WANTED] : []),
  ];
}

function renderService(model: MailModel, facts: HostFacts): RenderedFile {
  const path = (relative: string): Quoted => quoteShell(below(facts, relative));
  const content = fillTemplate(serviceTemplate, {
    header: ours(HEADER),
    state: path(PATHS.fetchState),
    files: path(PATHS.fetchFiles),
    log: path(`${PATHS.fetchLogs}/fetchmail.log`),
    interval: ours(String(model.fetch.interval * 60)),
    longest: ours(String(LONGEST_TURN)),
  });
  return {
    path: PATHS.fetchService,
    reason: 'what runs fetchmail for each account in its turn',
    content,
    mode: 0o755,
    owner: 'root',
    group: 'root',
    onChange: 'restart-fetchmail',
  };
}

const WANTED = startWithMachine(
  PATHS.fetchWanted,
  'the service that fetches mail starts with the machine',
  'eboxmail-fetch',
);

function renderUnit(facts: HostFacts): RenderedFile {
  const content = fillTemplate(unitTemplate, {
    header: ours(HEADER),
    service: quoteUnitWord(below(facts, PATHS.fetchService)),
    user: ours(FETCH_USER),
    state: quoteUnitWord(below(facts, PATHS.fetchState)),
    logs: quoteUnitWord(below(facts, PATHS.fetchLogs)),
  });
  return {
    path: PATHS.fetchUnit,
    reason: 'the service that fetches mail (systemd.service(5))',
    content,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'restart-fetchmail',
  };
}
