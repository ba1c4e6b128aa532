/**
 * What this device does when its relay contradicts itself (DESIGN section 7): it looks for the two signed texts that prove it, checks them as a stranger would,
 * and keeps them. What it cannot prove is said by the error alone, and nobody is accused of it.
 */
import { encodeVerifierKey, inclusionProof, type NoteKey, type ReadNode, verifyConsistency } from '@tallystick/chain';
import { encodeOpProof } from '@tallystick/chain/op-proof';
import {
  type BookId,
  decodeHex,
  type LogStore,
  type OpHash,
  type OpRecord,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import { RelayError, verifyCheckpoint } from '@tallystick/relay-protocol';
import type { LogReader } from '@tallystick/relay-protocol/mirror';
import {
  encodeRelayProof,
  type RelayProof,
  type SizedNote,
  splitOver,
  splitOverTiles,
  verifyRelayProof,
} from '@tallystick/relay-protocol/proof';
import { ownNodes } from './own-tree.ts';
import { META_FINDINGS, type RelayFinding, relayFindings } from './relay-findings.ts';
import { noteCheck } from './relay-key.ts';
import type { Replica } from './replica.ts';

/** One log of the relay that this replica follows. */
export interface Followed {
  readonly replica: Replica;
  readonly book: BookId;
  readonly scope: ScopeName;
  readonly relay: NoteKey;
  /** Of this device, in ms. */
  readonly nowMs: number;
}

export interface Reached extends Followed {
  readonly client: LogReader;
}

/** So many ops of a log have this root. */
interface Rooted {
  readonly size: number;
  readonly root: string;
}

interface Signed extends SizedNote, Rooted {}

/** One a kind and scope, and no more in all: a relay that lies goes on lying. */
const mostFindings = 16;

/** After an exchange that failed: keeps the proof, where what the relay answered, or once signed of what a mirror has, proves anything. */
export async function convictBy(place: Reached, error: unknown): Promise<void> {
  if (!(error instanceof RelayError)) return;
  const isShort = error.code === 'relay/rolled-back';
  if (!isShort && error.code !== 'relay/inconsistent' && error.code !== 'relay/mirror-stale') return;
  const ours = await ownTip(place);
  const theirs = await openCheckpoint(place, error.evidence.at(-1) ?? '');
  if (ours === undefined) return;
  if (theirs !== undefined) await convictOfSplit(place, ours, theirs);
  if (isShort) await convictOfLoss(place, ours.note);
}

/**
 * Holds a checkpoint that this relay showed to somebody else against the own log. True where it proves that there are two. `nodes` are of the tree of that
 * checkpoint, where whoever gave it gave the ops, too.
 */
export async function compareNote(
  place: Followed & Partial<Reached>,
  note: string,
  nodes?: ReadNode,
): Promise<boolean> {
  const [ours, theirs] = [await ownTip(place), await openCheckpoint(place, note)];
  if (ours === undefined || theirs === undefined || theirs.size === 0) return false;
  if (ours.size === theirs.size && ours.root === theirs.root) return false;
  if (isFound(place.replica.log, { kind: 'split', scope: place.scope })) return false;
  const { client } = place;
  if (client !== undefined && ours.size !== theirs.size && (await isConnected({ ...place, client }, ours, theirs)))
    return false;
  return convictOfSplit(place, ours, theirs, nodes);
}

/**
 * Whether every op that the relay gave a receipt for is where it said. To be asked when the log was followed to its end. Throws `relay/inconsistent` where one is
 * not, after keeping the proof.
 * `moved` are those that it has elsewhere.
 */
export async function requireReceipted(place: Reached, moved: Iterable<OpHash>): Promise<void> {
  const { replica, scope } = place;
  const tip = replica.log.tip(scope);
  const pending = await replica.exclusive(() => replica.pending(scope));
  for (const hash of [...moved, ...pending.map((record) => record.hash)]) {
    const position = replica.log.receiptPosition(hash);
    if (position === undefined) continue;
    const receipt = await receiptOf(place, hash);
    if (receipt === undefined) continue;
    const isProved =
      position < tip.size
        ? await convictOfBrokenReceipt(place, receipt, position)
        : await convictOfLoss(place, receipt);
    if (!isProved) continue;
    const message = `the relay signed that op ${hash} of ${scope} is durable at ${position}, and its log lacks it`;
    throw new RelayError('relay/inconsistent', message, { evidence: [receipt, tip.note] });
  }
}

/** Keeps the proof that the two are of two logs; true where it is one. */
async function convictOfSplit(
  place: Followed & Partial<Reached>,
  ours: Signed,
  theirs: Signed,
  nodes?: ReadNode,
): Promise<boolean> {
  const { hasher } = place.replica.crypto;
  const { client } = place;
  if (isFound(place.replica.log, { kind: 'split', scope: place.scope })) return true;
  const proof = await orNothing(async () => {
    if (theirs.size <= ours.size)
      return splitOver(theirs, { ...ours, readNode: await nodesOf(place, ours.size) }, hasher);
    if (nodes !== undefined) return splitOver(ours, { ...theirs, readNode: nodes }, hasher);
    return client === undefined ? undefined : splitOverTiles({ ...place, client }, ours, theirs, hasher);
  });
  return proof !== undefined && convict(place, proof);
}

/** Shows the relay its own note and keeps what it signs then, where that is less. */
async function convictOfLoss(place: Reached, note: string): Promise<boolean> {
  const { replica, client, book, scope } = place;
  if (isFound(replica.log, { kind: 'shrunk', scope })) return true;
  const standing = await orNothing(() => client.standing(book, scope, note));
  return standing !== undefined && convict(place, { kind: 'shrunk', first: note, second: standing });
}

async function convictOfBrokenReceipt(place: Followed, receipt: string, position: number): Promise<boolean> {
  const { replica, scope } = place;
  const { log, crypto } = replica;
  if (isFound(log, { kind: 'broken-receipt', scope })) return true;
  const { size, note } = log.tip(scope);
  const proof = await orNothing(async () => {
    const [record] = await log.settled(scope, position, 1);
    const path = inclusionProof(position, size, await nodesOf(place, size), crypto.hasher);
    return encodeOpProof(record as OpRecord, { index: position, proof: path, checkpoint: note });
  });
  return proof !== undefined && convict(place, { kind: 'broken-receipt', first: receipt, second: proof });
}

/** Keeps the proof if a stranger with the relay's key would believe it. */
async function convict({ replica, scope, relay, nowMs }: Followed, proof: RelayProof): Promise<boolean> {
  const { verify, hasher } = noteCheck(replica, relay, scope);
  const text = encodeRelayProof(proof, encodeVerifierKey(relay, hasher));
  const judged = await verifyRelayProof(text, { relay, verify, hasher });
  if (!judged.ok) return false;
  const { kind, promised, later } = judged.value;
  await replica.exclusive(() => keepFinding(replica.log, { kind, scope, promised, later, at: nowMs, proof: text }));
  return true;
}

function isFound(log: LogStore, { kind, scope }: Pick<RelayFinding, 'kind' | 'scope'>): boolean {
  const findings = relayFindings(log);
  return findings.length >= mostFindings || findings.some((one) => one.kind === kind && one.scope === scope);
}

/** Durable when it returns. */
async function keepFinding(log: LogStore, finding: RelayFinding): Promise<void> {
  if (!isFound(log, finding)) await log.setMeta(META_FINDINGS, JSON.stringify([...relayFindings(log), finding]));
}

/** Whether the relay shows that one of the two leads to the other. Where it cannot be asked, nothing is concluded. */
export async function isConnected(
  { client, book, scope, replica }: Reached,
  ours: Rooted,
  theirs: Rooted,
): Promise<boolean> {
  const [first, second] = ours.size < theirs.size ? [ours, theirs] : [theirs, ours];
  try {
    const proof = await client.consistency(book, scope, first.size, second.size);
    const [firstRoot, secondRoot] = [decodeHex(first.root), decodeHex(second.root)];
    const claim = { first: first.size, second: second.size, firstRoot, secondRoot, proof };
    return verifyConsistency(claim, replica.crypto.hasher);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return error.status === undefined;
  }
}

async function ownTip(place: Followed): Promise<Signed | undefined> {
  const { note } = place.replica.log.tip(place.scope);
  return note === '' ? undefined : openCheckpoint(place, note);
}

async function openCheckpoint({ replica, scope, relay }: Followed, note: string): Promise<Signed | undefined> {
  const opened = await verifyCheckpoint(note, noteCheck(replica, relay, scope));
  return opened.ok ? { note, size: opened.value.size, root: opened.value.root } : undefined;
}

async function receiptOf({ replica, scope }: Followed, hash: string): Promise<string | undefined> {
  const receipts = await replica.log.receipts(scope);
  return receipts.find(({ lines }) => lines.some((line) => line.hash === hash))?.note;
}

function nodesOf({ replica, scope }: Followed, size: number): Promise<ReadNode> {
  return replica.exclusive(() => ownNodes(replica.log, scope, size, replica.crypto.hasher));
}

/** What is archived, not served or not there leaves nothing to prove with. */
async function orNothing<T>(find: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    const isForeseen = typeof error === 'object' && error !== null && 'code' in error;
    if (isForeseen) return undefined;
    throw error;
  }
}
