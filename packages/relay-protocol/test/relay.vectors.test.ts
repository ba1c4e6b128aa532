// The vectors of docs/spec/relay.md.
import { parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import gateVectors from '../../../fixtures/relay-protocol/gate.json' with { type: 'json' };
import readingVectors from '../../../fixtures/relay-protocol/reading.json' with { type: 'json' };
import requestVectors from '../../../fixtures/relay-protocol/request.json' with { type: 'json' };
import tailVectors from '../../../fixtures/relay-protocol/tail.json' with { type: 'json' };
import versionVectors from '../../../fixtures/relay-protocol/version.json' with { type: 'json' };
import { createMemoryRelayStore, createRelay, type RelayError, type ScopeSize } from '../src/index.ts';
import { chooseProtocol } from '../src/protocols.ts';
import { parseRoute } from '../src/routes.ts';
import { readTail } from '../src/tail-client.ts';
import type { PushResult } from '../src/verdict.ts';
import { openDesk } from './desk.ts';
import { ed25519, hasher, relaySigner } from './fleet.ts';

const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex, 'hex'));

interface Handed {
  readonly scope: string;
  readonly bundle: string;
  readonly isClaim?: boolean;
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

  it.each(readingVectors)('reading: $name', async ({ input, expect: { answers } }) => {
    const { book, name, relaySeed, nowMs, pushes, requests } = input;
    const key = await ed25519.fromSeed(bytes(relaySeed));
    const signer = { ...relaySigner(name), ...key, name };
    const relay = createRelay({ store: createMemoryRelayStore(), signer, hasher, ed25519, now: () => nowMs });
    for (const pushed of pushes) await handIn(relay, book, pushed);
    const said: string[] = [];
    for (const { url, headers } of requests) {
      const answer = await relay.fetch(new Request(url, { headers: headers as Record<string, string> }));
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
