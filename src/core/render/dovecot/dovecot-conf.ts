import { LOCAL_SUBMISSION_PORT, portsOf, type HostFacts } from '../../host-facts.ts';
import type { MailModel } from '../../model.ts';
import { titledDovecot } from '../overrides.ts';
import { below, PATHS } from '../paths.ts';
import { ours, quoteDovecot, type Quoted } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { fillTemplate } from '../template.ts';
import { dialectOf } from './dialects.ts';
import { nameInForce } from './in-force.ts';
import { learningService, mailOwnerOnly } from './learning.ts';
import { overrideParts } from './override-parts.ts';

/**
 * dovecot.conf: what all dialects say alike; the rest is the dialect's.
 * @param names how many lines both account files have together
 */
export function renderDovecotConf(model: MailModel, facts: HostFacts, names: number): RenderedFile {
  const path = (relative: string): Quoted => quoteDovecot(below(facts, relative));
  const dialect = dialectOf(facts);
  const overrides = overrideParts(model.overrides.dovecot);
  const [settings, blocks] = [titledDovecot(overrides.settings), titledDovecot(overrides.blocks)];
  const values = {
    header: ours(HEADER),
    base_dir: path(PATHS.dovecotRun),
    state_dir: path(PATHS.dovecotState),
    log: facts.root === '' ? ours('') : ours(`log_path = ${path(PATHS.dovecotLog)}`),
    protocols: ours(protocols(model).join(' ')),
    listen: facts.listen.length === 0 ? ours('*, ::') : quoteDovecot(facts.listen.join(' ')),
    ssl: ours(model.retrieval.cleartext === 'refuse' ? 'required' : 'yes'),
    accounts: path(PATHS.accounts),
    probe: path(PATHS.probe),
    uid: quoteDovecot(facts.mailOwner.uid),
    gid: quoteDovecot(facts.mailOwner.gid),
    mail_root: path(PATHS.mail),
    mailname: quoteDovecot(model.mailname),
    submission_host: quoteDovecot(`127.0.0.1:${LOCAL_SUBMISSION_PORT + facts.portOffset}`),
    mailbox_limit: quoteDovecot(model.limits.mailbox ?? 0),
    learning_service: learningService(model, facts),
    queue_directory: path(PATHS.queue),
    auth_memory: authMemory(names),
    quota_aliases: path(PATHS.quotaAliases),
    quota_warning: path(PATHS.quotaWarning),
    quota_warning_access: mailOwnerOnly(facts),
    listeners: listeners(model, facts),
    override_settings: ours(settings === '' ? '' : `${settings}\n`),
    override_blocks: ours(blocks === '' ? '' : `\n${blocks}`),
    ...dialect.settings(model, facts),
  };
  const withName = (name: string): string => fillTemplate(dialect.template, { ...values, in_force: ours(name) });
  return {
    path: PATHS.dovecotConf,
    reason: "Dovecot's settings",
    content: withName(nameInForce(withName(''))),
    mode: 0o644,
    owner: 'root',
    group: 'root',
    onChange: 'reload-dovecot',
  };
}

function protocols({ retrieval }: MailModel): readonly string[] {
  const { imap, imaps, pop3, pop3s, managesieve } = retrieval;
  return [imap || imaps ? 'imap' : '', pop3 || pop3s ? 'pop3' : '', 'lmtp', managesieve ? 'sieve' : ''].filter(Boolean);
}

/**
 * The auth process has all account files in memory, half a kB a line and twice that while it reads a new one. Beyond its
 * default limit of 256 MB it would end, and nobody could log in.
 */
function authMemory(names: number): Quoted {
  const needed = 64 + names / 1000;
  return ours(needed <= 256 ? '' : `  vsz_limit = ${2 ** Math.ceil(Math.log2(needed))} M`);
}

/** Port 0 closes a listener that would otherwise be there by default. */
function listeners({ retrieval }: MailModel, facts: HostFacts): Quoted {
  const ports = portsOf(facts.portOffset);
  const { imap, imaps, pop3, pop3s, managesieve } = retrieval;
  const blocks: string[] = [];
  if (imap || imaps) blocks.push(login('imap', { imap: imap && ports.imap, imaps: imaps && ports.imaps }));
  if (pop3 || pop3s) blocks.push(login('pop3', { pop3: pop3 && ports.pop3, pop3s: pop3s && ports.pop3s }));
  if (managesieve) blocks.push(login('managesieve', { sieve: ports.managesieve }));
  return ours(blocks.join('\n'));
}

function login(service: string, ports: Readonly<Record<string, number | false>>): string {
  const inner = Object.entries(ports).map(([name, port]) =>
    [
      `  inet_listener ${name} {`,
      `    port = ${port === false ? 0 : port}`,
      ...(name.endsWith('3s') || name === 'imaps' ? ['    ssl = yes'] : []),
      '  }',
    ].join('\n'),
  );
  return [`service ${service}-login {`, ...inner, '}'].join('\n');
}
