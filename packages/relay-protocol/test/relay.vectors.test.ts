// The vectors of docs/spec/relay.md.
import { createTree, leafHash, type NoteSigner, parseVerifierKey } from '@tallystick/chain';
import { type BookId, encodeHex, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import epochVectors from '../../../fixtures/relay-protocol/epoch.json' with { type: 'json' };
import gateVectors from '../../../fixtures/relay-protocol/gate.json' with { type: 'json' };
import pageVectors from '../../../fixtures/relay-protocol/page.json' with { type: 'json' };
import readingVectors from '../../../fixtures/relay-protocol/reading.json' with { type: 'json' };
import requestVectors from '../../../fixtures/relay-protocol/request.json' with { type: 'json' };
import shownVectors from '../../../fixtures/relay-protocol/shown.json' with { type: 'json' };
import tailVectors from '../../../fixtures/relay-protocol/tail.json' with { type: 'json' };
import versionVectors from '../../../fixtures/relay-protocol/version.json' with { type: 'json' };
import {
  createFollower,
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type RelayError,
  type ScopeSize,
} from '../src/index.ts';
import { createKeyShelf } from '../src/keys.ts';
import { chooseProtocol } from '../src/protocols.ts';
import { parseRoute } from '../src/routes.ts';
import { readTail } from '../src/tail-client.ts';
import type { PushResult } from '../src/verdict.ts';
import { framesOf, openDesk, verifyNote } from './desk.ts';
import { ed25519, hasher } from './fleet.ts';

/** The relay with this name and the key of this seed. */
async function signerOf({
  name,
  relaySeed,
}: {
  readonly name: string;
  readonly relaySeed: string;
}): Promise<NoteSigner> {
  return { ...(await ed25519.fromSeed(bytes(relaySeed))), name };
}

const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex, 'hex'));

interface Handed {
  readonly scope: string;
  readonly bundle: string;
  readonly isClaim?: boolean;
}

interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly method?: string;
  readonly body?: string;
}

interface Shown {
  readonly scope: string;
  readonly path: string;
  readonly body?: string;
  readonly bundle?: string;
}

/** A note in whatever answer, or the code. */
async function outcomeOf(answer: Response): Promise<unknown> {
  const text = await answer.text();
  const json = text.startsWith('{') ? (JSON.parse(text) as { code?: string; checkpoint?: string }) : {};
  return json.code === undefined ? { ok: true, text: json.checkpoint ?? text } : { ok: false, code: json.code };
}

interface Paged {
  readonly answer: {
    readonly status: number;
    readonly code?: string;
    readonly bundle?: string;
    readonly checkpoint?: string;
  };
  readonly proof?: readonly string[];
}

/** What the relay of the vector answers: its page, the proof if it has one, and no checkpoint beside. */
function pageAnswer({ answer: { status, code, bundle = '', checkpoint }, proof }: Paged, path: string): Response {
  if (path.endsWith('/proof/consistency') && proof !== undefined) return Response.json({ proof });
  if (!path.endsWith('/ops')) return Response.json({ code: 'relay/failed', message: '' }, { status: 500 });
  if (code !== undefined) return Response.json({ code, message: '' }, { status });
  const size = { 'tallystick-size': '7' };
  const note = checkpoint === undefined ? {} : { 'tallystick-checkpoint': Buffer.from(checkpoint).toString('base64') };
  return new Response(status === 204 ? null : bytes(bundle), { status, headers: { ...size, ...note } });
}

/** The results, or the code. */
async function handIn(
  relay: { fetch(request: Request): Promise<Response> },
  book: string,
  { scope, bundle, isClaim = false }: Handed,
): Promise<readonly PushResult[] | string> {
  const url = `https://relay.example/v1/books/${book}/scopes/${encodeURIComponent(scope)}/${isClaim ? 'claims' : 'ops'}`;
  const answer = await relay.fetch(new Request(url, { method: 'POST', body: bytes(bundle) }));
  const { code, results } = (await answer.json()) as { code?: string; results: PushResult[] };
  return code ?? results;
}

describe('vectors', () => {
  it.each(gateVectors)('gate: $name', async ({ input, expect: expected }) => {
    const { book, nowMs, limits, pushes } = input;
    const desk = openDesk({ now: () => nowMs, limits });
    const said: unknown[] = [];
    for (const pushed of pushes) {
      const results = await handIn(desk.relay, book, pushed);
      // What a bundle names an op by and what is told to people is no verdict.
      said.push(typeof results === 'string' ? results : results.map(({ hash: _, message: __, ...rest }) => rest));
    }
    const logs: unknown[] = [];
    for (const { scope } of expected.logs) {
      const log = await desk.store.log(parseBookId(book) as never, parseScope(scope) as Scope);
      logs.push({ scope, size: log?.size, root: log?.root });
    }
    expect({ pushes: said, logs }).toEqual(expected);
  });

  it.each(epochVectors)('epoch: $name', async ({ input, expect: expected }) => {
    const { nowMs, limits, pushes } = input;
    const book = parseBookId(input.book) as BookId;
    const desk = openDesk({ signer: await signerOf(input), now: () => nowMs, limits });
    const said: unknown[] = [];
    for (const pushed of pushes) {
      const results = await handIn(desk.relay, book, pushed);
      said.push(
        typeof results === 'string' ? results : results.map(({ verdict, position }) => ({ verdict, position })),
      );
    }
    const { epoch, appointed, scopes } = await desk.client.handshake(book, []);
    const checkpoints = await Promise.all(
      scopes.map(async ({ scope }) => ({ scope, note: await desk.client.checkpoint(book, scope) })),
    );
    expect({ pushes: said, epoch, appointed, checkpoints }).toEqual(expected);
  });

  it.each(readingVectors)('reading: $name', async ({ input, expect: { answers } }) => {
    const { book, name, relaySeed, nowMs, pushes, requests } = input;
    const signer = await signerOf({ name, relaySeed });
    const options = { store: createMemoryRelayStore(), signer, hasher, ed25519, now: () => nowMs };
    const [relay, shelf] = [createRelay(options), createKeyShelf(options)];
    for (const pushed of pushes) await handIn(relay, book, pushed);
    const said: string[] = [];
    for (const { url, headers, ...sent } of requests as readonly Sent[]) {
      const request = new Request(url, { headers, ...sent });
      const answer = (await shelf.fetch(request)) ?? (await relay.fetch(request));
      said.push(answer.ok ? 'ok' : ((await answer.json()) as { code: string }).code);
    }
    expect(said).toEqual(answers);
  });

  it.each(shownVectors)('shown: $name', async ({ input, expect: expected }) => {
    const { book, nowMs, pushes, requests } = input;
    const { relay } = openDesk({ signer: await signerOf(input), now: () => nowMs });
    for (const pushed of pushes) await handIn(relay, book, pushed);
    let said: unknown;
    for (const { scope, path, body, bundle } of requests as readonly Shown[]) {
      const url = `https://relay.example/v1/books/${book}/scopes/${encodeURIComponent(scope)}/${path}`;
      const sent = bundle === undefined ? body : bytes(bundle);
      const request = sent === undefined ? {} : { method: 'POST', body: sent };
      said = await outcomeOf(await relay.fetch(new Request(url, request)));
    }
    expect(said).toEqual(expected);
  });

  it.each(pageVectors)('page: $name', async ({ input, expect: expected }) => {
    const book = parseBookId(input.book) as BookId;
    const scope = parseScope(input.scope) as Scope;
    const relay = parseVerifierKey(input.vkey, hasher);
    if (!relay.ok) throw new Error(relay.code);
    const tree = createTree(hasher);
    for (const frame of framesOf(bytes(input.known.bundle))) tree.append(leafHash(frame, hasher));
    const tip = { size: tree.size, frontier: tree.frontier(), note: input.known.note };
    const client = createRelayClient({
      url: 'https://relay.example',
      retry: { attempts: 1 },
      fetch: async ({ url }) => pageAnswer(input, new URL(url).pathname),
    });
    const options = { client, book, scope, relay: relay.value, verifyNote, hasher, tip };
    const said = await createFollower(options)
      .next()
      .then(
        (page) => {
          const { size, frontier } = page?.tip ?? tip;
          return { ok: true, size, root: encodeHex(createTree(hasher, { size, frontier }).root()) };
        },
        (error: RelayError) => ({ ok: false, code: error.code }),
      );
    expect(said).toEqual(expected);
  });

  it.each(requestVectors)('request: $name', ({ input: { method, target }, expect: expected }) => {
    const outcome = (): unknown => {
      try {
        return { ok: true, route: parseRoute(method, new URL(target, 'https://relay.example')) };
      } catch (error) {
        return { ok: false, code: (error as RelayError).code };
      }
    };
    expect(outcome()).toEqual(expected);
  });

  it.each(versionVectors)('version: $name', ({ input: { client, relay }, expect: expected }) => {
    const version = chooseProtocol(client, relay);
    expect(version === undefined ? { ok: false, code: 'relay/protocol' } : { ok: true, version }).toEqual(expected);
  });

  it.each(tailVectors)('tail: $name', async ({ input: { text }, expect: expected }) => {
    const events: ScopeSize[] = [];
    let code: string | undefined;
    try {
      for await (const event of readTail(new Blob([text]).stream(), 1_000)) events.push(event);
    } catch (error) {
      ({ code } = error as RelayError);
    }
    expect({ ok: code === undefined, events, ...(code === undefined ? {} : { code }) }).toEqual(expected);
  });
});
