// A relay convicted by what it signed itself (docs/spec/relay-proof.md): two of its notes about one log that cannot both be true, in one text that
// anybody checks who knows the relay's key, with no relay and no book.
import { type Checkpoint, type Hasher, type NoteKey, verifyConsistency, type VerifySignature } from '@tallystick/chain';
import { verifyOpProof } from '@tallystick/chain/op-proof';
import {
  type BookId,
  decodeHex,
  parseBookId,
  parseRootHash,
  parseScope,
  type Result,
  type RootHash,
  type Scope,
} from '@tallystick/oplog';
import { type NoteCheck, type Receipt, verifyCheckpoint, verifyReceipt } from './receipt.ts';
import { noteDigest, verifyStanding } from './standing.ts';

/** What a proof claims; `first` and `second` are texts signed by the relay. */
export type RelayProof =
  /** Checkpoints, the smaller first, of which the second does not continue the first. */
  | {
      readonly kind: 'split';
      readonly first: string;
      readonly second: string;
      /** Where the sizes differ: the root that the second log had at the first one's size, and the RFC 6962 proof of that. */
      readonly prefix?: RootHash;
      readonly path?: readonly RootHash[];
    }
  /** A receipt, and the C2SP tlog-proof of another op at a position that it names. */
  | { readonly kind: 'broken-receipt'; readonly first: string; readonly second: string }
  /** Receipts that give one position to two ops, or one op two positions. */
  | { readonly kind: 'two-receipts'; readonly first: string; readonly second: string }
  /** A checkpoint or a receipt, and the standing that the relay signed when it was shown it. */
  | { readonly kind: 'shrunk'; readonly first: string; readonly second: string };

/** What a proof proves. */
export interface Conviction {
  readonly kind: RelayProof['kind'];
  readonly relay: string;
  readonly book: BookId;
  readonly scope: Scope;
  /** The size or position that the relay promised something about, and what it said later: another size, or the same. */
  readonly promised: number;
  readonly later: number;
}

export interface ProofCheck {
  /** The relay's key as it was pinned: never one that came with the proof. */
  readonly relay: NoteKey;
  readonly verify: VerifySignature;
  readonly hasher: Hasher;
}

const format = 'relay-proof/1';
/** In UTF-16 units: two texts of the longest kind with room to spare. */
const maxLength = 1 << 23;
const maxPath = 64;

/** One line of canonical JSON with a newline. `vkey` tells a reader whom it is about; whether to believe that key is the reader's to know. */
export function encodeRelayProof(proof: RelayProof, vkey: string): string {
  return `${encodeSorted({ ...proof, relay: vkey, tallystick: format })}\n`;
}

/** Reads the form alone. Refusal: `relay/proof-format`. */
export function parseRelayProof(text: string): Result<{ readonly proof: RelayProof; readonly vkey: string }> {
  const { tallystick, relay, kind, first, second, prefix, path, ...rest } = parseFields(text) ?? {};
  const isProof = tallystick === format && typeof relay === 'string' && Object.keys(rest).length === 0;
  if (!isProof || typeof first !== 'string' || typeof second !== 'string') return badForm();
  if (kind === 'split' && prefix !== undefined) {
    const root = parseRootHash(prefix);
    const hashes = Array.isArray(path) ? path.map((hash) => parseRootHash(hash)) : [undefined];
    if (root === undefined || hashes.length > maxPath || !isWhole(hashes)) return badForm();
    return { ok: true, value: { proof: { kind, first, second, prefix: root, path: hashes }, vkey: relay } };
  }
  const isKind = kind === 'split' || kind === 'broken-receipt' || kind === 'two-receipts' || kind === 'shrunk';
  if (!isKind || prefix !== undefined || path !== undefined) return badForm();
  return { ok: true, value: { proof: { kind, first, second }, vkey: relay } };
}

/**
 * Whether the text convicts the relay with this key. Refusals: `relay/proof-format`, `relay/proof-origin` (the notes are about two logs, or about none of this
 * relay), `relay/proof-path` (what should connect its notes does not), `relay/proof-agrees` (both can be true), those of the notes in it.
 */
export async function verifyRelayProof(
  text: string,
  { relay, verify, hasher }: ProofCheck,
): Promise<Result<Conviction>> {
  const parsed = parseRelayProof(text);
  if (!parsed.ok) return parsed;
  const { proof } = parsed.value;
  const origin = originIn(proof.first);
  const log = parseOrigin(origin, relay.name);
  if (log === undefined) return refuse('relay/proof-origin', `${JSON.stringify(origin)} is no log of ${relay.name}`);
  const found = await judge(proof, { key: relay, origin, verify, hasher });
  if (!found.ok) return found;
  return { ok: true, value: { kind: proof.kind, relay: relay.name, ...log, ...found.value } };
}

/** An op's canonical text is bounded, and a proof may be longer; strings and lists of them are written in no other way. */
function encodeSorted(fields: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1))));
}

function parseFields(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.length > maxLength) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const fields = value as Readonly<Record<string, unknown>>;
    return encodeSorted(fields) === text.replace(/\n$/, '') ? fields : undefined;
  } catch {
    return undefined;
  }
}

type Found = Pick<Conviction, 'promised' | 'later'>;

function judge(proof: RelayProof, check: NoteCheck): Promise<Result<Found>> {
  switch (proof.kind) {
    case 'split':
      return judgeSplit(proof, check);
    case 'broken-receipt':
      return judgeReceipt(proof, check);
    case 'two-receipts':
      return judgeReceipts(proof, check);
    case 'shrunk':
      return judgeShrunk(proof, check);
  }
}

async function judgeSplit(
  { first, second, prefix, path = [] }: Extract<RelayProof, { kind: 'split' }>,
  check: NoteCheck,
): Promise<Result<Found>> {
  const [one, other] = [await verifyCheckpoint(first, check), await verifyCheckpoint(second, check)];
  if (!one.ok) return one;
  if (!other.ok) return otherLog(other);
  const [a, b] = [one.value, other.value];
  const found = { promised: a.size, later: b.size };
  if (a.size === b.size && prefix === undefined) return a.root === b.root ? agrees() : { ok: true, value: found };
  if (prefix === undefined || !leadsTo(prefix, path, a, b, check.hasher))
    return refuse('relay/proof-path', `nothing shows what the log of ${b.size} ops had at ${a.size}`);
  return prefix === a.root ? agrees() : { ok: true, value: found };
}

function leadsTo(prefix: RootHash, path: readonly RootHash[], a: Checkpoint, b: Checkpoint, hasher: Hasher): boolean {
  const [firstRoot, secondRoot] = [decodeHex(prefix), decodeHex(b.root)];
  const proof = path.map((hash) => decodeHex(hash));
  return a.size > 0 && verifyConsistency({ first: a.size, second: b.size, firstRoot, secondRoot, proof }, hasher);
}

async function judgeReceipt({ first, second }: RelayProof, check: NoteCheck): Promise<Result<Found>> {
  const receipt = await verifyReceipt(first, check);
  if (!receipt.ok) return receipt;
  const { key: log, origin, verify, hasher } = check;
  const proven = await verifyOpProof(second, { log, origin, verify, hasher });
  if (!proven.ok) return proven.code === 'chain/tlog-proof-origin' ? otherLog(proven) : proven;
  const { position, record, checkpoint } = proven.value;
  const line = receipt.value.lines.find((each) => each.position === position);
  if (line === undefined || line.hash === record.hash) return agrees();
  return { ok: true, value: { promised: position, later: checkpoint.size } };
}

async function judgeReceipts({ first, second }: RelayProof, check: NoteCheck): Promise<Result<Found>> {
  const [one, other] = [await verifyReceipt(first, check), await verifyReceipt(second, check)];
  if (!one.ok) return one;
  if (!other.ok) return otherLog(other);
  const [hashes, positions] = indexLines(one.value);
  for (const { position, hash } of other.value.lines) {
    const before = positions.get(hash) ?? position;
    if (before !== position || (hashes.get(position) ?? hash) !== hash)
      return { ok: true, value: { promised: before, later: position } };
  }
  return agrees();
}

function indexLines({ lines }: Receipt): [hashes: Map<number, string>, positions: Map<string, number>] {
  return [
    new Map(lines.map(({ position, hash }) => [position, hash])),
    new Map(lines.map(({ position, hash }) => [hash, position])),
  ];
}

async function judgeShrunk({ first, second }: RelayProof, check: NoteCheck): Promise<Result<Found>> {
  const checkpoint = await verifyCheckpoint(first, check);
  const promise = checkpoint.ok ? checkpoint : await verifyReceipt(first, check);
  if (!promise.ok) return promise;
  const standing = await verifyStanding(second, check);
  if (!standing.ok) return otherLog(standing);
  const { size, root, after } = standing.value;
  if (after !== noteDigest(first, check.key, check.hasher))
    return refuse('relay/proof-path', 'the relay was shown another note when it said so');
  const promised = 'lines' in promise.value ? lastOf(promise.value) + 1 : promise.value.size;
  const differs = 'root' in promise.value && size === promised && root !== promise.value.root;
  return size < promised || differs ? { ok: true, value: { promised, later: size } } : agrees();
}

function lastOf({ lines }: Receipt): number {
  return lines.at(-1)?.position ?? -1;
}

/** The log that a note says it is about. */
function originIn(note: string): string {
  return note.split('\n', 1)[0] as string;
}

function parseOrigin(origin: string, name: string): { readonly book: BookId; readonly scope: Scope } | undefined {
  const [book, ...rest] = origin.startsWith(`${name}/`) ? origin.slice(name.length + 1).split('/') : [];
  // A relay that was appointed later has the number of its epoch there, too.
  const [id, scope] = [parseBookId(book?.replace(/\.[1-9][0-9]{0,6}$/, '')), parseScope(rest.join('/'))];
  return id === undefined || scope === undefined ? undefined : { book: id, scope };
}

function isWhole(hashes: readonly (RootHash | undefined)[]): hashes is readonly RootHash[] {
  return !hashes.includes(undefined);
}

/** That the two notes name two logs is a fault of the proof. */
function otherLog(refusal: { readonly ok: false; readonly code: string; readonly message: string }): Result<never> {
  return refusal.code.endsWith('-origin') ? refuse('relay/proof-origin', refusal.message) : refusal;
}

function agrees(): Result<never> {
  return refuse('relay/proof-agrees', 'both notes can be true');
}

function badForm(): Result<never> {
  return refuse('relay/proof-format', `not the text of a ${format}`);
}

function refuse(code: string, message: string): Result<never> {
  return { ok: false, code, message };
}
