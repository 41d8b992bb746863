import { LineSocket } from './line-socket.ts';

/** Milliseconds after which nobody is let in any more. Dovecot keeps who is refused waiting (auth_failure_delay). */
const REFUSED_BY_THEN = 4_000;

/**
 * Whether a password is that of an account, in the eyes of the running Dovecot. Nothing of it stands in any argument, and
 * Dovecot slows down whoever guesses.
 * @param baseDirectory absolute path of Dovecot's base_dir
 */
export async function isPasswordOf(address: string, password: string, baseDirectory: string): Promise<boolean> {
  const socket = await openAuth(baseDirectory);
  try {
    return (await logIn(socket, address, password, 'eboxmail')) === address;
  } finally {
    socket.close();
  }
}

/**
 * Whether Dovecot lets somebody in with a password that is nobody's, be it as somebody else.
 * @param service whose client asks: the block "protocol" of its configuration that counts
 */
export async function isLetIn(
  address: string,
  password: string,
  service: string,
  baseDirectory: string,
): Promise<boolean> {
  const socket = await openAuth(baseDirectory);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.close();
  }, REFUSED_BY_THEN);
  try {
    return (await logIn(socket, address, password, service)) !== undefined;
  } catch (error) {
    if (late) return false;
    throw error;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function openAuth(baseDirectory: string): Promise<LineSocket> {
  return LineSocket.openUnix(`${baseDirectory}/auth-client`);
}

/**
 * By Dovecot's authentication protocol, as in "Dovecot Auth Protocol v1.2".
 * @returns as whom; undefined when it is refused
 */
async function logIn(
  socket: LineSocket,
  address: string,
  password: string,
  service: string,
): Promise<string | undefined> {
  socket.send(`VERSION\t1\t1\nCPID\t${process.pid}\n`);
  let offered = false;
  for (let line = await socket.line(); line !== 'DONE'; line = await socket.line()) {
    if (/^MECH\tPLAIN(\t|$)/.test(line)) offered = true;
  }
  // Dovecot calls it a bug to ask all the same.
  if (!offered) return undefined;
  const response = Buffer.from(`\0${address}\0${password}`, 'utf8').toString('base64');
  socket.send(`AUTH\t1\tPLAIN\tservice=${service}\tsecured\tresp=${response}\n`);
  for (;;) {
    const [word, id, ...fields] = (await socket.line()).split('\t');
    if (id === '1' && word === 'OK') return fields.find((field) => field.startsWith('user='))?.slice(5) ?? '';
    if (id === '1' && word === 'FAIL') return undefined;
  }
}

/**
 * Whether Dovecot has such an account to deliver mail to (its protocol for that, as in "Dovecot Auth Protocol v1.2",
 * Master). Only root may ask.
 * @param baseDirectory absolute path of Dovecot's base_dir
 * @throws when it does not answer, or answers that it cannot say now
 */
export async function isKnownUser(address: string, baseDirectory: string): Promise<boolean> {
  const socket = await LineSocket.openUnix(`${baseDirectory}/auth-userdb`);
  try {
    socket.send(`VERSION\t1\t1\nUSER\t1\t${address}\tservice=eboxmail\n`);
    for (;;) {
      const [word, id] = (await socket.line()).split('\t');
      if (id !== '1' || word === 'VERSION') continue;
      if (word === 'USER' || word === 'NOTFOUND') return word === 'USER';
      throw new Error('Dovecot does not say who has an account');
    }
  } finally {
    socket.close();
  }
}
