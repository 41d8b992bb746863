import policyLua from '../../../../templates/rspamd/policy.lua';
import template from '../../../../templates/rspamd/rspamd.conf';
import unitTemplate from '../../../../templates/rspamd/unit.conf';
import type { Directory } from '../../directory.ts';
import type { HostFacts } from '../../host-facts.ts';
import type { BuiltinFilter, MailModel } from '../../model.ts';
import { PATHS } from '../paths.ts';
import { ours, quoteUclNumber } from '../quote.ts';
import { HEADER, type RenderedFile } from '../rendered-file.ts';
import { startWithMachine } from '../start-with-machine.ts';
import { fillTemplate } from '../template.ts';
import { rspamdFile } from './rspamd-file.ts';
import { antivirusFiles } from './antivirus.ts';
import { memoryFiles, trustedClients } from './memory.ts';
import { policyJson } from './policy.ts';

/**
 * rspamd as a daemon of eboxmail's own, beside that of Debian's package and without its ports: it is asked over a socket,
 * and only rules, scores and programs are the package's. What the state says is in policy.json, which a rule reads.
 */
export function renderRspamd(model: MailModel, directory: Directory, facts: HostFacts): readonly RenderedFile[] {
  const { filter } = model;
  if (filter.mode !== 'builtin') return [];
  const sandbox = facts.sandbox !== undefined;
  const trusted = trustedClients(model, facts);
  return [
    rspamdFile(`${PATHS.rspamd}/policy.json`, 'what the filter does with whom', policyJson(filter, directory, trusted)),
    rspamdFile(`${PATHS.rspamd}/rspamd.local.lua`, 'the rule that reads it', `-- ${HEADER.slice(2)}\n${policyLua}`),
    sandbox
      ? rspamdFile(`${PATHS.rspamd}/tlds.dat`, 'the domains that a sandbox knows', SANDBOX_TLDS)
      : rspamdFile(`${PATHS.rspamd}/local.d/dkim_signing.conf`, 'that there are no keys to sign with', NO_SIGNING),
    ...antivirusFiles(filter),
    ...memoryFiles(filter, facts),
    rspamdFile(`${PATHS.rspamd}/rspamd.conf`, "rspamd's settings", settings(filter, facts)),
    ...(facts.jobs.by === 'systemd' ? units() : []),
  ];
}

/**
 * What rspamd is started with.
 * @param etc the directory of its files
 */
export function rspamdArguments(root: string, etc = `${root}/${PATHS.rspamd}`): readonly string[] {
  const places = {
    LOCAL_CONFDIR: etc,
    DBDIR: `${root}/${PATHS.rspamdData}`,
    RUNDIR: `${root}/${PATHS.rspamdRun}`,
    LOGDIR: `${root}/var/log`,
  };
  return [`${etc}/rspamd.conf`, ...Object.entries(places).map(([name, path]) => `--var=${name}=${path}`)];
}

/** Reading the list of all domains takes a new sandbox ten seconds. */
const SANDBOX_TLDS = ['com', 'example', 'net', 'org', 'test'].map((name) => `${name}\n`).join('');

/** Without this it looks for a key for all mail from users and programs on the machine, and complains of each. */
const NO_SIGNING = `${HEADER}\nenabled = false;\n`;

/** Modules that look at nothing but the message. */
const SANDBOX_MODULES =
  'antivirus chartable force_actions forged_recipients maillist mid milter_headers once_received regexp trie';

/** No look-up leaves a sandbox: no names are resolved, and nothing that asks others is on. */
const SANDBOX_NETWORK = [
  '  filters = "chartable,regexp";',
  '  dns {',
  '    nameserver = ["127.0.0.1:1"];',
  '    timeout = 0.1s;',
  '    retransmits = 1;',
  '  }',
  '  disable_monitoring = true;',
  '  disable_hyperscan = true;',
  '  url_tld = "$LOCAL_CONFDIR/tlds.dat";',
];

const NETWORK = [
  '  filters = "chartable,dkim,regexp,fuzzy_check";',
  '  dns {',
  '    timeout = 1s;',
  '    sockets = 16;',
  '    retransmits = 5;',
  '  }',
  '  url_tld = "$SHAREDIR/effective_tld_names.dat";',
];

/** On a machine it keeps the lists that are loaded from elsewhere up to date; it also takes what is to be learned. */
const CONTROLLER = [
  '',
  'worker "controller" {',
  '  bind_socket = "$RUNDIR/controller.sock mode=0600 owner=_rspamd";',
  '  count = 1;',
  '}',
];

function settings(filter: BuiltinFilter, { root, sandbox }: HostFacts): string {
  const { server, onFailure, greylisting, learning } = filter;
  const inSandbox = [...SANDBOX_MODULES.split(' '), ...(greylisting === undefined ? [] : ['greylist'])];
  const modules =
    sandbox === undefined
      ? ['.include "$CONFDIR/modules.conf"']
      : inSandbox.map((name) => `.include "$CONFDIR/modules.d/${name}.conf"`);
  const log = root === '' ? ['  type = "syslog";', '  facility = "mail";'] : FILE_LOG;
  return fillTemplate(template, {
    header: ours(HEADER),
    modules: ours(modules.join('\n')),
    statistics: ours(learning === undefined ? '' : '.include "$CONFDIR/statistic.conf"'),
    greylist: greylisting === undefined ? ours('') : ours(`  greylist = ${quoteUclNumber(greylisting.score)};`),
    // No message has so many points.
    reject: quoteUclNumber(server.reject ?? 1_000_000),
    threshold: quoteUclNumber(server.threshold),
    tempfail: ours(String(onFailure === 'tempfail')),
    network: ours((sandbox === undefined ? NETWORK : SANDBOX_NETWORK).join('\n')),
    log: ours(log.join('\n')),
    controller: ours(sandbox === undefined || learning !== undefined ? CONTROLLER.join('\n') : ''),
  });
}

const FILE_LOG = ['  type = "file";', '  filename = "$LOGDIR/rspamd.log";'];

function units(): readonly RenderedFile[] {
  const [config = '', ...places] = rspamdArguments('');
  const unit = fillTemplate(unitTemplate, {
    header: ours(HEADER),
    arguments: ours(['-c', config, '-u', '_rspamd', '-g', '_rspamd', ...places].join(' ')),
    run: ours(`/${PATHS.rspamdRun}`),
  });
  return [
    {
      ...rspamdFile(PATHS.rspamdUnit, 'the service that runs rspamd (systemd.service(5))', unit),
      onChange: 'restart-rspamd',
    },
    startWithMachine(PATHS.rspamdWanted, 'rspamd starts with the machine', 'eboxmail-rspamd'),
  ];
}
