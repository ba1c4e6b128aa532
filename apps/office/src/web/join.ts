// How a new till joins over HTTP: it hands in a single-use secret, its public key and how that is backed up; the office enrols it by an
// op and answers with what the till needs to verify everything from then on by itself.
import { z } from 'zod';
import { parseScope, type Scope } from '@tallystick/oplog';
import type { ShopBook } from '../book.ts';
import { hq } from '../rebuild.ts';
import { HttpRefusal, parseBody } from './http.ts';
import type { Invitations } from './invitations.ts';

export const hexSchema: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);

const requestSchema = z.strictObject({
  secret: hexSchema,
  device: hexSchema,
  key: hexSchema,
  name: z.string().trim().min(1).max(60),
  backups: z
    .array(z.strictObject({ kind: z.enum(['passkey', 'organisation', 'shares']), sealed: z.string().max(32_768) }))
    .max(3)
    .default([]),
});
type JoinRequest = z.infer<typeof requestSchema>;

/** Where an invitation lets a device in; never said by the device. */
export interface Place {
  /** The device that it goes on for. */
  readonly replaces?: string | undefined;
  /** A branch or a van; `hq` where it is left out, which a small shop has alone. */
  readonly scope?: Scope | undefined;
  readonly role?: 'till' | 'van' | undefined;
}

export const placeSchema: z.ZodType<Place> = z.strictObject({
  replaces: hexSchema.optional(),
  scope: z
    .string()
    .transform((text, context) => {
      const scope = parseScope(text);
      if (scope !== undefined && scope !== 'claims') return scope;
      context.addIssue({ code: 'custom', message: 'no scope that tills stand in' });
      return z.NEVER;
    })
    .optional(),
  role: z.enum(['till', 'van']).optional(),
});

/** What a till can go on from alone. Everything in it can be verified from `book` and `relay.vkey`. */
export interface BookAnswer {
  readonly book: string;
  readonly relay: { readonly url: string; readonly vkey: string };
  readonly scope: string;
  readonly name: string;
  /** Base64 of a book file for `import`. */
  readonly bundle: string;
}

export type JoinAnswer = BookAnswer;

export interface JoinDesk {
  readonly book: ShopBook;
  readonly invitations: Invitations<Place>;
  readonly relay: { readonly url: string; vkey(): Promise<string> };
  /** Hands the enrolment to the relay; a relay that cannot be reached now gets it later. */
  sync(): Promise<unknown>;
}

/** Lets a till in, or throws the HttpRefusal to answer with. */
export async function join(desk: JoinDesk, body: unknown): Promise<JoinAnswer> {
  const request = parseBody(requestSchema, body);
  const { secret, device, name } = request;
  const claimed = desk.invitations.claim(secret, device);
  if (!claimed.ok) throw invitationRefusal(claimed.code);
  const { scope = hq, ...place } = claimed.about ?? {};
  const known = desk.book.query('SELECT name FROM devices WHERE scope = ? AND device = ?', [scope, device])[0];
  if (known === undefined) await enrol(desk, request, { ...place, scope });
  await desk.sync();
  return bookAnswer(desk, String(known?.['name'] ?? name), scope);
}

export async function bookAnswer({ book, relay }: JoinDesk, name: string, scope: Scope): Promise<BookAnswer> {
  return {
    book: book.id,
    relay: { url: relay.url, vkey: await relay.vkey() },
    scope,
    name,
    bundle: Buffer.from(await book.export({ scopes: scope === hq ? [hq] : [hq, scope] })).toString('base64'),
  };
}

/** The backups stand in the book before the device does. `replaces` is what the invitation says, never what the till says. */
async function enrol(
  { book, invitations }: JoinDesk,
  request: JoinRequest,
  { replaces, role = 'till', scope }: Place & { readonly scope: Scope },
): Promise<void> {
  const { secret, device, key, name, backups } = request;
  const refuse = (code: string): never => {
    invitations.giveBack(secret, device);
    throw new HttpRefusal(409, 'office/device-refused', `the device was not enrolled: ${code}`);
  };
  // Documents are numbered by the names of their devices.
  const namesakes = book.query("SELECT 1 FROM devices WHERE scope IN ('hq', ?) AND name = ?", [scope, name]);
  if (namesakes.length > 0) {
    invitations.giveBack(secret, device);
    throw new HttpRefusal(409, 'office/name-taken', `a device of this shop is called ${name} already`);
  }
  const commits = await book.commitAll([
    ...backups.map((backup) => ({ verb: 'key.backup' as const, args: { device, keyId: device, ...backup } })),
    {
      verb: 'device.enroll',
      args: { device, key, name, role, ...(replaces === undefined ? {} : { replaces }) },
      scope,
    },
  ]);
  for (const commit of commits) if (!commit.ok) refuse(commit.code);
}

export function invitationRefusal(code: 'office/invitation-unknown' | 'office/invitation-used'): HttpRefusal {
  if (code === 'office/invitation-used')
    return new HttpRefusal(410, code, 'this invitation was used by another device');
  return new HttpRefusal(404, code, 'this invitation is not known or has expired; ask the office for a new one');
}
