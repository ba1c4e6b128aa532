// Following one scope's log: every page is hashed into the own tree and held against the relay's signature, so a relay that
// forgets, rewrites or shows two faces is noticed by the first reader (docs/spec/relay.md, "Following").
import {
  type Checkpoint,
  createTree,
  type Hasher,
  leafHash,
  type NoteKey,
  openRecord,
  type Tree,
  verifyConsistency,
  type VerifySignature,
} from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  encodeHex,
  type OpRecord,
  type RootHash,
  type Scope,
  type Tip,
} from '@tallystick/oplog';
import type { PullPage, RelayClient } from './client.ts';
import { RelayError } from './errors.ts';
import { originOf, verifyCheckpoint } from './receipt.ts';

export interface FollowerOptions {
  /** A relay's (`signReads`, where not everybody may read it), or a mirror's. */
  readonly client: Pick<RelayClient, 'pull' | 'checkpoint' | 'consistency'>;
  readonly book: BookId;
  readonly scope: Scope;
  /** The pinned key of the book's home relay. */
  readonly relay: NoteKey;
  readonly verifyNote: VerifySignature;
  readonly hasher: Hasher;
  /** Where the own settled prefix ends. */
  readonly tip: Tip;
}

export interface FollowedPage {
  /** Position of the first record. */
  readonly from: number;
  /** Opened, and in the tree the checkpoint signs. Signatures of the ops are the reader's to check (`verifyRuns`). */
  readonly records: readonly OpRecord[];
  /** After the page; its note is the relay's for exactly this size. */
  readonly tip: Tip;
}

export interface Follower {
  /**
   * The next page, or undefined at the end. Throws `relay/rolled-back` (the relay has less than we do),
   * `relay/inconsistent` (its log is not a continuation of ours; `evidence` holds both notes), `relay/bad-note` (not signed
   * by the pinned key, or about another log), `relay/bad-page` (the records are not what the note signs), and what the
   * client throws. After any of them the tip has not moved.
   */
  next(): Promise<FollowedPage | undefined>;
}

export function createFollower(options: FollowerOptions): Follower {
  let { tip } = options;
  return {
    async next() {
      const page = await pullPage(options, tip);
      const isNothing = page?.frames.length === 0 && page.checkpoint === '' && tip.size === 0;
      if (page === undefined || isNothing) return undefined;
      const tree = createTree(options.hasher, tip);
      const checkpoint = await openCheckpoint(options, page.checkpoint);
      const records = openRecords(options, page, tree);
      if (checkpoint.size !== tree.size) {
        throw new RelayError('relay/bad-page', `records up to ${tree.size} with a note for ${checkpoint.size}`);
      }
      if (checkpoint.root !== rootOf(tree)) throw await explainMismatch(options, tip, page, checkpoint);
      if (records.length === 0) return undefined;
      tip = { size: tree.size, frontier: tree.frontier(), note: page.checkpoint };
      return { from: page.from, records, tip };
    },
  };
}

/** Undefined where the relay has nothing and neither have we. */
async function pullPage({ client, book, scope, ...options }: FollowerOptions, tip: Tip): Promise<PullPage | undefined> {
  try {
    return await client.pull(book, scope, tip.size);
  } catch (error) {
    const isShort =
      error instanceof RelayError && (error.code === 'relay/unknown-book' || error.code === 'relay/beyond-end');
    if (!isShort) throw error;
    if (tip.size === 0) return undefined;
    throw await explainRollback({ client, book, scope, ...options }, tip, error);
  }
}

async function openCheckpoint(options: FollowerOptions, note: string): Promise<Checkpoint> {
  const { relay, book, scope, verifyNote, hasher } = options;
  const origin = originOf(relay, book, scope);
  const opened = await verifyCheckpoint(note, { key: relay, origin, verify: verifyNote, hasher });
  if (opened.ok) return opened.value;
  throw new RelayError('relay/bad-note', `${opened.code}: ${opened.message}`);
}

function openRecords({ scope, hasher }: FollowerOptions, { from, frames }: PullPage, tree: Tree): OpRecord[] {
  return frames.map((bytes, index) => {
    const opened = openRecord(bytes, hasher);
    if (!opened.ok)
      throw new RelayError('relay/bad-page', `position ${from + index}: ${opened.code}: ${opened.message}`);
    if (opened.value.op.scope !== scope) {
      throw new RelayError('relay/bad-page', `position ${from + index} holds an op of scope ${opened.value.op.scope}`);
    }
    tree.append(leafHash(bytes, hasher));
    return opened.value;
  });
}

/** The records do not lead from our tree to the signed root: is the page damaged, or the relay's log not the one we know? */
async function explainMismatch(
  { client, book, scope, hasher }: FollowerOptions,
  tip: Tip,
  page: PullPage,
  { size, root }: Checkpoint,
): Promise<RelayError> {
  const damaged = new RelayError('relay/bad-page', `records from ${tip.size} on with a note for ${size}`);
  if (tip.size === 0) return damaged;
  if (size > tip.size) {
    const proof = await proofOrRefusal(client.consistency(book, scope, tip.size, size));
    const firstRoot = createTree(hasher, tip).root();
    const secondRoot = decodeHex(root);
    const leads = verifyConsistency({ first: tip.size, second: size, firstRoot, secondRoot, proof }, hasher);
    if (leads) return damaged;
  }
  const message = `the relay's log of ${size} ops is not a continuation of ours of ${tip.size}`;
  return new RelayError('relay/inconsistent', message, { evidence: bothNotes(tip, page.checkpoint) });
}

/** A relay that will not prove its log is treated like one that cannot; one that is out of reach has said nothing. */
async function proofOrRefusal(proof: Promise<readonly Uint8Array[]>): Promise<readonly Uint8Array[]> {
  try {
    return await proof;
  } catch (error) {
    const refused = error instanceof RelayError && (error.status !== undefined || error.code === 'relay/bad-answer');
    if (refused) return [];
    throw error;
  }
}

/** The relay's own shorter checkpoint, when it still has one, is the second half of the evidence. */
async function explainRollback(options: FollowerOptions, tip: Tip, cause: unknown): Promise<RelayError> {
  const { client, book, scope } = options;
  let note = '';
  let size = 0;
  try {
    note = await client.checkpoint(book, scope);
    ({ size } = await openCheckpoint(options, note));
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    note = '';
  }
  const evidence = bothNotes(tip, note);
  return new RelayError('relay/rolled-back', `the relay has ${size} ops, we have ${tip.size}`, { evidence, cause });
}

function bothNotes(tip: Tip, note: string): string[] {
  return [tip.note, note].filter((one) => one !== '');
}

function rootOf(tree: Tree): RootHash {
  return encodeHex(tree.root()) as RootHash;
}
