// A relay, its store and clients of it in one process, for the tests.
import type { BookId, OpRecord, Scope, Tip } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { openNote } from '@tallystick/chain';
import { createFollower, createMemoryRelayStore, createRelay, createRelayClient } from '../src/index.ts';
import type {
  Follower,
  PushAnswer,
  Relay,
  RelayClient,
  RelayClientOptions,
  RelayOptions,
  RelayStore,
} from '../src/index.ts';
import { ed25519, hasher, hq, relaySigner } from './fleet.ts';

export interface Desk {
  readonly relay: Relay;
  readonly store: RelayStore;
  readonly client: RelayClient;
  push(book: BookId, records: readonly OpRecord[], scope?: Scope): Promise<PushAnswer>;
}

export const emptyTip: Tip = { size: 0, frontier: [], note: '' };
export const verifyNote: typeof ed25519.verify = (key, message, signature) => ed25519.verify(key, message, signature);

export function openDesk(options: Partial<RelayOptions> = {}): Desk {
  const store = options.store ?? createMemoryRelayStore();
  const relay = createRelay({ signer: relaySigner(), hasher, ed25519, reads: 'public', ...options, store });
  const client = clientOf(relay);
  return { relay, store, client, push: (book, records, scope = hq) => client.push(book, scope, records) };
}

export function clientOf(relay: Relay, options: Partial<RelayClientOptions> = {}): RelayClient {
  const fetch = (request: Request): Promise<Response> => relay.fetch(request);
  return createRelayClient({ url: 'http://relay.test', fetch, retry: { baseMs: 0 }, ...options });
}

export function follow(client: RelayClient, book: BookId, scope: Scope = hq, tip: Tip = emptyTip): Follower {
  return createFollower({ client, book, scope, relay: relaySigner(), verifyNote, hasher, tip });
}

/** Follows to the end. */
export async function followAll(
  follower: Follower,
  start: Tip = emptyTip,
): Promise<{ records: OpRecord[]; tip: Tip; pages: number }> {
  const records: OpRecord[] = [];
  let tip = start;
  let pages = 0;
  for (let page = await follower.next(); page !== undefined; page = await follower.next()) {
    records.push(...page.records);
    tip = page.tip;
    pages += 1;
  }
  return { records, tip, pages };
}

/** One raw request, past the client. */
export async function post(
  { relay }: Pick<Desk, 'relay'>,
  book: BookId,
  body: Uint8Array | readonly OpRecord[],
  headers: Record<string, string> = {},
  scope: Scope = hq,
): Promise<{ status: number; json: Record<string, unknown>; headers: Headers }> {
  const bytes = body instanceof Uint8Array ? body : encodeBundle(body);
  const url = `http://relay.test/v1/books/${book}/scopes/${encodeURIComponent(scope)}/ops`;
  const init = { method: 'POST', body: bytes as Uint8Array<ArrayBuffer>, headers };
  const response = await relay.fetch(new Request(url, init));
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, json, headers: response.headers };
}

export async function get(
  { relay }: Pick<Desk, 'relay'>,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return relay.fetch(new Request(`http://relay.test${path}`, { headers }));
}

/** Opens a note of the test relay, or throws. */
export async function bodyOf(note: string, name?: string): Promise<string> {
  const opened = await openNote(note, relaySigner(name), verifyNote, hasher);
  if (!opened.ok) throw new Error(opened.code);
  return opened.value.body;
}

export function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  return decodeBundle(bytes).frames;
}
