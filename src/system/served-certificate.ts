import { connect, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';

/** How TLS begins on a port: at once, or by the command of a protocol. */
export type TlsBeginning = 'implicit' | 'smtp' | 'imap' | 'pop3' | 'sieve';

/** What is read and said until the handshake: the answer that is waited for, then the command that follows it. */
const DIALOGUES: Readonly<Record<TlsBeginning, readonly (readonly [RegExp, string])[]>> = {
  implicit: [],
  smtp: [
    [/^220 .*\r\n/m, 'EHLO localhost'],
    [/^250 .*\r\n/m, 'STARTTLS'],
    [/^220 .*\r\n/m, ''],
  ],
  imap: [
    [/^\* OK.*\r\n/m, 'a STARTTLS'],
    [/^a OK.*\r\n/m, ''],
  ],
  pop3: [
    [/^\+OK.*\r\n/m, 'STLS'],
    [/^\+OK.*\r\n/m, ''],
  ],
  sieve: [
    [/^OK.*\r\n/m, 'STARTTLS'],
    [/^OK.*\r\n/m, ''],
  ],
};

/** Milliseconds; a local daemon needs a few. */
const PATIENCE = 10_000;

/**
 * The SHA-256 fingerprint of the certificate that a port shows, as X509Certificate.fingerprint256 has it.
 * @param name sent as the name of the server (SNI)
 * @throws when no TLS comes about
 */
export async function servedFingerprint(
  target: { readonly host: string; readonly port: number },
  beginning: TlsBeginning,
  name: string,
): Promise<string> {
  const socket = connect(target);
  const deadline = setTimeout(() => socket.destroy(new Error('it does not answer in time')), PATIENCE);
  try {
    for (const [answer, command] of DIALOGUES[beginning]) {
      await readUntil(socket, answer);
      if (command !== '') socket.write(`${command}\r\n`);
    }
    return await handshake(socket, name);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

function readUntil(socket: Socket, answer: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!answer.test(text)) return;
      socket.off('data', onData).off('error', reject).off('close', onClose);
      socket.pause();
      resolve();
    };
    const onClose = (): void => reject(new Error(`it says "${text.trim()}" and closes the connection`));
    socket.on('data', onData).once('error', reject).once('close', onClose).resume();
  });
}

function handshake(socket: Socket, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = secure({ socket, servername: name, rejectUnauthorized: false }, () => {
      const { fingerprint256 } = session.getPeerCertificate();
      session.end(() => resolve(fingerprint256));
    });
    session.once('error', reject);
    socket.once('close', () => reject(new Error('it closes the connection')));
  });
}
