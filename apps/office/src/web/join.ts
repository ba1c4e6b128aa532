// How a new till joins over HTTP: it hands in a single-use secret and its public key, the office enrols it by an op and answers
// with what the till needs to verify everything from then on by itself.
import { z } from 'zod';
import type { ShopBook } from '../book.ts';
import { hq } from '../rebuild.ts';
import { HttpRefusal } from './http.ts';
import type { Invitations } from './invitations.ts';

const requestSchema = z.strictObject({
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  device: z.string().regex(/^[0-9a-f]{64}$/),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().trim().min(1).max(60),
});

/** The answer to a till that was let in. Everything in it can be verified from `book` and `relay.vkey`. */
export interface JoinAnswer {
  readonly book: string;
  readonly relay: { readonly url: string; readonly vkey: string };
  readonly scope: 'hq';
  readonly name: string;
  /** Base64 of a book file for `import`, with everything up to the till's enrolment. */
  readonly bundle: string;
}

export interface JoinDesk {
  readonly book: ShopBook;
  readonly invitations: Invitations;
  readonly relay: { readonly url: string; vkey(): Promise<string> };
  /** Hands the enrolment to the relay; a relay that cannot be reached now gets it later. */
  sync(): Promise<unknown>;
}

/** Lets a till in, or throws the HttpRefusal to answer with. */
export async function join(desk: JoinDesk, body: unknown): Promise<JoinAnswer> {
  const request = requestSchema.safeParse(body);
  if (!request.success) {
    const issue = request.error.issues[0];
    throw new HttpRefusal(
      400,
      'office/bad-request',
      `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'is not understood'}`,
    );
  }
  const { secret, device, key, name } = request.data;
  const claimed = desk.invitations.claim(secret, device);
  if (!claimed.ok) throw invitationRefusal(claimed.code);
  const { book } = desk;
  const known = book.query('SELECT name FROM devices WHERE scope = ? AND device = ?', ['hq', device])[0];
  if (known === undefined) await enrol(desk, secret, { device, key, name });
  await desk.sync();
  const vkey = await desk.relay.vkey();
  return {
    book: book.id,
    relay: { url: desk.relay.url, vkey },
    scope: 'hq',
    name: String(known?.['name'] ?? name),
    bundle: Buffer.from(await book.export({ scopes: [hq] })).toString('base64'),
  };
}

async function enrol(
  desk: JoinDesk,
  secret: string,
  till: { device: string; key: string; name: string },
): Promise<void> {
  const commit = await desk.book.commit('device.enroll', { ...till, role: 'till' });
  if (commit.ok) return;
  desk.invitations.giveBack(secret, till.device);
  throw new HttpRefusal(409, 'office/device-refused', `the device was not enrolled: ${commit.code}`);
}

function invitationRefusal(code: 'office/invitation-unknown' | 'office/invitation-used'): HttpRefusal {
  if (code === 'office/invitation-used')
    return new HttpRefusal(410, code, 'this invitation was used by another device');
  return new HttpRefusal(404, code, 'this invitation is not known or has expired; ask the office for a new one');
}
