/**
 * The manifest of a snapshot, as docs/spec/snapshot.md says: one shard per table and scope, named by the digest of its rows, and what a device needs to go
 * on verifying from there. The first line is JSON, the second the signature of the device that made it.
 */
import {
  type BookId,
  decodeHex,
  type DeviceId,
  encodeHex,
  type KeyId,
  type Scope as ScopeName,
} from '@tallystick/oplog';
import type { CryptoProvider } from './admitter.ts';
import type { StateClaim } from './certificates.ts';
import { digestOfTables } from './digest.ts';
import type { SqlValue } from './driver.ts';
import { KernelError } from './errors.ts';
import { rootOfTip } from './roots.ts';

/** The rows of one table in one scope. */
export interface Shard {
  /** A table's name, or `<name>_history`, or `chains`. */
  readonly table: string;
  /** Digest of the rows, and the shard's name. */
  readonly digest: string;
  readonly rows: number;
  /** Of the text, before it is compressed. */
  readonly bytes: number;
  /** The last row: in a table to which rows are only added, a row that comes after it is not in the shard. */
  readonly last: readonly SqlValue[];
  /** How many changes settled ops made to the table. */
  readonly gravity: number;
}

export interface SnapshotScope extends StateClaim {
  readonly scope: ScopeName;
  readonly frontier: readonly string[];
  /** The relay's checkpoint of exactly this size, or ''. */
  readonly note: string;
  /** The greatest op id. */
  readonly lastId: string;
  /** The most touched first. */
  readonly shards: readonly Shard[];
}

export interface SnapshotManifest {
  readonly tallystick: 'snapshot/1';
  readonly book: BookId;
  /** Who made it, under which key, and when by its clock. */
  readonly device: DeviceId;
  readonly keyId: KeyId;
  readonly at: number;
  /** Device, key id, key, the op that brought it, and 1 where it is the device's first: whose signatures can be checked. */
  readonly enrolments: readonly (readonly [device: string, keyId: string, key: string, hash: string, isRoot: 0 | 1])[];
  readonly scopes: readonly SnapshotScope[];
}

/** Names in the place of a snapshot, beside those of its shards. */
export const MANIFEST = 'manifest';
export const PROOF = 'proof';

export async function encodeManifest(
  manifest: SnapshotManifest,
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const line = JSON.stringify(manifest);
  const signature = await sign(preimage(manifest.book, line, crypto));
  return new TextEncoder().encode(`${line}\n${encodeHex(signature)}\n`);
}

/** What was signed, if it is of this book and the signature is that of the device it names. Throws `snapshot/format`, `snapshot/foreign`, `snapshot/signature`. */
export async function openManifest(
  bytes: Uint8Array,
  book: BookId,
  crypto: CryptoProvider,
): Promise<{ readonly manifest: SnapshotManifest; readonly hash: string }> {
  const [line = '', signature = '', ...rest] = new TextDecoder().decode(bytes).split('\n');
  const manifest = parseManifest(line, rest.join(), crypto);
  if (manifest.book !== book)
    throw new KernelError('snapshot/foreign', `the snapshot is of book ${manifest.book}, not of ${book}`);
  const key = manifest.enrolments.find(([device, keyId]) => device === manifest.device && keyId === manifest.keyId);
  const isSigned =
    key !== undefined &&
    /^[0-9a-f]{128}$/.test(signature) &&
    (await crypto.ed25519.verify(decodeHex(key[2]), preimage(book, line, crypto), decodeHex(signature)));
  if (!isSigned) throw new KernelError('snapshot/signature', `not signed by device ${manifest.device}`);
  return { manifest, hash: crypto.hasher.sha256Hex(line) };
}

function preimage(book: BookId, line: string, { hasher }: CryptoProvider): Uint8Array {
  const label = new TextEncoder().encode('tallystick/snapshot/1\n');
  const bytes = new Uint8Array(label.length + 64);
  bytes.set(label);
  bytes.set(decodeHex(book), label.length);
  bytes.set(decodeHex(hasher.sha256Hex(line)), label.length + 32);
  return bytes;
}

const HASH = /^[0-9a-f]{64}$/;
const isHash = (value: unknown): boolean => typeof value === 'string' && HASH.test(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';
const isListOf = (value: unknown, is: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);

function isObject(value: unknown, members: Readonly<Record<string, (member: unknown) => boolean>>): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const object = value as Record<string, unknown>;
  const names = Object.keys(members);
  return (
    Object.keys(object).length === names.length &&
    names.every((name) => Object.hasOwn(object, name) && (members[name] as (member: unknown) => boolean)(object[name]))
  );
}

const isRow = (value: unknown): boolean => isListOf(value, (item) => isText(item) || Number.isSafeInteger(item));
const isShard = (value: unknown): boolean =>
  isObject(value, { table: isText, digest: isHash, rows: isCount, bytes: isCount, last: isRow, gravity: isCount });
const isScope = (value: unknown): boolean =>
  isObject(value, {
    scope: isText,
    size: isCount,
    root: isHash,
    marked: isCount,
    manifest: isHash,
    digest: isHash,
    frontier: (list) => isListOf(list, isHash),
    note: isText,
    lastId: isText,
    shards: (list) => isListOf(list, isShard),
  });
const isEnrolment = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 5 && value.slice(0, 4).every(isHash) && (value[4] === 0 || value[4] === 1);
const isManifest = (value: unknown): boolean =>
  isObject(value, {
    tallystick: (format) => format === 'snapshot/1',
    book: isHash,
    device: isHash,
    keyId: isHash,
    at: isCount,
    enrolments: (list) => isListOf(list, isEnrolment),
    scopes: (list) => isListOf(list, isScope),
  });

function parseManifest(line: string, rest: string, crypto: CryptoProvider): SnapshotManifest {
  const bad = (why: string): KernelError => new KernelError('snapshot/format', `not a snapshot's manifest: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new KernelError('snapshot/format', 'not a snapshot: the first line is not JSON', cause);
  }
  if (!isManifest(value) || JSON.stringify(value) !== line || rest !== '') throw bad('its members');
  const manifest = value as SnapshotManifest;
  if (manifest.enrolments.some(([, keyId, key]) => crypto.hasher.sha256Hex(decodeHex(key)) !== keyId))
    throw bad('a key id is not the hash of its key');
  for (const scope of manifest.scopes) {
    const why = contradictionIn(scope, crypto);
    if (why !== undefined) throw bad(`${scope.scope}: ${why}`);
  }
  return manifest;
}

/** What is said twice must be the same. */
function contradictionIn(
  { size, root, frontier, digest, shards }: SnapshotScope,
  { hasher }: CryptoProvider,
): string | undefined {
  const names = shards.map(({ table }) => table).sort();
  if (new Set(names).size !== names.length) return 'two shards of one table';
  const tables = Object.fromEntries(
    names.map((name) => [name, shards.find(({ table }) => table === name)?.digest ?? '']),
  );
  if (digestOfTables('state', tables, hasher) !== digest) return 'the digest is not that of the shards';
  try {
    return rootOfTip({ size, frontier }, hasher) === root ? undefined : 'the root is not that of the frontier';
  } catch {
    return 'the frontier is not of this size';
  }
}
