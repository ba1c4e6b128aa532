// The relay asked how a log stands by who shows what it signed about that log before (docs/spec/relay.md, "Standing").
import { createTree } from '@tallystick/chain';
import { type BookId, encodeHex, type RootHash, type Scope } from '@tallystick/oplog';
import { RelayError } from './errors.ts';
import type { PushDesk } from './push.ts';
import { originOf, verifyCheckpoint, verifyReceipt } from './receipt.ts';
import { noteDigest, signStanding } from './standing.ts';

/** Room for a receipt of 1,000 ops. */
export const maxStandingBytes = 131_072;

/**
 * Signs how the log stands now, for who shows a checkpoint or receipt of this relay about it; a log that is not here has no ops. Whoever has such a note was
 * let in to read it, so nothing else is asked. Throws `relay/standing`.
 */
export async function answerStanding(
  { store, signer, hasher, ed25519 }: Pick<PushDesk, 'store' | 'signer' | 'hasher' | 'ed25519'>,
  { book, scope }: { readonly book: BookId; readonly scope: Scope },
  note: string,
): Promise<{ readonly standing: string; readonly isBehind: boolean }> {
  // Of the epoch that the note is of: a relay that lost its log lost, too, what gave it that.
  const [first = ''] = note.split('\n', 1);
  const epoch = Number(/\.([1-9][0-9]{0,6})\//.exec(first.slice(`${signer.name}/${book}`.length))?.[1] ?? 0);
  const origin = originOf({ name: signer.name, epoch }, book, scope);
  const check = { key: signer, origin, verify: ed25519.verify.bind(ed25519), hasher };
  const [checkpoint, receipt] = [await verifyCheckpoint(note, check), await verifyReceipt(note, check)];
  const after = noteDigest(note, signer, hasher);
  if (after === undefined || (!checkpoint.ok && !receipt.ok))
    throw new RelayError('relay/standing', 'not a note of this relay about this log');
  // Read after the note was shown: whatever it promises was durable before it was handed out, if by another front end.
  await (store.confirm ?? store.refresh)?.call(store);
  const log = (await store.log(book, scope)) ?? { size: 0, frontier: [] };
  const root = encodeHex(createTree(hasher, log).root()) as RootHash;
  const promised = checkpoint.ok
    ? checkpoint.value.size
    : receipt.ok
      ? (receipt.value.lines.at(-1)?.position ?? -1) + 1
      : 0;
  const standing = await signStanding({ origin, size: log.size, root, after }, signer, hasher);
  return { standing, isBehind: log.size < promised };
}
