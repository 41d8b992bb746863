import { notFound } from '../../core/errors.ts';
import { parseQueueLine, type QueueMessage } from '../../core/queue/message.ts';
import { deliveredTo, type MessageContent, type ReadMessage } from '../../core/queue/read-message.ts';
import { envelopeLines, listLines, messageChunks, type PostfixQueue } from '../../system/postfix-queue.ts';

/** Bytes of a message that are decoded; what is behind is rarely text for people. */
const MOST_DECODED = 8 * 1024 * 1024;

/** @throws not found (exit 4) when the message is not in the queue or leaves it meanwhile */
export async function readMessage(queue: PostfixQueue, id: string): Promise<ReadMessage> {
  const envelope = await findMessage(queue, id);
  const delivered = deliveredTo(await envelopeLines(queue, id));
  return { envelope, delivered, content: await decode(await firstBytes(queue, id)) };
}

async function findMessage(queue: PostfixQueue, id: string): Promise<QueueMessage> {
  for await (const lines of listLines(queue)) {
    const line = lines.find((one) => one.includes(`"${id}"`) && parseQueueLine(one)?.queue_id === id);
    const message = line === undefined ? undefined : parseQueueLine(line);
    if (message !== undefined) return message;
  }
  throw notFound(`the message ${id} is not in the queue`, 'what is there: eboxmail queue list');
}

async function firstBytes(queue: PostfixQueue, id: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of messageChunks(queue, id, 'all')) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_DECODED) break;
  }
  return Buffer.concat(chunks);
}

async function decode(message: Buffer): Promise<MessageContent> {
  const { default: PostalMime, decodeWords } = await import('postal-mime');
  const mail = await PostalMime.parse(message);
  const header = (name: string): string | undefined => mail.headers.find(({ key }) => key === name)?.value;
  const decoded = (name: string): string | undefined => {
    const value = header(name);
    return value === undefined ? undefined : decodeWords(value);
  };
  return {
    from: decoded('from'),
    to: decoded('to'),
    cc: decoded('cc'),
    date: header('date'),
    subject: mail.subject,
    headers: mail.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
    text: mail.text ?? (mail.html === undefined ? undefined : await textOf(mail.html)),
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      filename,
      type: mimeType,
      size: typeof content === 'string' ? content.length : content.byteLength,
    })),
  };
}

/** The library makes text of HTML only for a message that has both, so it gets one. */
async function textOf(html: string): Promise<string | undefined> {
  const { default: PostalMime } = await import('postal-mime');
  const boundary = `eboxmail-${process.hrtime.bigint()}`;
  const part = (type: string, text: string): string =>
    `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\n\r\n${text}\r\n`;
  const head = `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`;
  const mail = await PostalMime.parse(`${head}${part('text/plain', '')}${part('text/html', html)}--${boundary}--\r\n`);
  return mail.text;
}
