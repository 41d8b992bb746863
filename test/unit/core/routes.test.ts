import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasErrors, stateOf } from '../../../src/app/state/load-state.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { nextHop, parseRelayHost, splitRelay } from '../../../src/core/relay-host.ts';
import { decidingRule, routesOf, type Route } from '../../../src/core/routes.ts';
import { modelOf } from '../../../src/core/state/model-of.ts';

const LOCALS = ['a', 'b'];
const NAMES = ['a.test', 'alias.test', 'alias2.test', 'b.test', 'far.test', 'off.test'];

const rule = fc.oneof(
  fc.record({ sender: fc.tuple(fc.constantFrom(...LOCALS), fc.constantFrom(...NAMES)).map((both) => both.join('@')) }),
  fc.record({ sender: fc.constantFrom(...NAMES) }),
  fc.record({ recipient: fc.constantFrom('far.test', 'off.test') }),
);

/** Relays that can be told apart by their ports. */
function stateWith(rules: readonly object[]): JsonObject {
  return {
    version: 1,
    server: { mailname: 'mx.eg.test' },
    domains: { 'a.test': { aliases: ['alias.test', 'alias2.test'] }, 'b.test': null },
    relay: {
      smarthost: { host: 'default.test' },
      rules: rules.map((one, index) => ({ ...one, host: 'r.test', port: 100 + index })),
    },
  };
}

function portOf(route: Route | undefined): number | undefined {
  return route?.kind === 'relay' ? route.relay.port : undefined;
}

/** As Postfix looks it up: transport(5), then the sender with and without its detail, then its domain. */
function lookedUp(routes: ReturnType<typeof routesOf>, sender: string, recipient: string): number | undefined {
  const { byRecipient, bySender, byDefault } = routes;
  const plain = sender.replace(/\+.*@/, '@');
  const keys = [sender, plain, sender.slice(sender.indexOf('@'))];
  return portOf(
    byRecipient.get(recipient) ?? keys.map((key) => bySender.get(key)).find((one) => one !== undefined) ?? byDefault,
  );
}

describe('routes', () => {
  it('are what the rule says that explain names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(rule, { selector: (one) => JSON.stringify(one), maxLength: 8 }), (rules) => {
        const { model, directory, problems } = modelOf(stateOf(stateWith(rules)));
        expect(hasErrors(problems)).toBe(false);
        const routes = routesOf(model, directory, false);
        for (const recipient of ['far.test', 'other.test']) {
          for (const sender of NAMES.flatMap((name) => ['a', 'b', 'c', 'a+x'].map((local) => `${local}@${name}`))) {
            const decided = decidingRule(model, sender, recipient)?.relay ?? model.relay.smarthost;
            expect([sender, recipient, lookedUp(routes, sender, recipient)]).toEqual([
              sender,
              recipient,
              decided?.port,
            ]);
          }
        }
      }),
    );
  });

  it('have one client for relays that differ in nothing, and one each for two logins at one server', () => {
    const login = (username: string): object => ({
      host: 'r.test',
      port: 587,
      username,
      password: { file: 'secrets/r' },
    });
    const state = {
      ...stateWith([]),
      relay: {
        smarthost: login('a'),
        rules: [
          { sender: 'a.test', ...login('b') },
          { recipient: 'far.test', ...login('a') },
          { recipient: 'off.test', direct: true },
        ],
      },
    } as unknown as JsonObject;
    const { model, directory } = modelOf(stateOf(state));
    const names = (sandbox: boolean): readonly string[] =>
      routesOf(model, directory, sandbox).clients.map(({ name }) => name);
    expect(names(false)).toEqual([expect.stringMatching(/^relay-[0-9a-f]{8}$/), expect.stringMatching(/^relay-/)]);
    expect(new Set(names(false)).size).toBe(2);
    // What is not on the machine itself is captured there.
    expect(names(true)).toEqual([]);
  });
});

describe('hosts of relays', () => {
  it.each([
    ['Smtp.Isp.example', 'smtp.isp.example:25'],
    ['[smtp.isp.example]', '[smtp.isp.example]:25'],
    ['192.0.2.1', '[192.0.2.1]:25'],
    ['[192.0.2.1]', '[192.0.2.1]:25'],
    ['[2001:DB8::1]', '[2001:db8::1]:25'],
    ['mail', 'mail:25'],
  ])('%s is the next hop %s', (text, expected) => {
    const host = parseRelayHost(text);
    expect(host.ok && nextHop(host.value, 25)).toBe(expected);
  });

  it.each(['', '[]', '::1', '1.2.3', 'a b', 'a..b', '-a', 'a_b', '[a]b', 'a:25', '[[::1]]', 'a\nb', '$a'])(
    '%j is none',
    (text) => {
      expect(parseRelayHost(text).ok).toBe(false);
    },
  );

  it('have their port behind a colon', () => {
    expect(splitRelay('[::1]:26')).toEqual({ ok: true, value: { host: '[::1]', port: 26 } });
    expect(splitRelay('a.example')).toEqual({ ok: true, value: { host: 'a.example', port: undefined } });
    for (const text of ['a:', 'a:0', 'a:1e2', 'a: 25', 'a:65536', '::1', '[::1]26', ':25'])
      expect(splitRelay(text).ok).toBe(false);
  });
});
