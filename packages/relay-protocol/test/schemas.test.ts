// The published schemas are those of the code: whatever a relay is asked and answers fits them and has no member that they lack, and what they refuse the
// client refuses, too.
import { readdirSync, readFileSync } from 'node:fs';
import type { BookId, OpHash } from '@tallystick/oplog';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { runConformance } from '../src/conformance.ts';
import { RelayError, statusByCode } from '../src/errors.ts';
import { createFollowingRelay } from '../src/federation.ts';
import { createMemoryRelayStore, type Relay, signReads } from '../src/index.ts';
import { createKeyShelf } from '../src/keys.ts';
import { openMirror } from '../src/mirror.ts';
import {
  parseBatchAnswer,
  parseCosigned,
  parseHandshake,
  parseInfo,
  parseKeyDeleted,
  parseKeyNames,
  parseProof,
  parseWrappedKey,
} from '../src/replies.ts';
import { createSqliteOutbox } from '../src/node.ts';
import { relayIdOf } from '../src/reader.ts';
import { signedHeaders } from '../src/request-signature.ts';
import type { Reply } from '../src/retry.ts';
import { readTail } from '../src/tail-client.ts';
import { verdicts } from '../src/verdict.ts';
import { describeExchange, type Exchange, operationsOf } from './api.ts';
import { clientOf, get, openDesk, post } from './desk.ts';
import { createFleet, ed25519, hasher, relaySigner } from './fleet.ts';

type Json = Readonly<Record<string, unknown>>;

const folder = new URL('../schemas/', import.meta.url);
const schemaOf = (name: string): Json => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Json;
const names = readdirSync(folder).filter((name) => name !== 'openapi.json');
const api = schemaOf('openapi.json');

/** With every object closed: a relay may say no more than is written down, where its readers must bear more. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isWhole = '$schema' in members || ('properties' in members && ('type' in members || '$ref' in members));
  return isWhole ? { ...members, unevaluatedProperties: false } : members;
}

/** `logSize` is closed where others add to it. */
function closeAll(name: string): Json {
  const schema = schemaOf(name);
  if (name !== 'types.json') return closed(schema) as Json;
  const { logSize, ...rest } = schema['$defs'] as Json;
  return { ...schema, $defs: { ...(closed(rest) as Json), logSize } };
}

function createSchemas(load: (name: string) => Json): Ajv2020 {
  const ajv = new Ajv2020({ strictTypes: false, strictRequired: false });
  for (const name of names) ajv.addSchema(load(name), name);
  return ajv;
}

const [asRead, asSent] = [createSchemas(schemaOf), createSchemas(closeAll)];
const operations = operationsOf(api, asSent);

const readsOfLog = [
  'ops?from=0',
  'kept?after=0',
  'checkpoint',
  'proof/consistency?first=1&second=1',
  'proof/inclusion?index=0&size=1',
  'tile/0/000',
  'tile/entries/000',
];

/** Everything that passes between a relay and those who ask it. */
async function record(): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  const fleet = createFleet();
  const desk = openDesk({ reads: 'devices', limits: { readBurst: 400, readsPerSecond: 1 } });
  const shelf = createKeyShelf({ store: desk.store, signer: relaySigner(), hasher, ed25519 });
  const sendTo = async (relay: Relay, request: Request): Promise<Response> => {
    const response = (await shelf.fetch(request)) ?? (await relay.fetch(request));
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    exchanges.push({ request, response: isStream ? new Response(null, response) : response.clone() });
    return response;
  };
  const send = (request: Request): Promise<Response> => sendTo(desk.relay, request);
  const listened = { ...desk, relay: { ...desk.relay, fetch: send } };
  await runConformance({ url: 'http://relay.test', fetch: send, retry: { attempts: 1 }, crypto: { hasher, ed25519 } });
  await desk.push(fleet.book, [fleet.genesis]);
  const log = `/v1/books/${fleet.book}/scopes/hq`;
  const reader = { device: fleet.root.key.device, sign: fleet.root.key.sign, relay: relayIdOf(relaySigner(), hasher) };
  const headers = await signedHeaders(`http://relay.test${log}/tile/entries/000.p/1`, reader, Date.now());
  await get(listened, `${log}/tile/entries/000.p/1`, headers);
  await (await clientOf(listened.relay).tail(fleet.book, [], { reader })).return();
  const torn = fleet.genesis.bytes.subarray(0, 9);
  await post(listened, fleet.book, torn);
  for (const encoding of ['gzip', 'br']) await post(listened, fleet.book, torn, { 'content-encoding': encoding });
  await post(listened, fleet.book, new Uint8Array(4_200_000));
  for (const path of ['/v2/info', '/v1/nothing', `${log}/ops`, `${log}/claims`]) await get(listened, path);
  const following = createFollowingRelay({
    client: signReads(clientOf(desk.relay), [reader]),
    home: relaySigner(),
    mirror: 'near.test',
    books: [fleet.book],
    node: 'node',
    store: createMemoryRelayStore(),
    outbox: createSqliteOutbox(':memory:'),
    hasher,
    ed25519,
  });
  await following.link.exchange();
  const near = clientOf({ ...following.relay, fetch: (request) => sendTo(following.relay, request) });
  await near.info();
  await near.kept(fleet.book, fleet.genesis.op.scope, 0, reader);
  await near.pull(fleet.book, fleet.genesis.op.scope, 9, reader).catch(() => undefined);
  // Of a book that it has not copied.
  for (const path of ['scopes', 'tail', ...readsOfLog.map((read) => `scopes/hq/${read}`)]) {
    const request = new Request(`http://near.test/v1/books/${'0'.repeat(64)}/${path}`);
    expect([path, (await sendTo(following.relay, request)).status]).toEqual([path, 409]);
  }
  return exchanges;
}

const exchanges = await record();
const bodies = new Map<string, Json[]>();

describe('what a relay is asked and answers', () => {
  it('is described, with every status, header and member', async () => {
    const seen = new Set<string>();
    for (const exchange of exchanges) {
      const { operation, problems, schema, json } = await describeExchange(operations, exchange);
      expect(problems, `${exchange.request.method} ${exchange.request.url} ${exchange.response.status}`).toEqual([]);
      if (operation !== undefined && exchange.response.status < 300) seen.add(operation);
      if (schema !== undefined && json !== undefined) bodies.set(schema, [...(bodies.get(schema) ?? []), json]);
    }
    expect([...seen].toSorted()).toEqual(operations.map(({ name }) => name).toSorted());
  });

  it('has no member, code, verdict or query that is not written down', async () => {
    const [sample] = exchanges.filter(({ request }) => request.url.endsWith('/v1/info'));
    const more = async (change: (json: Json) => Json): Promise<number> => {
      const { request, response } = sample as Exchange;
      const body = JSON.stringify(change((await response.clone().json()) as Json));
      const { problems } = await describeExchange(operations, { request, response: new Response(body, response) });
      return problems.length;
    };
    expect(await more((json) => json)).toBe(0);
    expect(await more((json) => ({ ...json, since: 1 }))).toBe(1);
    expect(await more((json) => ({ ...json, limits: { ...(json['limits'] as Json), more: 1 } }))).toBe(1);
  });

  it('has the codes and verdicts of the code', () => {
    const { $defs } = schemaOf('refusal.json') as { $defs: { code: { enum: string[] } } };
    expect($defs.code.enum.toSorted()).toEqual(Object.keys(statusByCode).toSorted());
    const types = schemaOf('types.json') as { $defs: { result: { properties: { verdict: { enum: string[] } } } } };
    expect(types.$defs.result.properties.verdict.enum.toSorted()).toEqual([...verdicts].toSorted());
    const { responses } = api['components'] as { responses: Record<string, { description: string }> };
    for (const [code, status] of Object.entries(statusByCode))
      expect(responses[`Refused${status}`]?.description).toContain(`\`${code}\``);
  });
});

const reply = (json: unknown): Reply => ({
  status: 200,
  headers: new Headers(),
  bytes: new TextEncoder().encode(JSON.stringify(json)),
});

async function readEvent(kind: string, json: unknown): Promise<unknown> {
  const text = `event: ${kind}\ndata: ${JSON.stringify(json)}\n\n`;
  return (await readTail(new Blob([text]).stream(), 1_000).next()).value;
}

const mirrorOf = (json: unknown): Promise<unknown> =>
  openMirror({ load: () => reply(json).bytes }, { relay: relaySigner(), verify: ed25519.verify, hasher }).index();

const readers: Readonly<Record<string, (json: unknown) => unknown>> = {
  'info.json': (json) => parseInfo(reply(json)),
  'handshake.json': (json) => parseHandshake(reply(json)),
  'push.json': (json) => parseBatchAnswer(reply(json), hashesIn(json)),
  'cosigned.json': (json) => parseCosigned(reply(json)),
  'proof.json': (json) => parseProof(reply(json)),
  'key-names.json': (json) => parseKeyNames(reply(json)),
  'wrapped-key.json': (json) => parseWrappedKey(reply(json)),
  'key-deleted.json': (json) => parseKeyDeleted(reply(json)),
  'log-event.json': (json) => readEvent('log', json),
  'mirror.json': mirrorOf,
};

function hashesIn(json: unknown): OpHash[] {
  const results = (json as { results?: unknown } | null)?.results;
  return Array.isArray(results)
    ? results.map((result: unknown) => (result as { hash?: OpHash } | null)?.hash as OpHash)
    : [];
}

async function isTaken(read: (json: unknown) => unknown, json: unknown): Promise<boolean> {
  try {
    await read(json);
    return true;
  } catch (error) {
    if (error instanceof RelayError && ['relay/bad-answer', 'relay/mirror-format'].includes(error.code)) return false;
    throw error;
  }
}

/** The value with one part of it left out, or replaced by each of several others. */
function* changesOf(value: unknown): Generator<unknown> {
  yield* [null, true, -1, 1.5, 2 ** 53, '', 'x', [], {}, [{}], 'A'.repeat(64)];
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const put = (changed: unknown): unknown =>
      Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed };
    for (const changed of changesOf(member)) yield put(changed);
    const { [name]: _, ...rest } = value as Json;
    if (!Array.isArray(value)) yield rest;
  }
}

describe('a client', () => {
  it('takes what the schemas take, and refuses what they refuse', async () => {
    const book = 'ab'.repeat(32) as BookId;
    bodies.set('log-event.json', [{ scope: 'hq', size: 3 }]);
    bodies.set('mirror.json', [{ tallystick: 'mirror/1', book, scopes: ['hq', 'b/042'] }]);
    for (const [name, read] of Object.entries(readers)) {
      const validate = asRead.getSchema(name);
      const samples = pick(bodies.get(name) ?? []);
      expect(samples.length, name).toBeGreaterThan(0);
      let refused = 0;
      for (const sample of samples) {
        expect([validate?.(sample), await isTaken(read, sample)], name).toEqual([true, true]);
        expect(await isTaken(read, { ...sample, later: { more: true } }), 'a member of a later version').toBe(true);
        for (const changed of changesOf(sample)) {
          const isValid = validate?.(changed) === true;
          expect(await isTaken(read, changed), `${name} ${JSON.stringify(changed)}`).toBe(isValid);
          if (!isValid) refused += 1;
        }
      }
      expect(refused, name).toBeGreaterThan(10);
    }
  });
});

/** One of each shape. */
function pick(samples: readonly Json[]): Json[] {
  const shapeOf = (json: unknown): string =>
    JSON.stringify(json)
      .replaceAll(/"[^"]{40,}"/g, '"long"')
      .replaceAll(/\d+/g, '0');
  return [...new Map(samples.map((json) => [shapeOf(json), json])).values()].slice(0, 24);
}
