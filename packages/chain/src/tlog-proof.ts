// The offline receipt of one op: a C2SP tlog-proof (c2sp.org/tlog-proof) whose extra data is the op's record. Whoever knows the
// log's key checks it with no server. docs/spec/chain.md, "Proof of an op".
import { decodeHex, type OpRecord, type Position, type Result } from '@tallystick/oplog';
import { encodeBase64, parseBase64 } from './base64.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { openCosignature } from './cosignature.ts';
import { ChainError } from './errors.ts';
import type { Hasher } from './hasher.ts';
import { maxNoteLength, type NoteKey, openNote, type VerifySignature } from './note.ts';
import { verifyInclusion } from './proof.ts';
import { openRecord } from './opened-record.ts';
import { leafHash } from './tree.ts';

export interface TlogProof {
  /** Position of the entry. */
  readonly index: number;
  /** The audit path, lowest sibling first. */
  readonly proof: readonly Uint8Array[];
  /** The signed note of a checkpoint, word for word. */
  readonly checkpoint: string;
  /** Authenticated by nothing in this format. For an op it is the record, which the leaf hash then authenticates. */
  readonly extra?: Uint8Array;
}

const header = 'c2sp.org/tlog-proof@v1';
const indexPattern = /^index (0|[1-9][0-9]{0,15})$/;
const maxHashes = 64;
const maxLength = 2 * maxNoteLength;

/** Throws `chain/proof-range` for an index, a hash or a checkpoint that the format cannot hold. */
export function encodeTlogProof({ index, proof, checkpoint, extra }: TlogProof): string {
  const fits = Number.isSafeInteger(index) && index >= 0 && proof.every((hash) => hash.length === 32);
  if (!fits || proof.length > maxHashes || !checkpoint.endsWith('\n')) {
    throw new ChainError('chain/proof-range', `not a proof of entry ${index} by ${proof.length} hashes`);
  }
  const extraLines = extra === undefined ? [] : [`extra ${encodeBase64(extra)}`];
  const lines = [header, ...extraLines, `index ${index}`, ...proof.map(encodeBase64), '', checkpoint];
  return lines.join('\n');
}

/** Reads the form alone; nothing is verified. Refusal: `chain/tlog-proof-format`. */
export function parseTlogProof(text: string): Result<TlogProof> {
  const end = text.indexOf('\n\n');
  if (end === -1 || text.length > maxLength) return badForm('it has no checkpoint, or is too long');
  const [first, ...lines] = text.slice(0, end).split('\n');
  const extraText = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined;
  const extra = extraText === undefined ? undefined : parseBase64(extraText);
  if (first !== header || (extraText !== undefined && extra === undefined)) return badForm('its first lines');
  const index = Number(indexPattern.exec(lines.shift() ?? '')?.[1] ?? Number.NaN);
  const proof = lines.map(parseBase64).filter((hash) => hash?.length === 32) as Uint8Array[];
  if (!Number.isSafeInteger(index) || proof.length !== lines.length || proof.length > maxHashes) {
    return badForm('its index or a hash');
  }
  const checkpoint = text.slice(end + 2);
  return { ok: true, value: { index, proof, checkpoint, ...(extra === undefined ? {} : { extra }) } };
}

export interface OpProofCheck {
  /** The log the op is said to be in: `NAME/BOOK/SCOPE`. */
  readonly origin: string;
  /** The key of that log. */
  readonly log: NoteKey;
  /** Witnesses that are trusted, each counted once. */
  readonly cosigners?: readonly NoteKey[];
  /** How many of them must have cosigned; 0 by default. */
  readonly quorum?: number;
  readonly verify: VerifySignature;
  readonly hasher: Hasher;
}

export interface ProvenOp {
  /** Its own signature is not checked here: that takes the keys of the book. */
  readonly record: OpRecord;
  readonly position: Position;
  readonly checkpoint: Checkpoint;
  /** Names of the trusted witnesses whose cosignature is valid. */
  readonly cosigners: readonly string[];
}

/** The receipt of the op with these record bytes. */
export function encodeOpProof(
  record: { readonly bytes: Uint8Array },
  { index, proof, checkpoint }: Omit<TlogProof, 'extra'>,
): string {
  return encodeTlogProof({ index, proof, checkpoint, extra: record.bytes });
}

/**
 * The op that the log with this key holds at this position. Refusals: `chain/tlog-proof-format`, `chain/tlog-proof-record` (no
 * canonical record in it), those of `openNote` and `parseCheckpoint`, `chain/tlog-proof-origin` (another log),
 * `chain/tlog-proof-root` (the op is not under the root), `chain/tlog-proof-quorum`.
 */
export async function verifyOpProof(text: string, check: OpProofCheck): Promise<Result<ProvenOp>> {
  const { origin, log, cosigners = [], quorum = 0, verify, hasher } = check;
  const parsed = parseTlogProof(text);
  if (!parsed.ok) return parsed;
  const { index, proof, checkpoint: note, extra } = parsed.value;
  const record = openRecord(extra ?? new Uint8Array(0), hasher);
  if (!record.ok) return refuse('chain/tlog-proof-record', `it holds no record: ${record.code}`);
  const opened = await openNote(note, log, verify, hasher);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.value.body);
  if (!checkpoint.ok) return checkpoint;
  const { size, root } = checkpoint.value;
  if (checkpoint.value.origin !== origin)
    return refuse('chain/tlog-proof-origin', `it is of the log ${checkpoint.value.origin}`);
  const leaf = leafHash(record.value.bytes, hasher);
  const inclusion = { index, size, leaf, root: decodeHex(root), proof };
  if (!verifyInclusion(inclusion, hasher))
    return refuse('chain/tlog-proof-root', `the op is not entry ${index} under ${root}`);
  const cosigned: string[] = [];
  for (const key of cosigners) {
    const cosignature = await openCosignature(note, key, verify, hasher);
    if (cosignature.ok && !cosigned.includes(key.name)) cosigned.push(key.name);
  }
  if (cosigned.length < quorum)
    return refuse('chain/tlog-proof-quorum', `${cosigned.length} of ${quorum} witnesses cosigned`);
  return {
    ok: true,
    value: { record: record.value, position: index, checkpoint: checkpoint.value, cosigners: cosigned },
  };
}

function badForm(what: string): Result<never> {
  return { ok: false, code: 'chain/tlog-proof-format', message: `not a C2SP tlog-proof: ${what}` };
}

function refuse(code: string, message: string): Result<never> {
  return { ok: false, code, message };
}
