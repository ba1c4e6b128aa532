// The conformance suite holds of an honest relay over each store, and names the clause that each of ten faults breaks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecord } from '@tallystick/chain';
import type { BookId, DeviceId, OpHash, Scope } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { describe, expect, it } from 'vitest';
import { type ClauseVerdict, runConformance } from '../src/conformance.ts';
import {
  createMemoryRelayStore,
  createRelay,
  originOf,
  type PushResult,
  type Relay,
  type RelayStore,
} from '../src/index.ts';
import { createSqliteRelayStore } from '../src/node.ts';
import { createKeyShelf } from '../src/keys.ts';
import { encodeClaims, signReceipts } from '../src/receipt.ts';
import { ed25519, hasher, relaySigner } from './fleet.ts';

const signer = relaySigner();
type Send = (request: Request) => Promise<Response>;

interface Planted {
  readonly send: Send;
  restart(): Promise<void>;
}

const relayOver = (store: RelayStore, more: Partial<Parameters<typeof createRelay>[0]> = {}): Relay => {
  const relay = createRelay({ store, signer, hasher, ed25519, ...more });
  const shelf = createKeyShelf({ store, signer, hasher, ed25519 });
  return { ...relay, fetch: async (request) => (await shelf.fetch(request)) ?? relay.fetch(request) };
};

function honest(store: RelayStore, more: Parameters<typeof relayOver>[1] = {}): Planted {
  let relay = relayOver(store, more);
  return { send: (request) => relay.fetch(request), restart: async () => void (relay = relayOver(store, more)) };
}

async function run(
  { send, restart }: Planted,
  only?: readonly string[],
): Promise<Record<string, ClauseVerdict['outcome']>> {
  const options = { url: 'http://relay.test', fetch: send, retry: { attempts: 1 }, crypto: { hasher, ed25519 } };
  const some = only === undefined ? {} : { only, patienceMs: 200 };
  const verdicts = await runConformance({ ...options, restart, ...some });
  return Object.fromEntries(verdicts.map(({ name, outcome }) => [name, outcome]));
}

const failed = (outcomes: Record<string, string>): string[] =>
  Object.entries(outcomes).flatMap(([name, outcome]) => (outcome === 'pass' ? [] : [name]));

/** The requests of a relay, some of which are answered otherwise. */
function through(
  change: (request: Request, send: Send) => Promise<Response>,
  more: Parameters<typeof honest>[1] = {},
): Planted {
  const { send, restart } = honest(createMemoryRelayStore(), more);
  return { send: (request) => change(request, send), restart };
}

const isPush = ({ method, url }: Request): boolean => method === 'POST' && new URL(url).pathname.endsWith('/ops');
const isPage = ({ url }: Request): boolean => url.includes('/ops?from=');
const readdressed = async (request: Request, url: string): Promise<Request> => {
  const body = request.method === 'POST' ? await request.arrayBuffer() : null;
  return new Request(url, { method: request.method, headers: request.headers, body });
};

async function rewritten(response: Response, change: (body: Record<string, unknown>) => unknown): Promise<Response> {
  if (response.status !== 200) return response;
  const body = (await response.json()) as Record<string, unknown>;
  return new Response(JSON.stringify(await change(body)), {
    status: 200,
    headers: { 'content-type': 'application/json' },
  });
}

/** Every request goes to both; `reads` says which of the two answers what is asked. */
function twoFaced(
  isShown: (request: Request, pushes: number) => boolean,
  isForSecond: (pushes: number) => boolean,
): Planted {
  const [first, second] = [relayOver(createMemoryRelayStore()), relayOver(createMemoryRelayStore())];
  const pushesByBook = new Map<string, number>();
  return {
    async send(request) {
      const book = request.url.split('/')[5] ?? '';
      const pushes = (pushesByBook.get(book) ?? 0) + (isPush(request) ? 1 : 0);
      pushesByBook.set(book, pushes);
      if (request.method !== 'POST') return (isShown(request, pushes) ? second : first).fetch(request);
      const copy = request.clone();
      const answer = await first.fetch(request);
      if (isForSecond(pushes)) await second.fetch(copy);
      return answer;
    },
    restart: async () => undefined,
  };
}

/** Answers of success for commits that are on no disk yet: each becomes so with the next one. */
function lagging(): Planted {
  const [live, durable] = [createMemoryRelayStore(), createMemoryRelayStore()];
  const waiting: Parameters<RelayStore['append']>[0][] = [];
  let isRestarted = false;
  const store: RelayStore = {
    ...live,
    async append(batches) {
      await live.append(batches);
      waiting.push(batches);
      if (waiting.length > 1) await durable.append(waiting.shift() as (typeof waiting)[0]);
    },
  };
  const [before, after] = [relayOver(store), relayOver(durable)];
  return {
    send: (request) => (isRestarted ? after : before).fetch(request),
    restart: async () => void (isRestarted = true),
  };
}

function forgetful(): Planted {
  const store = createMemoryRelayStore();
  let appends = 0;
  // The third push of a book is answered and not kept.
  return honest({ ...store, append: (batches) => (++appends % 4 === 3 ? undefined : store.append(batches)) });
}

const logFaults: Readonly<Record<string, readonly [clause: string, plant: () => Planted]>> = {
  'drops an op': ['kept', forgetful],
  reorders: [
    'order',
    () =>
      through(async (request, send) => {
        const [, , , , , book, , scope] = request.url.split('/');
        const response = await send(request);
        if (!isPush(request)) return response;
        return rewritten(response, async (body) => {
          const results = body['results'] as { hash: never; position?: number }[];
          const [one, two] = results;
          if (one?.position === undefined || two?.position === undefined) return body;
          [one.position, two.position] = [two.position, one.position];
          const lines = results.flatMap(({ hash, position }) => (position === undefined ? [] : [{ hash, position }]));
          const origin = originOf(signer, book as BookId, decodeURIComponent(scope ?? '') as Scope);
          const { texts, note } = await signReceipts([encodeClaims(origin, lines)], signer, hasher);
          return { ...body, receipt: `${texts[0]}${note}` };
        });
      }),
  ],
  'double-grants': [
    'claims',
    () =>
      through(async (request, send) =>
        send(await readdressed(request, request.url.replace(/\/claims(?=\?|$)/, '/ops'))),
      ),
  ],
  forges: [
    'signature',
    () => {
      const relay = relayOver(createMemoryRelayStore(), { ed25519: { ...ed25519, verify: () => true } });
      return { send: (request) => relay.fetch(request), restart: async () => undefined };
    },
  ],
  equivocates: [
    'one-log',
    () => {
      let asked = 0;
      let isSecond = false;
      return twoFaced(
        (request) => {
          if (isPage(request) && request.url.endsWith('from=0')) isSecond = ++asked % 2 === 0;
          return isSecond;
        },
        (pushes) => pushes !== 3,
      );
    },
  ],
  truncates: [
    'pages',
    () =>
      through(async (request, send) => {
        const plain = new Request(request, { headers: { 'accept-encoding': 'identity' } });
        const response = await send(isPage(request) ? plain : request);
        if (!isPage(request) || response.status !== 200) return response;
        const { frames } = decodeBundle(new Uint8Array(await response.arrayBuffer()));
        const kept = frames.slice(0, Math.max(1, frames.length - 1)).map((bytes) => ({ bytes }));
        return new Response(encodeBundle(kept) as Uint8Array<ArrayBuffer>, { headers: response.headers });
      }),
  ],
  'acks before durable': ['durable', lagging],
  'leaks another book': [
    'apart',
    () => {
      let first: string | undefined;
      // One that lets everybody read: a signature would not be of the address that is asked in its place.
      const leak = async (request: Request, send: Send): Promise<Response> => {
        const book = request.url.split('/')[5] ?? '';
        first ??= book === '' ? undefined : book;
        return send(
          request.method === 'GET' && first !== undefined
            ? await readdressed(request, request.url.replace(book, first))
            : request,
        );
      };
      return through(leak, { reads: 'public' });
    },
  ],
  'accepts a revoked key': [
    'revoked',
    () =>
      through(async (request, send) => {
        const response = await send(request);
        if (!isPush(request)) return response;
        return rewritten(response, (body) => ({
          ...body,
          results: (body['results'] as { warnings?: unknown }[]).map(({ warnings: _, ...result }) => result),
        }));
      }),
  ],
  'rolls back': [
    'only-grows',
    () =>
      twoFaced(
        (_, pushes) => pushes > 4,
        (pushes) => pushes < 3,
      ),
  ],
};

const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code?: string }).code;
const isTail = ({ url }: Request): boolean => new URL(url).pathname.endsWith('/tail');
const without = (response: Response, header: string): Response => {
  const headers = new Headers(response.headers);
  headers.delete(header);
  return new Response(response.body, { status: response.status, headers });
};
/** The text of a tail with some of its events left out, or told otherwise. */
const retold = (response: Response, tell: (event: string) => string): Response => {
  const events = new TransformStream<string, string>({
    transform(text, controller) {
      const told = text.split('\n\n').filter((event) => event !== '');
      for (const event of told.map(tell)) if (event !== '') controller.enqueue(`${event}\n\n`);
    },
  });
  const body = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(events) as ReadableStream<string>;
  return new Response(body.pipeThrough(new TextEncoderStream()), response);
};
const answering = (change: (request: Request, response: Response) => Response | Promise<Response>): Planted =>
  through(async (request, send) => change(request, await send(request)));

/** Another verdict than the gate's. */
const judging = (verdict: string, said: string): Planted =>
  answering((request, response) =>
    isPush(request)
      ? rewritten(response, ({ results, ...body }) => ({
          ...body,
          results: (results as { verdict: string }[]).map((result) =>
            result.verdict === verdict ? { ...result, verdict: said } : result,
          ),
        }))
      : response,
  );

/** The results of every push, or claim, told otherwise. */
const telling = (tell: (result: PushResult) => PushResult): Planted =>
  answering((request, response) =>
    request.method === 'POST' && /\/(ops|claims)(\?|$)/.test(request.url)
      ? rewritten(response, (body) => ({ ...body, results: (body['results'] as PushResult[]).map(tell) }))
      : response,
  );

/** A relay that folds its roster from these ops of `hq`, each time anew. */
const folding = (isNoted: (verb: string) => boolean): Planted => {
  const store = createMemoryRelayStore();
  const scope = 'hq' as Scope;
  const noted: RelayStore = {
    ...store,
    async enrolments(book) {
      const { size = 0 } = (await store.log(book, scope)) ?? {};
      const records = (await store.records(book, scope, 0, size)).map((bytes) => openRecord(bytes, hasher));
      return records.flatMap((opened, position) =>
        opened.ok && isNoted(opened.value.op.verb)
          ? [{ bytes: opened.value.bytes, hash: opened.value.hash, isFork: false, position }]
          : [],
      );
    },
  };
  return { send: (request) => relayOver(noted).fetch(request), restart: async () => undefined };
};

/** What goes wrong at the door, in the order of the clauses that tell of it. */
const doorFaults: Readonly<Record<string, readonly [clause: string, plant: () => Planted]>> = {
  'speaks every version': [
    'versions',
    () => through(async (request, send) => send(await readdressed(request, request.url.replace(/\/v[2-9]\//, '/v1/')))),
  ],
  'keeps its headers from pages': [
    'origins',
    () => answering((_, response) => without(response, 'access-control-expose-headers')),
  ],
  'says another root at the known size': [
    'handshake',
    () =>
      answering((request, response) =>
        new URL(request.url).pathname.endsWith('/scopes')
          ? rewritten(response, (body) => ({
              ...body,
              scopes: (body['scopes'] as { rootAtKnown?: string }[]).map(({ rootAtKnown, ...rest }) =>
                rootAtKnown === undefined ? rest : { ...rest, rootAtKnown: 'ab'.repeat(32) },
              ),
            }))
          : response,
      ),
  ],
  'gives positions after another relay was appointed': [
    'epochs',
    () => {
      const store = createMemoryRelayStore();
      const deaf: RelayStore = {
        ...store,
        enrolments: async (book) => (await store.enrolments(book)).slice(0, 3),
      };
      return { send: (request) => relayOver(deaf).fetch(request), restart: async () => undefined };
    },
  ],
  'forgets which requests it has seen': [
    'signed',
    () => {
      const store = createMemoryRelayStore();
      return { send: (request) => relayOver(store).fetch(request), restart: async () => undefined };
    },
  ],
  'believes the clock of whoever asks': [
    'signed',
    () => {
      const store = createMemoryRelayStore();
      let relay = relayOver(store);
      return {
        send(request) {
          const created = /created=(\d+)/.exec(request.headers.get('signature-input') ?? '')?.[1];
          if (created !== undefined && Math.abs(Number(created) - Date.now() / 1000) > 60)
            relay = relayOver(store, { now: () => Number(created) * 1000 });
          return relay.fetch(request);
        },
        restart: async () => undefined,
      };
    },
  ],
  'lets a van read every branch': [
    'roles',
    () => {
      const store = createMemoryRelayStore();
      const chain = { seq: 1, hash: '' as never, forks: 0, late: 0 };
      const chains: RelayStore['chains'] = (book, scope, devices) =>
        Array.isArray(devices) ? new Map([[devices[0], chain]]) : store.chains(book, scope, devices);
      return honest({ ...store, chains });
    },
  ],
  'fails where it should put a claim into quarantine': [
    'revoked',
    () =>
      answering(async (request, response) => {
        if (!new URL(request.url).pathname.endsWith('/claims') || !response.ok) return response;
        const { results } = (await response.clone().json()) as { results: { verdict: string }[] };
        const isRefused = results.some(({ verdict }) => verdict === 'quarantined');
        return isRefused ? new Response('{"code":"relay/failed","message":""}', { status: 500 }) : response;
      }),
  ],
  'shows nothing to who is revoked': [
    'revoked-at',
    () => {
      const gone = new Set<string>();
      return answering(async (request, response) => {
        const device = /keyid="(\w+)"/.exec(request.headers.get('signature-input') ?? '')?.[1] ?? '';
        const { code } = response.status === 403 ? ((await response.clone().json()) as { code?: string }) : {};
        if (code === 'relay/revoked') gone.add(device);
        const body = JSON.stringify({ code: 'relay/revoked', message: '' });
        return gone.has(device) && response.ok ? new Response(body, { status: 403 }) : response;
      });
    },
  ],
  'tells a listener of sizes that it had told before': [
    'tail',
    () =>
      answering((request, response) =>
        isTail(request) ? retold(response, (event) => `${event}\n\n${event}`) : response,
      ),
  ],
  'tells a listener that comes back nothing of what it missed': [
    'tail',
    () =>
      answering((request, response) =>
        isTail(request) && request.headers.has('last-event-id') ? retold(response, () => ': beat') : response,
      ),
  ],
  'lets who is revoked listen on': [
    'tail-end',
    () =>
      answering((request, response) =>
        isTail(request) ? retold(response, (event) => event.replace(/^event: refused[^]*/, ': beat')) : response,
      ),
  ],
  'takes more than it says': [
    'limits',
    () =>
      answering((request, response) =>
        request.url.endsWith('/info')
          ? rewritten(response, (body) => ({ ...body, limits: { maxBatchOps: 10, maxBatchBytes: 70_000 } }))
          : response,
      ),
  ],
  'takes what is of another log': ['shapes', () => judging('misplaced', 'stored')],
  'waits for nothing that an op builds on': ['basis', () => judging('basis', 'stored')],
  'warns of nothing': [
    'warnings',
    () =>
      answering((request, response) =>
        isPush(request)
          ? rewritten(response, ({ results, ...body }) => ({
              ...body,
              results: (results as { warnings?: unknown }[]).map(({ warnings: _, ...result }) => result),
            }))
          : response,
      ),
  ],
  'takes a claim by whatever method': [
    'limits',
    () =>
      through(async (request, send) =>
        send(request.method === 'PUT' ? new Request(request, { method: 'POST' }) : request),
      ),
  ],
  'says another status than its code has': [
    'limits',
    () =>
      answering((_, response) => (response.status === 415 ? new Response(response.body, { status: 400 }) : response)),
  ],
  'tells of a standing what it told before': [
    'standing',
    () => {
      const told = new Map<string, string>();
      return answering(async (request, response) => {
        const book = request.url.split('/')[5] ?? '';
        if (!request.url.endsWith('/standing') || response.status !== 200) return response;
        told.set(book, told.get(book) ?? (await response.text()));
        return new Response(told.get(book));
      });
    },
  ],
  'counts the word of who is revoked': [
    'cosignatures',
    () => {
      const kept = new Map<string, string>();
      return answering(async (request, response) => {
        if (!request.url.endsWith('?cosigned=2')) return response;
        if (response.status === 200) kept.set(request.url, await response.clone().text());
        return kept.has(request.url) ? new Response(kept.get(request.url)) : response;
      });
    },
  ],
  'tells listeners of every log': [
    'tail-reach',
    () =>
      answering((request, response) =>
        isTail(request) ? retold(response, (event) => event.replace('"scope":"b/042"', '"scope":"b/043"')) : response,
      ),
  ],
  'goes on under the key that was given up': ['keys-in-force', () => folding((verb) => verb !== 'device.rotate@1')],
  'knows no last day': ['last-day', () => folding((verb) => verb !== 'day.open@1')],
  'lets in whom the losing branch of a fork lets in': ['branches', () => folding(() => true)],
  'tells whoever signed nothing who has a token': [
    'strangers',
    () => {
      const holder = { hash: 'ab'.repeat(32) as OpHash, device: 'ab'.repeat(32) as DeviceId, position: 0 };
      return telling((result) => (result.verdict === 'bad-signature' ? { ...result, holder } : result));
    },
  ],
  'tells a stranger how far a log reaches': [
    'strangers',
    () =>
      answering((request, response) =>
        isPush(request)
          ? rewritten(response, (body) => ({ ...body, size: body['size'] === 0 ? 3 : body['size'] }))
          : response,
      ),
  ],
  'tells a stranger the head of a chain': [
    'strangers',
    () =>
      telling((result) =>
        result.verdict === 'gap' ? { ...result, head: { seq: 0, hash: 'ab'.repeat(32) as OpHash } } : result,
      ),
  ],
  'says not when to ask again': ['rates', () => answering((_, response) => without(response, 'retry-after'))],
  'lets a till replace the keys of others': [
    'keys',
    // Of a text that is there, it does not know who put it.
    () => {
      const store = createMemoryRelayStore();
      const get: RelayStore['keys']['get'] = async (...asked) => {
        const kept = await store.keys.get(...asked);
        return kept && Object.defineProperty({ ...kept }, 'device', { value: undefined });
      };
      return honest({ ...store, keys: { ...store.keys, get } });
    },
  ],
  'keeps a body that nobody signed': [
    'keys',
    () => {
      const store = createMemoryRelayStore();
      const { send, restart } = honest(store);
      return {
        async send(request) {
          const { method, headers, url } = request;
          const text = method === 'PUT' ? await request.text() : '';
          const response = await send(method === 'PUT' ? new Request(url, { method, headers, body: text }) : request);
          if (response.status !== 400 || (await codeOf(response.clone())) !== 'relay/digest') return response;
          const [, , , , , book, , name = ''] = url.split('/');
          const key = { device: 'ab'.repeat(32) as never, text };
          await store.keys.put(book as BookId, name, key, Math.floor(Date.now() / 1000));
          return Response.json({ name });
        },
        restart,
      };
    },
  ],
  'keeps what it was told to forget': [
    'keys',
    () => {
      const store = createMemoryRelayStore();
      return honest({ ...store, keys: { ...store.keys, delete: () => true } });
    },
  ],
  'bounds no listener': [
    'rates',
    () => through((request, send) => send(request), { limits: { maxTailsPerDevice: 1_000 } }),
  ],
};

const faults = { ...logFaults, ...doorFaults };

describe('conformance', () => {
  it('holds of a relay over memory and over SQLite', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    const sqlite = createSqliteRelayStore(join(folder, 'relay.db'));
    try {
      for (const store of [createMemoryRelayStore(), sqlite]) {
        const outcomes = await run(honest(store));
        expect(failed(outcomes)).toEqual([]);
        expect(Object.keys(outcomes).length).toBeGreaterThanOrEqual(25);
      }
    } finally {
      await sqlite.close();
      rmSync(folder, { recursive: true });
    }
  });

  it.each(Object.keys(faults))('finds a relay that %s, and has no fault to find with the rest', async (name) => {
    const [clause, plant] = faults[name] as (typeof faults)[string];
    expect(await run(plant(), ['info', clause])).toEqual({ info: 'pass', [clause]: 'fail' });
  });

  it.each<[string, (response: Response) => Response]>([
    ['answers what is no JSON', () => new Response('<p>welcome</p>', { headers: { 'content-type': 'text/html' } })],
    [
      'hangs up',
      () => {
        throw new TypeError('fetch failed');
      },
    ],
  ])('goes on to its end at a relay that %s', async (_, broken) => {
    const names = ['reads', 'standing', 'shapes', 'tail', 'limits', 'keys'];
    const planted = answering((request, response) => (isPush(request) ? response : broken(response)));
    const onlyInfo = (request: Request): Promise<Response> =>
      request.url.endsWith('/info') ? relayOver(createMemoryRelayStore()).fetch(request) : planted.send(request);
    const verdicts = await run({ ...planted, send: onlyInfo }, names);
    expect(failed(verdicts)).toEqual(names);
  });
});
