import { portsOf, type HostFacts } from '../../core/host-facts.ts';
import { SmtpSession } from '../../system/smtp-session.ts';

/** Milliseconds; a client without a name in DNS is greeted late. */
const PATIENCE = 6_000;

/** Whether Postfix greets on each of its ports: they answer also when it does not start what is behind them. */
export async function postfixGreets(facts: HostFacts): Promise<boolean> {
  const { smtp, submission, smtps } = portsOf(facts.portOffset);
  const results = await Promise.all([smtp, submission, smtps].map((port) => greets(facts, port, port === smtps)));
  return results.every((result) => result);
}

async function greets(facts: HostFacts, port: number, implicitTls: boolean): Promise<boolean> {
  const address = facts.listen[0] ?? '127.0.0.1';
  const common = { serverName: undefined, authorities: [], patience: PATIENCE };
  try {
    const session = await SmtpSession.connect({ address, port, implicitTls, ...common });
    try {
      await session.reply();
      return true;
    } finally {
      session.end();
    }
  } catch {
    return false;
  }
}
