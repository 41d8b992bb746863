import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonName } from '../../core/daemons.ts';
import { EboxmailError, failed } from '../../core/errors.ts';
import { portsOf } from '../../core/host-facts.ts';
import type { Prepared } from '../plan/prepare.ts';
import { requireSilence } from '../status/listeners.ts';
import { certificateStatus } from '../status/certificate.ts';
import { proveAuthentication, proveLogin, proveRefusal, type ProbeAccount } from './login.ts';
import { proveMailbox, proveStore } from './mailbox.ts';
import { proveQueueManager } from './delivery.ts';
import { OpenRelay, proveRecipients } from './smtp.ts';

/** Milliseconds in which a daemon may refuse what it will do a moment later: it is reading, or a process of before is answering. */
const PATIENCE = 5_000;

/** Milliseconds in which a process of before may let a stranger relay. */
const SHORT_PATIENCE = 500;

/**
 * Proves that the service does what the state says. Nobody gets anything by it.
 * @param touched the daemons that were started or told to read their configuration again
 * @param probe who logs in; nobody when absent
 * @throws failed with the answer that was not the expected one
 */
export async function proveService(
  { model, facts }: Pick<Prepared, 'model' | 'facts'>,
  touched: ReadonlySet<DaemonName>,
  probe: ProbeAccount | undefined,
): Promise<void> {
  const results = await Promise.allSettled([
    proveEverything({ model, facts }, touched, probe),
    // Dovecot lets who is refused wait, so the others do not wait for that.
    probe !== undefined && touched.has('dovecot')
      ? insist(() => named('logging in', () => proveRefusal(probe, model, facts), 'Dovecot'))
      : undefined,
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function proveEverything(
  { model, facts }: Pick<Prepared, 'model' | 'facts'>,
  touched: ReadonlySet<DaemonName>,
  probe: ProbeAccount | undefined,
): Promise<void> {
  const smtp = `SMTP on port ${portsOf(facts.portOffset).smtp}`;
  await insist(() => named(smtp, () => proveRecipients(model, facts, touched.has('postfix'))));
  if (touched.size === 0) return;
  await insist(() => requireSilence(model, facts));
  await insist(() => proveCertificate({ model, facts }));
  if (touched.has('postfix')) {
    await insist(() => proveStore(model, facts));
    await insist(() => proveQueueManager(facts));
  }
  if (probe === undefined) return;
  if (touched.has('dovecot')) {
    await insist(() => named('logging in', () => proveAuthentication(probe, facts)));
    await insist(() => named('mail', () => proveMailbox(probe, model, facts), 'Dovecot'));
  }
  if (!model.smtp.authentication) return;
  // Then Postfix asks a Dovecot that has read its passwords since the account was made.
  const fresh = touched.has('dovecot') && touched.has('postfix');
  await insist(() => named('logging in', () => proveLogin(probe, model, facts, fresh)));
}

async function proveCertificate(scene: Pick<Prepared, 'model' | 'facts'>): Promise<void> {
  const { path, served } = await certificateStatus(scene);
  const other = served.find(({ same }) => !same);
  if (other === undefined) return;
  const why = other.problem ?? 'it shows another one';
  throw failed(`port ${other.port} (${other.name}) does not show the certificate ${path}: ${why}`);
}

/** Says what it was about when a connection fails, which says only why. */
async function named(
  what: string,
  prove: () => Promise<void>,
  daemon: 'Postfix' | 'Dovecot' = 'Postfix',
): Promise<void> {
  try {
    await prove();
  } catch (error) {
    if (error instanceof EboxmailError) throw error;
    throw failed(`${what}: ${(error as Error).message}`, `the log of ${daemon} says why`);
  }
}

/** Tries until it works; the last failure is the one that is told. */
async function insist(prove: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  for (;;) {
    try {
      return await prove();
    } catch (error) {
      if (performance.now() > begin + (error instanceof OpenRelay ? SHORT_PATIENCE : PATIENCE)) throw error;
      await sleep(200);
    }
  }
}
