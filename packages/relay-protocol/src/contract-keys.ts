// What the store contract asks of deleted wrapped keys: a request that was signed before the deletion brings none of them back.
import { deepEqual, equal } from 'node:assert/strict';
import type { BookId, DeviceId } from '@tallystick/oplog';
import { barSeconds, type WrappedKeyStore } from './wrapped-keys.ts';

const startSeconds = 1_764_500_000;
const nameOf = (subject: string): string => `${subject.repeat(16)}.1.${'0'.repeat(16)}`;
const [name, another] = [nameOf('5b'), nameOf('b5')];

/** Leaves one key of each book, and what `requireBar` finds again in another front end or after a restart. */
export async function checkDeletedKeys(keys: WrappedKeyStore, book: BookId, device: DeviceId): Promise<void> {
  const put = (signedAt: number, text = 'a', of = name) => keys.put(book, of, { device, text }, signedAt);
  equal(await put(startSeconds), undefined);
  equal(await keys.delete(book, name, startSeconds + 5), true);
  // The copy of what was taken, and whatever else was signed by then.
  for (const signedAt of [startSeconds, startSeconds + 5]) equal(await put(signedAt), startSeconds + 5);
  equal(await keys.get(book, name), undefined);
  deepEqual(await keys.list(book), []);
  // Another key is none of it.
  equal(await put(startSeconds, 'b', another), undefined);
  equal(await put(startSeconds + 6, 'wrapped anew'), undefined);
  // Nor does the copy take the place of what was put since.
  equal(await put(startSeconds), startSeconds + 5);
  deepEqual(await keys.get(book, name), { device, text: 'wrapped anew', signedAt: startSeconds + 6 });
  // A device whose clock is ahead signs later than the deletion comes; whoever put the key after it is no reason to forget that.
  equal(await put(startSeconds + 66), undefined);
  equal(await put(startSeconds + 7), undefined);
  equal((await keys.get(book, name))?.signedAt, startSeconds + 66);
  equal(await keys.delete(book, name, startSeconds + 8), true);
  equal(await keys.delete(book, name, startSeconds + 9), false);
  await requireBar(keys, book, device);
}

/** Of what `checkDeletedKeys` has left. */
export async function requireBar(keys: WrappedKeyStore, book: BookId, device: DeviceId): Promise<void> {
  const put = (signedAt: number) => keys.put(book, name, { device, text: 'a' }, signedAt);
  equal(await put(startSeconds + 66), startSeconds + 66);
  equal(await keys.get(book, name), undefined);
}

/** A bar is kept until nothing that it bars would be taken, and then swept by whatever is deleted. */
export async function checkSweptBars(keys: WrappedKeyStore, book: BookId, device: DeviceId): Promise<void> {
  const put = (signedAt: number, of = name) => keys.put(book, of, { device, text: 'a' }, signedAt);
  const deleteAnother = async (atSeconds: number): Promise<void> => {
    equal(await put(atSeconds, another), undefined);
    equal(await keys.delete(book, another, atSeconds), true);
  };
  equal(await put(startSeconds), undefined);
  equal(await keys.delete(book, name, startSeconds), true);
  await deleteAnother(startSeconds + barSeconds);
  equal(await put(startSeconds), startSeconds);
  await deleteAnother(startSeconds + barSeconds + 1);
  equal(await put(startSeconds), undefined);
}
