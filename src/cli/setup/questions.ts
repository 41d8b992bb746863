import { checkPair } from '../../app/plan/certificate.ts';
import { findCertificate } from '../../app/plan/found-certificate.ts';
import { requireSound } from '../../app/state/new-state.ts';
import { parseDomain } from '../../core/address.ts';
import { firstAddress, firstState, SERVICES, type FirstAnswers, type Service } from '../../core/edits/first-state.ts';
import { EboxmailError, EXIT, usageError } from '../../core/errors.ts';
import { whyNotRelayPassword } from '../../core/relay-login.ts';
import { problemText } from '../../ui/problems.ts';
import { askPassword } from '../../ui/prompt.ts';
import type { Context } from '../context.ts';
import { givenPassword, newPassword } from '../password-options.ts';
import type { Asker } from './asker.ts';
import { hasPassword, listIn, servicesIn, type SetupOptions } from './options.ts';

/** What came of all questions. */
export interface Answered {
  readonly answers: FirstAnswers;
  readonly smarthostPassword: string | undefined;
  /** A password that was made, and has to be told once. */
  readonly generated: string | undefined;
}

/** Asks what the options do not answer; each answer is checked with those before it. */
export async function answerAll(
  context: Context,
  options: SetupOptions,
  asker: Asker,
  mailname: string | undefined,
): Promise<Answered> {
  let answers: Partial<FirstAnswers> = {};
  const check = async (more: Partial<FirstAnswers>): Promise<void> => requireSound(firstState({ ...answers, ...more }));
  const take = async (more: Partial<FirstAnswers>): Promise<void> => {
    await check(more);
    answers = { ...answers, ...more };
  };
  const text = async (question: TextQuestion): Promise<void> => {
    const { option, proposal, make } = question;
    await take(make(option ?? (await asker.text({ ...question, proposal, check: (typed) => check(make(typed)) }))));
  };

  await text({
    option: options.mailname,
    explanation:
      'The full name of this server: mail domains point to it with their MX records, certificates are for it.',
    question: 'Name of the server:',
    proposal: mailname,
    make: (typed) => ({ mailname: typed }),
  });
  await text({
    option: options.domain,
    explanation: 'What stands behind the @ of the addresses here; more can be added later.',
    question: 'First mail domain:',
    proposal: parentDomain(answers.mailname ?? ''),
    make: (typed) => ({ domain: typed }),
  });
  await text({
    option: options.user,
    explanation: 'A person with a mailbox; the address is also the user name for every login.',
    question: 'Address of the first user:',
    proposal: loginName(answers.domain ?? ''),
    make: (typed) => ({ user: typed }),
  });
  const address = firstAddress(answers.user ?? '', answers.domain ?? '');
  await text({
    option: options.name ?? (asker.asks ? undefined : ''),
    explanation: "The person's name, for lists; it may be left out.",
    question: `Name of ${address}:`,
    proposal: '',
    make: (typed) => ({ name: typed === '' ? undefined : typed }),
  });
  asker.explain('What this person logs in with; it is typed twice, is not shown, and only a hash of it is kept.');
  const { hash, generated } = await passwordOf(context, options, asker, address);
  await take({ password: hash });
  await take({ tls: await certificateFor(context, options, asker, answers.mailname ?? '') });
  await take({ services: await chosenServices(options, asker) });
  const way = await smarthostOf(context, options, asker, check);
  await take({ smarthost: way?.host, username: way?.username });
  await text({
    option: options.relayNetworks === false ? '' : options.relayNetworks,
    explanation:
      'Machines that may send to the outside without a login, such as printers: 192.0.2.10, 198.51.100.0/24.',
    question: 'Networks that may relay (empty: none):',
    proposal: '',
    make: (typed) => ({ networks: listIn(typed) }),
  });
  return { answers: answers as FirstAnswers, smarthostPassword: way?.password, generated };
}

interface TextQuestion {
  /** The answer that was given on the command line. */
  readonly option: string | undefined;
  readonly explanation: string;
  readonly question: string;
  readonly proposal: string | undefined;
  readonly make: (typed: string) => Partial<FirstAnswers>;
}

/** `example.com` of `mx.example.com`. */
function parentDomain(mailname: string): string | undefined {
  const parent = mailname.slice(mailname.indexOf('.') + 1);
  return mailname.includes('.') && parseDomain(parent).ok ? parent.toLowerCase() : undefined;
}

/** Whoever called sudo is likely to be a person who gets mail. */
function loginName(domain: string): string | undefined {
  const name = process.env['SUDO_USER']?.toLowerCase();
  return name !== undefined && name !== 'root' && /^[a-z][a-z0-9._-]*$/.test(name) ? `${name}@${domain}` : undefined;
}

/** Typed again as long as it is none, or the second is not the first. */
async function passwordOf(
  context: Context,
  options: SetupOptions,
  asker: Asker,
  address: string,
): ReturnType<typeof newPassword> {
  for (;;) {
    try {
      return await newPassword(context, address, options);
    } catch (error) {
      const again = asker.asks && !hasPassword(options) && error instanceof EboxmailError;
      if (!again || error.exitCode !== EXIT.usage) throw error;
      asker.explain(`${error.message}: once more`);
    }
  }
}

async function certificateFor(
  { place, terminal }: Context,
  { tlsCertificate, tlsKey, selfSigned }: SetupOptions,
  asker: Asker,
  mailname: string,
): Promise<FirstAnswers['tls']> {
  if (selfSigned === true) return undefined;
  const checked = (tls: NonNullable<FirstAnswers['tls']>): FirstAnswers['tls'] => {
    for (const warning of checkPair(tls, mailname)) terminal.say(problemText(place.statePath, warning));
    return tls;
  };
  if (tlsCertificate !== undefined && tlsKey !== undefined)
    return checked({ certificate: tlsCertificate, key: tlsKey });
  const found = findCertificate(place.root, mailname);
  const kind = await asker.choice({
    explanation:
      'Connections are encrypted with it; mail programs warn of one that is self-signed, other servers do not mind.',
    question: 'Certificate:',
    choices: [
      ...(found === undefined
        ? []
        : [{ value: 'found' as const, name: `${found.certificate}, which is for ${mailname}` }]),
      { value: 'self-signed' as const, name: 'make a self-signed one' },
      { value: 'other' as const, name: 'other files' },
    ],
  });
  if (kind === 'found') return found;
  if (kind === 'self-signed') return undefined;
  for (;;) {
    const certificate = await asker.file('File with the certificate and its chain:');
    const key = await asker.file('File with its private key:');
    try {
      return checked({ certificate, key });
    } catch (error) {
      if (!(error instanceof EboxmailError)) throw error;
      asker.explain(`${error.message}: once more`);
    }
  }
}

const SERVICE_WORDS: Readonly<Record<Service, string>> = {
  imap: 'IMAP on port 143, encrypted by STARTTLS',
  imaps: 'IMAP over TLS on port 993',
  pop3: 'POP3 on port 110, encrypted by STARTTLS',
  pop3s: 'POP3 over TLS on port 995',
  managesieve: 'ManageSieve on port 4190, for filters that users make',
};

async function chosenServices({ services }: SetupOptions, asker: Asker): Promise<readonly Service[]> {
  if (services !== undefined) return servicesIn(services);
  return asker.several({
    explanation: 'How mail programs get at the mailboxes; passwords are never taken unencrypted.',
    question: 'Services:',
    choices: (Object.keys(SERVICES) as Service[]).map((value) => ({
      value,
      name: SERVICE_WORDS[value],
      checked: SERVICES[value],
    })),
  });
}

interface Smarthost {
  readonly host: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

async function smarthostOf(
  context: Context,
  options: SetupOptions,
  asker: Asker,
  check: (more: Partial<FirstAnswers>) => Promise<void>,
): Promise<Smarthost | undefined> {
  if (options.direct === true) return undefined;
  const explanation =
    'Some providers let no mail out but by their own server, the smarthost; otherwise it leaves directly.';
  const kind =
    options.smarthost !== undefined
      ? 'smarthost'
      : await asker.choice({
          explanation,
          question: 'Mail to the outside:',
          choices: [
            { value: 'direct' as const, name: 'goes to the servers of its recipients' },
            { value: 'smarthost' as const, name: 'goes by way of a smarthost' },
          ],
        });
  if (kind === 'direct') return undefined;
  const host =
    options.smarthost ??
    (await asker.text({
      explanation: 'A name, [name] for no MX look-up, an IPv4 address or [IPv6], perhaps with :PORT; 587 is usual.',
      question: 'Smarthost:',
      proposal: undefined,
      check: (typed) => check({ smarthost: typed }),
    }));
  const isGiven = options.smarthost !== undefined && (options.smarthostUsername !== undefined || !asker.asks);
  const username = isGiven
    ? options.smarthostUsername
    : (await asker.text({
        explanation: 'What the provider gave you to log in with.',
        question: 'User name there (empty: no login):',
        proposal: '',
        check: (typed) => check({ smarthost: host, username: typed === '' ? undefined : typed }),
      })) || undefined;
  await check({ smarthost: host, username });
  return {
    host,
    username,
    password: username === undefined ? undefined : await relayPassword(context, options, asker, username),
  };
}

async function relayPassword(
  context: Context,
  { smarthostPasswordFile: passwordFile }: SetupOptions,
  asker: Asker,
  username: string,
): Promise<string> {
  for (;;) {
    const given = passwordFile === undefined ? undefined : await givenPassword(context, { passwordFile });
    const password = given ?? (await askPassword(context.terminal, username));
    const wrong = whyNotRelayPassword(password);
    if (wrong === undefined) return password;
    if (given !== undefined) throw usageError(`the password in ${passwordFile} ${wrong}`);
    asker.explain(`the password ${wrong}: once more`);
  }
}
