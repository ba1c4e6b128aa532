// Branded ids and hashes, each minted only by its `parseX` (docs/spec/op.md, "Members").

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** UUIDv7 in lowercase text with hyphens; text order is mint order. */
export type OpId = Branded<'OpId'>;
/** SHA-256("tallystick/op/1\n" || canonical text), 64 lowercase hex digits. */
export type OpHash = Branded<'OpHash'>;
/** Hash of the book's genesis op, 64 lowercase hex digits. */
export type BookId = Branded<'BookId'>;
/** SHA-256 of the device's first public key, 64 lowercase hex digits. */
export type DeviceId = Branded<'DeviceId'>;
/** SHA-256 of a public key, 64 lowercase hex digits. */
export type KeyId = Branded<'KeyId'>;
/** RFC 6962 root of a scope's log, 64 lowercase hex digits. */
export type RootHash = Branded<'RootHash'>;
/** Name of a part of a book: `hq`, `b/042`, `claims`. */
export type Scope = Branded<'Scope'>;
/** Name and frozen version of a verb: `sale.complete@1`. */
export type VerbRef = Branded<'VerbRef'>;

/** 1, 2, 3 ... without a gap, per device and scope. */
export type Seq = number;
/** 0-based index of an op in its scope's log at the home relay. */
export type Position = number;

const hash64 = /^[0-9a-f]{64}$/;
const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const scopeName = /^[a-z0-9][a-z0-9/_-]{0,63}$/;
const verbRef = /^(?=.{3,64}$)[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*@[1-9][0-9]{0,5}$/;

function mint<B extends string>(x: unknown, pattern: RegExp): B | undefined {
  return typeof x === 'string' && pattern.test(x) ? (x as B) : undefined;
}

export function parseOpId(x: unknown): OpId | undefined {
  return mint<OpId>(x, uuidv7);
}

export function parseOpHash(x: unknown): OpHash | undefined {
  return mint<OpHash>(x, hash64);
}

export function parseBookId(x: unknown): BookId | undefined {
  return mint<BookId>(x, hash64);
}

export function parseDeviceId(x: unknown): DeviceId | undefined {
  return mint<DeviceId>(x, hash64);
}

export function parseKeyId(x: unknown): KeyId | undefined {
  return mint<KeyId>(x, hash64);
}

export function parseRootHash(x: unknown): RootHash | undefined {
  return mint<RootHash>(x, hash64);
}

export function parseScope(x: unknown): Scope | undefined {
  return mint<Scope>(x, scopeName);
}

export function parseVerbRef(x: unknown): VerbRef | undefined {
  return mint<VerbRef>(x, verbRef);
}
