// The two notes a relay signs: the checkpoint of a scope's log, and the receipts of a commit, which name ops with their positions
// (docs/spec/relay.md, "Notes").
import {
  type Checkpoint,
  type Hasher,
  leafHash,
  nodeHash,
  type NoteKey,
  type NoteSigner,
  openNote,
  parseCheckpoint,
  signNote,
  verifyInclusion,
  type VerifySignature,
} from '@tallystick/chain';
import {
  type BookId,
  decodeHex,
  encodeHex,
  type OpHash,
  parseOpHash,
  parseRootHash,
  type ReceiptLine,
  type Result,
  type Scope,
} from '@tallystick/oplog';

const receiptLine = 'tallystick-receipt/2';
const signedLine = 'tallystick-receipts/2';
const linePattern = /^(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})$/;
const pathPattern = /^(0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15})$/;
const maxPath = 64;
const utf8 = new TextEncoder();

export interface NoteCheck {
  /** The relay's pinned key: never one that came with the note. */
  readonly key: NoteKey;
  readonly origin: string;
  readonly verify: VerifySignature;
  readonly hasher: Hasher;
}

export interface Receipt {
  /** In position order, each position once. */
  readonly lines: readonly ReceiptLine[];
}

/** The name of a relay, with the epoch in which it gives a book its positions: 0, or absent, for the relay that the book began with. */
export interface RelayOfEpoch {
  readonly name: string;
  readonly epoch?: number;
}

/** A relay's key, as pinned, with the epoch of its notes. */
export type RelayKey = NoteKey & Pick<RelayOfEpoch, 'epoch'>;

/** First line of every note about one scope's log. */
export function originOf({ name, epoch = 0 }: RelayOfEpoch, book: BookId, scope: Scope): string {
  return `${name}/${book}${epoch === 0 ? '' : `.${epoch}`}/${scope}`;
}

/** What a receipt says; `lines` in any order. */
export function encodeClaims(origin: string, lines: readonly ReceiptLine[]): string {
  const [first] = lines;
  if (first !== undefined && lines.length === 1) return `${origin}\n${receiptLine}\n${first.position} ${first.hash}\n`;
  const hashesByPosition = new Map(lines.map(({ position, hash }) => [position, hash]));
  const sorted = [...hashesByPosition].sort(([left], [right]) => left - right);
  return `${origin}\n${receiptLine}\n${sorted.map(([position, hash]) => `${position} ${hash}\n`).join('')}`;
}

/** Receipts of one commit: each is its own text, and then the note. */
export interface SignedReceipts {
  readonly texts: readonly string[];
  readonly note: string;
}

/** One receipt for each of `claims`, in order, under one signature: that of the root of a tree of which they are the leaves. */
export async function signReceipts(
  claims: readonly string[],
  signer: NoteSigner,
  hasher: Hasher,
): Promise<SignedReceipts> {
  if (claims.length === 0) return { texts: [], note: '' };
  const levels = growLevels(
    claims.map((claim) => leafHash(utf8.encode(claim), hasher)),
    hasher,
  );
  // A node stands in the paths of all claims beside it, and is written as text once.
  const lines = levels.map((nodes) => nodes.map((hash) => `${encodeHex(hash)}\n`));
  const [root = ''] = lines.at(-1) ?? [];
  const note = await signNote(`${signer.name}\n${signedLine}\n${claims.length}\n${root}`, signer, hasher);
  const texts = claims.map((claim, index) => {
    let path = '';
    for (let level = 0; level < lines.length; level++) path += lines[level]?.[(index >> level) ^ 1] ?? '';
    return `${claim}\n${index} ${claims.length}\n${path}\n`;
  });
  return { texts, note };
}

/** From the leaves to the root: the last of an odd number goes up as it is, which makes the tree of RFC 6962. */
function growLevels(leaves: readonly Uint8Array[], hasher: Hasher): readonly (readonly Uint8Array[])[] {
  const levels = [leaves];
  for (let below = leaves; below.length > 1; below = levels.at(-1) as readonly Uint8Array[]) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < below.length; index += 2) {
      const left = below[index] as Uint8Array;
      const right = below[index + 1];
      above.push(right === undefined ? left : nodeHash(left, right, hasher));
    }
    levels.push(above);
  }
  return levels;
}

/** Refusals: those of chain's `openNote`, `relay/receipt-format`, `relay/receipt-origin`, `relay/receipt-root`. */
export async function verifyReceipt(text: string, check: NoteCheck): Promise<Result<Receipt>> {
  const { key, origin, verify, hasher } = check;
  const [claim = '', path = '', signed, signatures, ...rest] = text.split('\n\n');
  const opened = await openNote(`${signed}\n\n${signatures}`, key, verify, hasher);
  if (!opened.ok) return opened;
  const [about, kind, ...texts] = claim.split('\n');
  const lines = parseLines(texts);
  const place = parsePath(path);
  const [name, signedKind, count, encodedRoot, end] = opened.value.body.split('\n');
  const root = parseRootHash(encodedRoot);
  const isForm =
    kind === receiptLine && signedKind === signedLine && name === key.name && end === '' && rest.length === 0;
  if (!isForm || lines === undefined || place === undefined || root === undefined || count !== String(place.size)) {
    return { ok: false, code: 'relay/receipt-format', message: 'not the text of a receipt' };
  }
  if (about !== origin) {
    return { ok: false, code: 'relay/receipt-origin', message: `the receipt is about ${about}, not ${origin}` };
  }
  const leaf = leafHash(utf8.encode(`${claim}\n`), hasher);
  if (verifyInclusion({ ...place, leaf, root: decodeHex(root) }, hasher)) return { ok: true, value: { lines } };
  return { ok: false, code: 'relay/receipt-root', message: 'what it says is not under the root that was signed' };
}

function parsePath(text: string): { index: number; size: number; proof: Uint8Array[] } | undefined {
  const [first = '', ...hashes] = text.split('\n');
  const [, index, size] = pathPattern.exec(first) ?? [];
  const proof = hashes.flatMap((hash) => {
    const known = parseRootHash(hash);
    return known === undefined ? [] : [decodeHex(known)];
  });
  const isPath = proof.length === hashes.length && proof.length <= maxPath && Number.isSafeInteger(Number(size));
  return isPath ? { index: Number(index), size: Number(size), proof } : undefined;
}

/** Refusals: those of chain's `openNote` and `parseCheckpoint`, `relay/checkpoint-origin`. */
export async function verifyCheckpoint(note: string, check: NoteCheck): Promise<Result<Checkpoint>> {
  const opened = await openNote(note, check.key, check.verify, check.hasher);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.value.body);
  if (!checkpoint.ok || checkpoint.value.origin === check.origin) return checkpoint;
  const message = `the checkpoint is about ${checkpoint.value.origin}, not ${check.origin}`;
  return { ok: false, code: 'relay/checkpoint-origin', message };
}

function parseLines(texts: readonly string[]): ReceiptLine[] | undefined {
  const lines: ReceiptLine[] = [];
  let last = -1;
  for (const text of texts) {
    const [, digits, hex] = linePattern.exec(text) ?? [];
    const position = Number(digits);
    const hash: OpHash | undefined = parseOpHash(hex);
    if (hash === undefined || !Number.isSafeInteger(position) || position <= last) return undefined;
    lines.push({ position, hash });
    last = position;
  }
  return lines.length > 0 ? lines : undefined;
}
