/**
 * Ops that no honest program writes twice but that a book must bear: a device cloned from a backup that goes on from an old place, and a device
 * that two people enrol at once and that links to whichever enrolment it saw.
 */
import { encodeHex, parseScope } from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import type { Fleet } from './fleet.ts';
import { createSeededKeys } from './keys.ts';
import { bookFileOf, createWriter, type Writer } from './writer.ts';

const hq = parseScope('hq');
/** Guests are enrolled above the branches, where all may see them. */
const inHq = hq === undefined ? {} : { scope: hq };

/** A second op on the place of the last op that a member wrote, signed by the member's own key; undefined before its first op. */
export async function cloneLastOp(fleet: Fleet, member: number): Promise<Uint8Array | undefined> {
  const { hasher } = fleet.crypto;
  const { book, scope } = fleet.members[member] as Fleet['members'][number];
  const head = book.log.head(book.device, scope);
  const stored = head === undefined ? undefined : await book.log.get(head.hash);
  if (stored === undefined) return undefined;
  const { verb, args, prev, seq } = stored.record.op;
  if (prev === undefined) return undefined;
  const key = await fleet.keyOf(member);
  const clone = createWriter({ key, book: book.id, after: prev, seq, scope, hasher, atMs: fleet.clock.nowMs() + 7 });
  return bookFileOf(book.id, [await clone.write({ verb, args })]);
}

export interface Guests {
  /** Has a member enrol a guest, who may be enrolled already elsewhere, and write one op on that. Undefined when the book refuses. */
  visit(member: number, guest: number): Promise<Uint8Array | undefined>;
}

export function createGuests(fleet: Fleet): Guests {
  const { crypto } = fleet;
  const guests = new Map<number, { readonly key: DeviceKey; writer?: Writer }>();
  return {
    async visit(member, guest) {
      const book = fleet.book(member);
      const name = `guest ${guest}`;
      const known = guests.get(guest) ?? { key: await createSeededKeys(name, crypto).create('device') };
      guests.set(guest, known);
      const { device, publicKey } = known.key;
      const args = { device, key: encodeHex(publicKey), name, role: 'manager' } as const;
      const enrolled = await book.commit('device.enroll', args, inHq);
      if (enrolled.ok) {
        known.writer ??= createWriter({
          key: known.key,
          book: book.id,
          after: enrolled.hash,
          hasher: crypto.hasher,
          atMs: fleet.clock.nowMs(),
        });
      }
      if (known.writer === undefined) return undefined;
      const op = await known.writer.write({
        verb: 'account.open@1',
        args: { account: `90${guest}`, name, kind: 'expense' },
      });
      return bookFileOf(book.id, [op]);
    },
  };
}
