// How a wiped till gets its key back over HTTP. The office gives out a link for one device; whoever opens it is answered with the book
// and the sealed backups that stand in it, which take the till's passkey or its people to open. What is sealed to the organisation is
// opened at the office by a person who has its identity, and sealed anew for the browser that asks, which nobody else can open.
import { openBackup, sealKey } from '@tallystick/custody';
import type { KeyId } from '@tallystick/oplog';
import { z } from 'zod';
import type { ShopBook } from '../book.ts';
import { hq } from '../rebuild.ts';
import { type DeviceRow, listDevices } from '../device-text.ts';
import { HttpRefusal, parseBody } from './http.ts';
import type { Invitations } from './invitations.ts';
import { type BookAnswer, bookAnswer, hexSchema, invitationRefusal, type JoinDesk } from './join.ts';

const recipientSchema = z.string().regex(/^age1[0-9a-z]{10,2100}$/);
const requestSchema = z.strictObject({
  secret: hexSchema,
  recipient: recipientSchema,
  /** Asks a person at the office to open the escrow; without it, for the book. */
  ask: z.boolean().default(false),
});
/** `code` is what the person compared: another browser that has asked since gets nothing. */
const escrowSchema = z.strictObject({
  device: hexSchema,
  code: z.string().max(64),
  identity: z.string().min(1).max(4_096),
});

export interface RestoreAnswer extends BookAnswer {
  readonly device: string;
  /** Id of the key that is missed. */
  readonly keyId: string;
  readonly backups: readonly { readonly kind: string; readonly sealed: string }[];
}

/** The key sealed for the browser that asks; '' as long as nobody at the office has opened the escrow. */
export interface ReleaseAnswer {
  readonly released: string;
}

/** Browsers that wait for the escrow of a device to be opened, by device. Kept in memory, like the links. */
export interface Waiting {
  readonly recipient: string;
  released: string;
}

export interface RestoreDesk extends JoinDesk {
  readonly restorations: Invitations;
  readonly waiting: Map<string, Waiting>;
  /** Something that the pages show has changed. */
  changed(): void;
}

/** What both screens show, so that a person sees which browser asks: 60 bits of its one-time key. The till shows the same (`restoring.ts`). */
export function releaseCode(recipient: string): string {
  return (recipient.slice(4, 16).match(/.{1,4}/g) ?? []).join(' ');
}

/** Answers a wiped till, or throws the HttpRefusal to answer with. Safe to repeat for the browser that used the link. */
export async function restore(desk: RestoreDesk, body: unknown): Promise<RestoreAnswer | ReleaseAnswer> {
  const { secret, recipient, ask } = parseBody(requestSchema, body);
  const claimed = desk.restorations.claim(secret, recipient);
  if (!claimed.ok) throw invitationRefusal(claimed.code);
  const row = requireActive(desk.book, claimed.about ?? '');
  if (ask) return { released: waitFor(desk, row.device, recipient) };
  await desk.sync();
  return {
    ...(await bookAnswer(desk, row.name, hq)),
    device: row.device,
    keyId: row.keyId,
    backups: readBackups(desk.book, row),
  };
}

function waitFor(desk: RestoreDesk, device: string, recipient: string): string {
  const waiting = desk.waiting.get(device);
  if (waiting?.recipient === recipient) return waiting.released;
  desk.waiting.set(device, { recipient, released: '' });
  desk.changed();
  return '';
}

/** Opens the escrow of a device with the organisation's identity, for the browser that waits for it. */
export async function releaseEscrow(desk: RestoreDesk, body: unknown): Promise<void> {
  const { device, code, identity } = parseBody(escrowSchema, body);
  const waiting = desk.waiting.get(device);
  if (waiting === undefined || releaseCode(waiting.recipient) !== code)
    throw new HttpRefusal(409, 'office/nobody-waits', 'no till waits for this key');
  const row = requireActive(desk.book, device);
  waiting.released = await sealAnew(desk.book, row, identity, waiting.recipient);
  desk.changed();
}

/** The key of a device out of escrow, sealed to another recipient. Throws `HttpRefusal` with the code of custody. */
async function sealAnew(book: ShopBook, row: DeviceRow, identity: string, recipient: string): Promise<string> {
  const backup = readBackups(book, row).find(({ kind }) => kind === 'organisation');
  if (backup === undefined) throw new HttpRefusal(409, 'office/no-escrow', `the key of ${row.name} is not in escrow`);
  const opener = { kind: 'organisation', identity } as const;
  const opened = await openBackup(backup.sealed, opener, { expect: row.keyId as KeyId });
  if (!opened.ok) throw new HttpRefusal(409, opened.code, opened.message);
  try {
    return await sealKey(opened.value, { kind: 'organisation', recipients: [recipient] });
  } finally {
    opened.value.seed.fill(0);
  }
}

export function readBackups(
  book: ShopBook,
  { device, keyId }: Pick<DeviceRow, 'device' | 'keyId'>,
): RestoreAnswer['backups'] {
  return book.query<{ kind: string; sealed: string }>(
    "SELECT kind, sealed FROM keyBackups WHERE scope = 'hq' AND device = ? AND keyId = ? ORDER BY kind",
    [device, keyId],
  );
}

/** A revoked device gets no key back: what it did goes on in another that replaces it. */
export function requireActive(book: ShopBook, device: string): DeviceRow {
  const row = listDevices(book).find((candidate) => candidate.device === device);
  if (row === undefined) throw new HttpRefusal(404, 'office/device', 'this is no device of the book');
  if (row.status === 'active') return row;
  throw new HttpRefusal(409, 'office/device-revoked', `${row.name} was revoked; invite a till in its place`);
}
