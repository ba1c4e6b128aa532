// The life of this till's key after it joined: it goes on under a new one, or goes on as a new till where it was copied or revoked. It comes when it is first
// asked for.
import { adoptCopied, backupsOf } from './adopt-copied.ts';
import { noteKeyOpener } from './backup-life.ts';
import { compareSealed, noteSealed } from './escrow-check.ts';
import type { OpenShop } from './open-shop.ts';
import type { Outcome } from './port.ts';
import type { JoinRequest, MadeKey } from './requests.ts';

interface Refused {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
}

/** Goes on under the key that was made. Its backups stand in the book before it signs anything. */
export async function changeKey(shop: OpenShop, made: MadeKey): Promise<Outcome<void>> {
  const { book, keys } = shop;
  const device = book.device;
  for (const backup of made.backups) {
    const said = await book.commit('key.backup', { device, keyId: made.keyId, ...backup });
    if (!said.ok) return refused(said.code);
  }
  keys.take(made.slot);
  const commits = await book.rotate();
  keys.take(undefined);
  const bad = commits.find((commit) => !commit.ok);
  if (bad !== undefined && !bad.ok) return refused(bad.code);
  await noteKeyOpener(shop, made);
  return commits.length === 0 ? refused('kernel/not-enrolled') : { ok: true, value: undefined };
}

/** Goes on as a new device in the place of this one, let in by an invitation that the office made for it. Safe to repeat. */
export async function goOnAsNew(shop: OpenShop, request: JoinRequest): Promise<Outcome<void>> {
  const { book, keys, log } = shop;
  noteSealed(log, request.key);
  keys.take(request.key?.slot);
  const renewal = await book.renew();
  keys.take(undefined);
  // Asked again, it is the key of the first time.
  const isMade = renewal.device === request.key?.keyId;
  // Fetched when it is needed: whoever joins reaches the office anyway.
  const { askToJoin } = await import('./join.ts');
  const asked = await askToJoin(request, renewal, isMade ? backupsOf(request) : []);
  if (!asked.ok) return asked;
  if (asked.value.book !== book.id) return refused('till/other-shop');
  await book.import(asked.value.bundle);
  if (request.key !== undefined) compareSealed(log, book, request.key.keyId);
  await noteKeyOpener(shop, request.key);
  await adoptCopied(book);
  return { ok: true, value: undefined };
}

function refused(code: string): Refused {
  return { ok: false, code, message: `The book refused it (${code}).` };
}
