/** What one can carry away and check with no server: the proof of an op under the relay's signed root, and both halves of a tally. */
import { type Hasher, inclusionProof, portableHasher } from '@tallystick/chain';
import { encodeOpProof } from '@tallystick/chain/op-proof';
import type { LogStore, OpHash, OpRecord } from '@tallystick/oplog';
import type { Book } from './book.ts';
import { ownNodes } from './own-tree.ts';

/** One half of a tally. */
export interface TallyHalf {
  readonly record: OpRecord;
  /** A C2SP tlog-proof with the record in it; undefined until the op is settled under a signed checkpoint. */
  readonly proof: string | undefined;
}

/** Both halves, as far as there are two. The answer names the offer by its hash, and so everything in it. */
export interface Tally {
  readonly state: 'offered' | 'accepted' | 'declined';
  readonly offer: TallyHalf;
  readonly answer: TallyHalf | undefined;
}

/** The tally whose offer or answer has this hash. */
export async function readTally(
  book: Pick<Book, 'log' | 'query'>,
  hash: OpHash,
  hasher: Hasher = portableHasher,
): Promise<Tally | undefined> {
  const [row] = book.query('SELECT offer, answer, state FROM tallies WHERE offer = ? OR answer = ?', [hash, hash]);
  if (row === undefined) return undefined;
  const offer = await half(book.log, row['offer'] as OpHash, hasher);
  if (offer === undefined) return undefined;
  const answer = row['answer'] === '' ? undefined : await half(book.log, row['answer'] as OpHash, hasher);
  return { state: row['state'] as Tally['state'], offer, answer };
}

async function half(log: LogStore, hash: OpHash, hasher: Hasher): Promise<TallyHalf | undefined> {
  const stored = await log.get(hash);
  return stored && { record: stored.record, proof: await proveOp(log, hash, hasher) };
}

/**
 * The offline receipt of an op: a C2SP tlog-proof with its record, under the newest checkpoint here. Undefined until the op is settled under one.
 * Reads the log of its scope once.
 */
export async function proveOp(
  log: LogStore,
  hash: OpHash,
  hasher: Hasher = portableHasher,
): Promise<string | undefined> {
  const stored = await log.get(hash);
  if (stored?.position === undefined) return undefined;
  const { scope } = stored.record.op;
  const { size, note } = log.tip(scope);
  if (note === '') return undefined;
  const proof = inclusionProof(stored.position, size, await ownNodes(log, scope, size, hasher), hasher);
  return encodeOpProof(stored.record, { index: stored.position, proof, checkpoint: note });
}
