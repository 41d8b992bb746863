import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkState, hasErrors, stateOf } from '../../../src/app/state/load-state.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { MailModel } from '../../../src/core/model.ts';
import { render } from '../../../src/core/render/render.ts';
import type { RenderedFile } from '../../../src/core/render/rendered-file.ts';
import { modelOf, type ReadModel } from '../../../src/core/state/model-of.ts';
import { parseState } from '../../../src/core/state/parse.ts';
import { facts, type FactsFile } from '../../support/facts.ts';
import { randomState } from '../../support/random-state.ts';

const TABLES = 'etc/postfix/eboxmail';

const randomFacts: fc.Arbitrary<FactsFile> = fc.constantFrom<FactsFile>(
  {},
  { listen: ['192.0.2.1'], postfix: { tableType: 'hash' } },
  { listen: ['::1', '127.0.0.1'], portOffset: 20000, root: '/tmp/s', sandbox: { outbound: 'out' } },
);

interface Case extends ReadModel {
  readonly state: JsonObject;
  readonly files: ReadonlyMap<string, RenderedFile>;
}

function everyState(check: (rendered: Case) => void | Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(randomState, randomFacts, async (state, given) => {
      const read = modelOf(stateOf(state));
      const files = render(read.model, read.directory, facts(given));
      await check({ ...read, state, files: new Map(files.map((file) => [file.path, file])) });
    }),
    { numRuns: 80 },
  );
}

/** The rows of a table: what is left of the first blank, and what is right of it. */
function rows(files: Case['files'], table: string): readonly (readonly [string, readonly string[]])[] {
  const lines = (files.get(`${TABLES}/${table}`)?.content ?? '').split('\n').slice(1, -1);
  return lines.map((line) => {
    const [, key = '', items = ''] = /^([^ ]+) (.+)$/.exec(line) ?? [];
    return [key, items.split(', ')] as const;
  });
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

describe('whatever the state', () => {
  it('is valid, as data and as YAML', () =>
    everyState(async ({ state, problems }) => {
      expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      const parsed = parseState(stringify(state));
      expect(parsed.data).toEqual(state);
      expect(hasErrors(await checkState(parsed.data))).toBe(false);
    }));

  it('holds no control character but line breaks, and ends with one', () =>
    everyState(({ files }) => {
      for (const { path, content } of files.values()) {
        expect(content.replaceAll('\n', ''), path).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        if (content !== '') expect(content.endsWith('\n'), path).toBe(true);
        expect(content, path).not.toContain('undefined');
        expect(content, path).not.toContain('{{');
      }
    }));

  it('gives the same bytes again', () =>
    everyState(({ state, files }) => {
      const again = modelOf(stateOf(JSON.parse(JSON.stringify(state)) as JsonObject));
      const sandbox = files.get('etc/postfix/master.cf')?.content.includes('capture') === true;
      if (sandbox) return;
      const first = render(again.model, again.directory, facts());
      const second = render(again.model, again.directory, facts());
      expect(second).toEqual(first);
    }));

  it('has rows for domains that are managed here, and each only once', () =>
    everyState(({ model, files }) => {
      const names = [...model.domains.values()].flatMap(({ name, aliases }) => [
        name,
        ...aliases.map((alias) => alias.name),
      ]);
      expect(rows(files, 'mailbox_domains').map(([key]) => key)).toEqual([...names].sort());
      for (const table of ['mailboxes', 'aliases', 'sender_logins']) {
        const keys = rows(files, table).map(([key]) => key);
        const others = table === 'aliases' ? [...ownNames(model), 'none.copy.eboxmail.invalid'] : [];
        const outside = table === 'aliases' ? outsideArchives(model) : [];
        for (const key of keys)
          if (!outside.includes(key)) expect([...names, ...others], table).toContain(domainOf(key));
        expect(new Set(keys).size, table).toBe(keys.length);
        expect([...keys].sort(), table).toEqual(keys);
      }
    }));

  it('lets a full mailbox refuse only addresses of which all mail ends in it', () =>
    everyState(({ model, directory, files }) => {
      const ways = new Map(rows(files, 'aliases'));
      const lines = (files.get('etc/dovecot/eboxmail/quota-aliases')?.content ?? '').split('\n').slice(0, -1);
      for (const line of lines) {
        const [, address = '', user = ''] =
          /^([^:]+):::::::userdb_user=(\S+)( userdb_quota_rule=\*:bytes=\d+)?$/.exec(line) ?? [];
        const account = directory.account(user);
        expect(account, line).toBeDefined();
        expect(account?.quota === undefined ? model.limits.mailbox : account.quota, line).not.toBeNull();
        const [way = '', ...others] = ways.get(address) ?? [];
        expect(others, line).toEqual([]);
        expect([user, hopTo(user, way)], line).toContain(way);
      }
    }));

  it('leads every row to a mailbox, the postmaster, or outside; and no address is both mailbox and alias', () =>
    everyState(({ model, directory, files }) => {
      const mailboxes = new Set(rows(files, 'mailboxes').map(([key]) => key));
      const postmaster = model.postmaster === 'root' ? `root@${model.mailname}` : model.postmaster;
      const refused = refusedIn(files);
      for (const [key, targets] of rows(files, 'aliases')) {
        if (refused.has(key)) {
          expect(targets).toEqual([key]);
          continue;
        }
        // A mailbox has a row only to itself, or to the hop that leads to it.
        if (mailboxes.has(key)) expect([[key], [hopTo(key, targets[0])]]).toContainEqual(targets);
        expect(new Set(targets).size).toBe(targets.length);
        for (const target of targets) {
          if (target === postmaster) continue;
          expect(
            mailboxes.has(target) || !directory.namesOf(domainOf(target)).some((name) => model.domains.has(name)),
          ).toBe(true);
        }
      }
      for (const [, owners] of rows(files, 'sender_logins'))
        for (const owner of owners) expect(mailboxes).toContain(owner);
    }));

  it('lets the same addresses receive in every name of a domain', () =>
    everyState(({ model, directory, files }) => {
      const known = new Set([...rows(files, 'mailboxes'), ...rows(files, 'aliases')].map(([key]) => key));
      for (const address of refusedIn(files)) known.delete(address);
      for (const { name, aliases } of model.domains.values()) {
        const locals = (domain: string): string[] =>
          [...known]
            .filter((address) => domainOf(address) === domain)
            .map((address) => address.slice(0, -domain.length));
        for (const alias of aliases) expect(locals(alias.name).sort()).toEqual(locals(name).sort());
        for (const role of [`postmaster@${name}`, `abuse@${name}`]) {
          const { accounts, externals } = directory.resolve(role);
          const inactive = directory.entry(role) !== undefined && accounts.length + externals.length === 0;
          expect(known.has(role), role).toBe(!inactive);
        }
      }
    }));

  it('has a line for each account that reads back as the account', () =>
    everyState(({ model, files }) => {
      const lines = (files.get('etc/dovecot/eboxmail/users')?.content ?? '').split('\n').slice(0, -1);
      const accounts = [...model.users.values()].filter(({ account }) => account);
      expect(lines).toHaveLength(accounts.length);
      for (const line of lines) {
        const fields = line.split(':');
        const user = model.users.get(fields[0] ?? '');
        expect(user?.account).toBe(true);
        expect(line.split(':', 7).slice(2).join('')).toBe('');
        expect(quotaIn(fields.slice(7).join(':'))).toBe(user?.quota);
        if (user?.password === undefined) expect(fields[1]).toBe('{SHA512-CRYPT}*');
        else if ('hash' in user.password) expect(passwordIn(fields[1] ?? '')).toBe(normal(user.password.hash));
      }
    }));
});

/** Aliases of groups in which nobody has an account, where the domain takes mail for unknown addresses. */
function refusedIn(files: Case['files']): ReadonlySet<string> {
  return new Set(rows(files, 'refused').map(([key]) => key));
}

/** Addresses elsewhere that get copies: all mail for them takes the same way. */
function outsideArchives(model: MailModel): readonly string[] {
  const targets = [...model.domains.values()].map(({ catchAll }) => catchAll?.copyTo);
  return targets.flatMap((target) => (target?.kind === 'external' ? [target.address] : []));
}

/** Under which the machine itself gets mail; some of it goes to the postmaster. */
function ownNames({ mailname }: MailModel): readonly string[] {
  return [mailname, `localhost.${mailname.slice(mailname.indexOf('.') + 1)}`];
}

/** What is addressed to somebody whose copies nobody hears of when they bounce is told from the copies by its name. */
function hopTo(address: string, target = ''): string {
  const prefix = domainOf(target).startsWith('none.') ? 'addressed.' : '';
  return `${prefix}${address.replace('@', '=')}@${domainOf(target)}`;
}

function quotaIn(extra: string): number | null | undefined {
  if (extra === '') return undefined;
  const [, bytes] = /^userdb_quota_rule=\*:bytes=(\d+)$/.exec(extra) ?? [];
  return bytes === '0' ? null : Number(bytes);
}

function passwordIn(field: string): string {
  const [, hex] = /^\{PLAIN\.HEX\}([0-9a-f]*)$/.exec(field) ?? [];
  return hex === undefined ? field : `{PLAIN}${Buffer.from(hex, 'hex').toString('utf8')}`;
}

function normal(hash: string): string {
  return hash.replace(/^\{plain\}/i, '{PLAIN}');
}
