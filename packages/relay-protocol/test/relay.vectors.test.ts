// The vectors of docs/spec/relay.md.
import type { NoteSigner } from '@tallystick/chain';
import { type BookId, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import epochVectors from '../../../fixtures/relay-protocol/epoch.json' with { type: 'json' };
import gateVectors from '../../../fixtures/relay-protocol/gate.json' with { type: 'json' };
import readingVectors from '../../../fixtures/relay-protocol/reading.json' with { type: 'json' };
import requestVectors from '../../../fixtures/relay-protocol/request.json' with { type: 'json' };
import tailVectors from '../../../fixtures/relay-protocol/tail.json' with { type: 'json' };
import versionVectors from '../../../fixtures/relay-protocol/version.json' with { type: 'json' };
import { createMemoryRelayStore, createRelay, type RelayError, type ScopeSize } from '../src/index.ts';
import { createKeyShelf } from '../src/keys.ts';
import { chooseProtocol } from '../src/protocols.ts';
import { parseRoute } from '../src/routes.ts';
import { readTail } from '../src/tail-client.ts';
import type { PushResult } from '../src/verdict.ts';
import { openDesk } from './desk.ts';
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
