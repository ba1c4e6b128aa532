// @tallystick/recovery/mail: a mailbox as a place of backups. Files go out by SMTP, one a message, and are found, read and dropped by IMAP. Needs
// `nodemailer` and `imapflow`, which the program installs and which are loaded when a mailbox is first asked, for they are a fifth of what a program has to load to start.
import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js';
import { RecoveryError } from './errors.ts';
import type { BackupPlace } from './place.ts';

export interface MailboxOptions {
  /** As nodemailer takes it: host, port, secure, auth. */
  readonly smtp: SMTPTransport.Options;
  /** As imapflow takes it: host, port, secure, auth. */
  readonly imap: ImapFlowOptions;
  readonly from: string;
  /** The owner's own address: the one whose mailbox is read. */
  readonly to: string;
  /** `INBOX` when left out. */
  readonly folder?: string;
  /** What mail servers take as one message at most: 20 MB when left out. */
  readonly maxBytes?: number;
  /** How long a message may take from the one server to the other, 60,000 ms when left out. */
  readonly arrivalMs?: number;
}

const subjectPrefix = 'tallystick backup ';
const defaultMaxBytes = 20_000_000;
const defaultArrivalMs = 60_000;
const askAgainMs = 250;

export function mailboxPlace(options: MailboxOptions): BackupPlace {
  const { smtp, imap, from, to, folder = 'INBOX' } = options;
  const { maxBytes = defaultMaxBytes, arrivalMs = defaultArrivalMs } = options;
  const name = `mailbox ${to}`;

  /** One connection a question: between backups nothing is open. */
  async function inMailbox<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
    const { ImapFlow } = await import('imapflow');
    const client = new ImapFlow({ logger: false, ...imap });
    try {
      await client.connect();
      const lock = await client.getMailboxLock(folder);
      try {
        return await work(client);
      } finally {
        lock.release();
        await client.logout();
      }
    } catch (cause) {
      client.close();
      throw cause instanceof RecoveryError
        ? cause
        : new RecoveryError('recovery/place', `${name} does not answer`, { cause });
    }
  }

  /** Numbers of the messages that carry a file, by its name, the newest last. */
  async function found(client: ImapFlow): Promise<Map<string, number[]>> {
    const uidsByName = new Map<string, number[]>();
    const uids = (await client.search({ subject: subjectPrefix }, { uid: true })) || [];
    if (uids.length === 0) return uidsByName;
    for await (const { uid, envelope } of client.fetch(uids, { uid: true, envelope: true }, { uid: true })) {
      const subject = envelope?.subject ?? '';
      if (!subject.startsWith(subjectPrefix)) continue;
      const file = subject.slice(subjectPrefix.length).trim();
      uidsByName.set(file, [...(uidsByName.get(file) ?? []), uid]);
    }
    return uidsByName;
  }

  /** Anybody can send a message with the subject of ours: the older ones of a name are shown too, and what is in them tells which counts. */
  async function list(): Promise<readonly string[]> {
    const uidsByName = await inMailbox(found);
    return [...uidsByName].flatMap(([file, uids]) => [file, ...uids.slice(0, -1).map((uid) => `${uid}-${file}`)]);
  }

  async function load(asked: string): Promise<Uint8Array | undefined> {
    const [, older, name] = /^([0-9]+)-(.+)$/.exec(asked) ?? [];
    return inMailbox(async (client) => {
      const uidsByName = await found(client);
      const uid = uidsByName.get(asked)?.at(-1) ?? uidsByName.get(name ?? '')?.find((one) => String(one) === older);
      if (uid === undefined) return undefined;
      const message = await client.fetchOne(String(uid), { bodyStructure: true }, { uid: true });
      const part = attachmentOf(message ? (message.bodyStructure as Structure | undefined) : undefined);
      if (part === undefined) return undefined;
      // Anybody can send a message of ours, of any size: what is larger than what we send is cut, and judged as what it is.
      const { content } = await client.download(String(uid), part, { uid: true, maxBytes: maxBytes + 1 });
      const chunks: Uint8Array[] = [];
      for await (const chunk of content ?? []) chunks.push(chunk as Uint8Array);
      return new Uint8Array(Buffer.concat(chunks));
    });
  }

  async function drop(file: string, keepLast = 0): Promise<void> {
    await inMailbox(async (client) => {
      const uids = (await found(client)).get(file) ?? [];
      const old = uids.slice(0, uids.length - keepLast);
      if (old.length > 0) await client.messageDelete(old, { uid: true });
    });
  }

  async function save(file: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > maxBytes)
      throw new RecoveryError(
        'recovery/place',
        `${name} takes ${maxBytes} bytes a message, the file has ${bytes.length}`,
      );
    const before = (await inMailbox(found)).get(file)?.length ?? 0;
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(smtp);
    try {
      await transport.sendMail({
        from,
        to,
        subject: `${subjectPrefix}${file}`,
        text: 'A sealed backup of the books. Keep this message; `tally restore` and the till read it.\n',
        attachments: [{ filename: file, content: Buffer.from(bytes), contentType: 'application/octet-stream' }],
      });
    } catch (cause) {
      throw new RecoveryError('recovery/place', `${name}: the message was not taken`, { cause });
    } finally {
      transport.close();
    }
    await arrived(file, before + 1);
    await drop(file, 1);
  }

  /** A message that was taken is not yet one that is there. */
  async function arrived(file: string, count: number): Promise<void> {
    const until = Date.now() + arrivalMs;
    while (((await inMailbox(found)).get(file)?.length ?? 0) < count) {
      if (Date.now() > until) throw new RecoveryError('recovery/place', `${name}: the message has not arrived`);
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    }
  }

  return { name, load, save, list, drop: (file) => drop(file) };
}

interface Structure {
  readonly part?: string;
  readonly type?: string;
  readonly disposition?: string;
  readonly childNodes?: readonly Structure[];
}

function attachmentOf(node: Structure | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (node.disposition === 'attachment') return node.part ?? '1';
  for (const child of node.childNodes ?? []) {
    const part = attachmentOf(child);
    if (part !== undefined) return part;
  }
  return undefined;
}
