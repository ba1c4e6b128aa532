// The relay's side of wrapped keys (docs/spec/relay.md, "Wrapped keys"): who may put and delete one, and how many there may be.
import type { Hasher, NoteKey } from '@tallystick/chain';
import { type BookId, type DeviceId, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import type { Ed25519 } from '@tallystick/sign';
import { isChief, requireStaff } from './access.ts';
import { answerJson, answerPreflight, answerRefusal } from './answer.ts';
import { createAuthentication } from './authentication.ts';
import { readBody } from './body.ts';
import { RelayError } from './errors.ts';
import { defaultLimits, type RelayLimits } from './limits.ts';
import { createRates } from './rates.ts';
import { unknownBook } from './readers.ts';
import { relayIdOf } from './reader.ts';
import { contentDigestOf } from './request-signature.ts';
import { createRosters } from './rosters.ts';
import type { RelayStore } from './store.ts';
import { createTurns } from './turns.ts';
import { utf8Size, type WrappedKeyEntry, type WrappedKeyStore } from './wrapped-keys.ts';

export interface KeyShelfOptions {
  /** The relay's: it has the keys, and says who is a device of a book. */
  readonly store: RelayStore;
  /** The relay's name and key. */
  readonly signer: NoteKey;
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
  /** Where devices reach the relay, as for `createRelay`. */
  readonly url?: string;
  readonly limits?: Partial<RelayLimits>;
  readonly now?: () => number;
}

/** Longest text, in bytes: a key wrapped for a thousand readers. */
const maxTextBytes = 200_000;
const namePattern = /^[0-9a-f]{32}\.[1-9][0-9]{0,5}\.[0-9a-f]{16}$/;
const pathPattern = /^\/v1\/books\/([^/]{1,100})\/keys(?:\/([^/]{1,100}))?$/;
const hq = parseScope('hq') as Scope;
const namedMethods = ['GET', 'PUT', 'DELETE'] as const;
type NamedMethod = (typeof namedMethods)[number];

/** A device of the book, and what it may do. */
interface Asking {
  readonly book: BookId;
  readonly device: DeviceId;
  readonly isChief: boolean;
  /** Seconds since 1970, by the clock of the device. */
  readonly signedAt: number;
}

/** Answers requests about wrapped keys; undefined for every other path, which is the relay's. Never rejects. */
export function createKeyShelf(options: KeyShelfOptions): { fetch(request: Request): Promise<Response | undefined> } {
  const { store, hasher, ed25519, url, now = Date.now } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { readsPerSecond, readBurst, maxRates, maxNonces } = limits;
  const rates = createRates({ perSecond: readsPerSecond, burst: readBurst }, maxRates, now);
  const rosters = createRosters(store, hasher);
  const room = createRoom(store.keys, limits, now);
  const turns = createTurns();
  const door = createAuthentication({
    ed25519,
    relay: relayIdOf(options.signer, hasher),
    maxNonces,
    rates,
    nowMs: now,
    url,
  });

  /** Whoever works in the book, in any scope; a customer must neither list persons nor take their keys away. Who may read a text, its wrapping decides. */
  async function admit(request: Request, text: string): Promise<Asking> {
    const book = parseBookId(text);
    if (book === undefined) throw new RelayError('relay/bad-request', 'a book id is 64 lowercase hex digits');
    await store.refresh?.();
    if ((await store.log(book, hq)) === undefined) throw unknownBook(book);
    const { device, created } = await door.authenticate(request, book, await rosters.of(book));
    const roster = await rosters.of(book);
    requireStaff(roster, device);
    return { book, device, isChief: isChief(roster, device), signedAt: created };
  }

  /** A body may be long in coming, and whose key it is must not change meanwhile. */
  async function answerNamed(request: Request, method: NamedMethod, asking: Asking, name: string): Promise<Response> {
    const body = method === 'PUT' ? await readSigned(request) : new Uint8Array(0);
    return turns.take(asking.book, () => answerInTurn(method, asking, name, body));
  }

  /** The body that the signature covers, and no other. */
  async function readSigned({ body, headers }: Request): Promise<Uint8Array> {
    const bytes = await readBody(body, maxTextBytes);
    if (headers.get('content-digest') === contentDigestOf(bytes, hasher)) return bytes;
    throw new RelayError('relay/digest', 'the body is not the one that the signature covers');
  }

  async function answerInTurn(method: NamedMethod, asking: Asking, name: string, body: Uint8Array): Promise<Response> {
    const { book, device } = asking;
    const kept = await store.keys.get(book, name);
    switch (method) {
      case 'GET':
        if (kept === undefined) throw new RelayError('relay/not-found', `there is no wrapped key ${name}`);
        return answerJson({ text: kept.text });
      case 'PUT': {
        requireOwn(asking, name, kept?.device);
        requireLater(asking, name, kept?.signedAt, now());
        const text = readText(body);
        const entry = { name, device, sizeBytes: utf8Size(text) };
        const before = kept && { name, device: kept.device, sizeBytes: utf8Size(kept.text) };
        await room.take(asking, entry, before);
        const bar = await store.keys.put(book, name, { device, text }, asking.signedAt);
        if (bar !== undefined) {
          room.giveBack(book, entry, before);
          throw changedSince(name, bar, now());
        }
        return answerJson({ name });
      }
      case 'DELETE': {
        requireOwn(asking, name, kept?.device);
        // Of the same second it cannot be of a time before: whatever it deleted then, it left a bar as high.
        requireLater(asking, name, kept && kept.signedAt - 1, now());
        const atSeconds = Math.max(Math.floor(now() / 1000), asking.signedAt);
        const deleted = await store.keys.delete(book, name, atSeconds);
        if (kept !== undefined && deleted)
          room.giveBack(book, { name, device: kept.device, sizeBytes: utf8Size(kept.text) });
        return answerJson({ deleted });
      }
    }
  }

  async function answer(request: Request, book: string, name: string | undefined): Promise<Response> {
    if (request.method === 'OPTIONS') return answerPreflight('GET, PUT, DELETE');
    if (name !== undefined && !namePattern.test(name))
      throw new RelayError('relay/bad-request', 'a wrapped key is named SUBJECT.GENERATION.READERS');
    const method = namedMethods.find((each) => each === request.method);
    if (method === undefined || (name === undefined && method !== 'GET'))
      throw new RelayError('relay/method', `${request.method.slice(0, 20)} is not possible here`);
    const asking = await admit(request, book);
    if (name !== undefined) return answerNamed(request, method, asking, name);
    return answerJson({ names: (await store.keys.list(asking.book)).map((entry) => entry.name) });
  }

  return {
    async fetch(request) {
      const [, book, name] = pathPattern.exec(new URL(request.url).pathname) ?? [];
      if (book === undefined) return undefined;
      try {
        return await answer(request, book, name);
      } catch (error) {
        return answerRefusal(error, request.method);
      }
    },
  };
}

/** As it is, with whatever mark it begins with: who reads it checks what somebody signed. */
function readText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new RelayError('relay/bad-request', 'a wrapped key is a text in UTF-8', { cause });
  }
}

/** Nobody but an owner or manager touches what another device has put: it could keep a key from those who read by it. */
function requireOwn({ device, isChief }: Asking, name: string, putBy: DeviceId | undefined): void {
  if (isChief || putBy === undefined || putBy === device) return;
  throw new RelayError('relay/not-yours', `wrapped key ${name} was put by another device`);
}

/** Nonces are in the memory of one front end: what keeps a copied request from changing a key again is that each change is signed after the one before. */
function requireLater({ signedAt }: Asking, name: string, changedAt: number | undefined, nowMs: number): void {
  if (changedAt !== undefined && signedAt <= changedAt) throw changedSince(name, changedAt, nowMs);
}

/** It may be a copy of what was done and undone; whoever still means it signs afresh, by the time that the answer says. */
function changedSince(name: string, bar: number, nowMs: number): RelayError {
  const details = { nowMs: Math.max(nowMs, (bar + 1) * 1000) };
  return new RelayError('relay/changed', `wrapped key ${name} was put or deleted since this was signed`, { details });
}

interface Taken {
  keys: number;
  bytes: number;
}

interface Room {
  /** Throws `relay/quota`. */
  take(asking: Asking, entry: WrappedKeyEntry, before: WrappedKeyEntry | undefined): Promise<void>;
  /** What `entry` took, where `before` is in its place again. */
  giveBack(book: BookId, entry: WrappedKeyEntry, before?: WrappedKeyEntry): void;
}

interface Shelf extends Taken {
  readonly byDevice: Map<DeviceId, Taken>;
  readonly askedMs: number;
}

/** What others who share the store have put is found by counting again. */
const freshMs = 60_000;
const maxShelves = 64;

function createRoom(keys: WrappedKeyStore, limits: RelayLimits, nowMs: () => number): Room {
  const { maxWrappedKeys, maxWrappedKeyBytes } = limits;
  const shelves = new Map<BookId, Shelf>();

  async function shelfOf(book: BookId): Promise<Shelf> {
    const known = shelves.get(book);
    if (known !== undefined && nowMs() - known.askedMs < freshMs) return known;
    const shelf: Shelf = { keys: 0, bytes: 0, byDevice: new Map(), askedMs: nowMs() };
    for (const entry of await keys.list(book)) add(shelf, entry, 1);
    shelves.delete(book);
    shelves.set(book, shelf);
    const [oldest] = shelves.size > maxShelves ? shelves.keys() : [];
    if (oldest !== undefined) shelves.delete(oldest);
    return shelf;
  }

  const fits = (taken: Taken, more: Taken, quarters: number): boolean =>
    (taken.keys + more.keys) * 4 <= maxWrappedKeys * quarters &&
    (taken.bytes + more.bytes) * 4 <= maxWrappedKeyBytes * quarters;

  return {
    async take({ book, device, isChief }, entry, before) {
      const shelf = await shelfOf(book);
      const more = { keys: before === undefined ? 1 : 0, bytes: entry.sizeBytes - (before?.sizeBytes ?? 0) };
      if (!fits(shelf, more, isChief ? 4 : 3)) throw new RelayError('relay/quota', 'the book has no room for a key');
      const own = shelf.byDevice.get(device) ?? { keys: 0, bytes: 0 };
      if (!isChief && !fits(own, more, 1))
        throw new RelayError('relay/quota', `device ${device} has put as many keys as it may`);
      if (before !== undefined) add(shelf, before, -1);
      add(shelf, entry, 1);
    },
    giveBack(book, entry, before) {
      const shelf = shelves.get(book);
      if (shelf === undefined) return;
      add(shelf, entry, -1);
      if (before !== undefined) add(shelf, before, 1);
    },
  };
}

function add(shelf: Shelf, { device, sizeBytes }: WrappedKeyEntry, sign: 1 | -1): void {
  const own = shelf.byDevice.get(device) ?? { keys: 0, bytes: 0 };
  shelf.byDevice.set(device, own);
  for (const taken of [shelf, own]) {
    taken.keys += sign;
    taken.bytes += sign * sizeBytes;
  }
}
