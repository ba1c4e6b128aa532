// The client: splitting, retrying, giving up, and not trusting answers.
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRelayClient, type RelayClient, type RelayError, type RetryPolicy } from '../src/index.ts';
import { type Desk, openDesk } from './desk.ts';
import { createFleet, type Fleet, hq } from './fleet.ts';

type Handler = (request: Request, count: number) => Response | undefined | Promise<Response | undefined>;

let fleet: Fleet;
let desk: Desk;
let requests: Request[];

beforeEach(() => {
  fleet = createFleet();
  desk = openDesk({ limits: { maxBatchOps: 4 } });
  requests = [];
});

/** A client whose requests pass `handler` first; what it does not answer goes to the relay. */
function clientWith(handler: Handler, retry: RetryPolicy = {}, signal?: AbortSignal): RelayClient {
  const fetch = async (request: Request): Promise<Response> => {
    requests.push(request.clone());
    return (await handler(request, requests.length)) ?? desk.relay.fetch(request);
  };
  const options = { url: 'http://relay.test/', fetch, retry: { baseMs: 0, ...retry } };
  return createRelayClient(signal === undefined ? options : { ...options, signal });
}

const isPush = (request: Request): boolean => request.method === 'POST';

describe('a push by the client', () => {
  it('splits to the limits of the relay and gives one answer', async () => {
    const client = clientWith(() => undefined);
    const records = [fleet.genesis, ...fleet.root.writeMany(9)];
    const answer = await client.push(fleet.book, hq, records);
    expect(answer.results.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(answer.size).toBe(10);
    expect(answer.receipts).toHaveLength(3);
    expect(requests.filter(isPush)).toHaveLength(3);
    await client.push(fleet.book, hq, records.slice(0, 1));
    expect(requests.filter(({ url }) => url.endsWith('/v1/info'))).toHaveLength(1);
  });

  it('splits to bytes as well', async () => {
    const records = [fleet.genesis, ...fleet.root.writeMany(3)];
    const two = records.slice(0, 2).reduce((sum, { bytes }) => sum + bytes.length + 2, 0);
    desk = openDesk({ limits: { maxBatchBytes: two } });
    const client = clientWith(() => undefined);
    expect((await client.push(fleet.book, hq, records)).results.map(({ verdict }) => verdict)).toEqual(
      Array(4).fill('stored'),
    );
    expect(requests.filter(isPush).length).toBeGreaterThan(1);
  });

  it('asks for the limits again when they have shrunk', async () => {
    const client = clientWith(() => undefined);
    await client.push(fleet.book, hq, [fleet.genesis]);
    desk = openDesk({ store: desk.store, limits: { maxBatchOps: 2 } });
    const { results } = await client.push(fleet.book, hq, fleet.root.writeMany(4));
    expect(results.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  });

  it('packs what is worth it', async () => {
    const client = clientWith(() => undefined);
    await client.push(fleet.book, hq, [fleet.genesis, ...fleet.root.writeMany(3)]);
    const push = requests.find(isPush) as Request;
    expect(push.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(Buffer.from(await push.arrayBuffer())).length).toBeGreaterThan(1024);
  });

  it('of nothing asks how things stand', async () => {
    await desk.push(fleet.book, [fleet.genesis]);
    expect(await clientWith(() => undefined).push(fleet.book, hq, [])).toMatchObject({
      size: 1,
      receipts: [],
      results: [],
    });
  });
});

describe('trying again', () => {
  it('follows lost requests, lost answers, 5xx and 429, and stores once', async () => {
    const client = clientWith(async (request, count) => {
      if (!isPush(request)) return undefined;
      if (count === 2) throw new TypeError('connection reset');
      if (count === 3) return new Response('', { status: 502 });
      if (count === 4) {
        await desk.relay.fetch(request);
        throw new TypeError('connection lost after the commit');
      }
      return count === 5 ? new Response('', { status: 429 }) : undefined;
    });
    const { results } = await client.push(fleet.book, hq, [fleet.genesis]);
    expect(results).toMatchObject([{ verdict: 'exists', position: 0 }]);
    expect(requests).toHaveLength(6);
  });

  it('ends after the tries it was given', async () => {
    const client = clientWith(() => Promise.reject(new TypeError('no route')), { attempts: 3 });
    await expect(client.info()).rejects.toMatchObject({ code: 'relay/unreachable', cause: { message: 'no route' } });
    expect(requests).toHaveLength(3);
    const failing = clientWith(() => new Response('{}', { status: 500 }), { attempts: 2 });
    await expect(failing.info()).rejects.toMatchObject({ code: 'relay/refused', status: 500 });
    expect(requests).toHaveLength(5);
  });

  it('never follows a refusal', async () => {
    const client = clientWith(() => undefined);
    await expect(client.checkpoint(fleet.book, hq)).rejects.toMatchObject({ code: 'relay/unknown-book', status: 404 });
    expect(requests).toHaveLength(1);
  });

  it('waits a random part of a doubling time', async () => {
    const asked: number[] = [];
    const random = (): number => {
      asked.push(requests.length);
      return 0.5;
    };
    const started = performance.now();
    const client = clientWith((_, count) => (count < 4 ? new Response('', { status: 503 }) : undefined), {
      baseMs: 8,
      random,
    });
    await client.info();
    expect(asked).toEqual([1, 2, 3]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(4 + 8 + 16 - 3);
  });

  it('comes no sooner than Retry-After says, and not at that very moment', async () => {
    for (const [chance, atLeastMs] of [
      [0, 45],
      [0.99, 95],
    ] as const) {
      const busy = new Response('', { status: 503, headers: { 'retry-after': '0.05' } });
      const [first, started] = [requests.length + 1, performance.now()];
      const client = clientWith((_, count) => (count === first ? busy : undefined), {
        baseMs: 1,
        random: () => chance,
      });
      await client.info();
      expect(performance.now() - started).toBeGreaterThanOrEqual(atLeastMs);
    }
  });

  it('hands on what Retry-After says where it tries no more, up to its own longest wait', async () => {
    for (const [says, seconds] of [
      ['7', 7],
      ['86400', 30],
      ['soon', undefined],
    ] as const) {
      const client = clientWith(() => new Response('', { status: 429, headers: { 'retry-after': says } }), {
        attempts: 1,
      });
      const refusal = await client.info().catch((error: unknown) => error);
      expect((refusal as RelayError).details.retryAfterSeconds).toBe(seconds);
    }
  });

  it('ends when the caller gives up: before, while waiting, and while asking', async () => {
    const gone = clientWith(() => undefined, {}, AbortSignal.abort());
    await expect(gone.info()).rejects.toMatchObject({ code: 'relay/aborted' });
    expect(requests).toHaveLength(0);

    const waiting = new AbortController();
    const busy = clientWith(
      () => {
        queueMicrotask(() => setImmediate(() => waiting.abort()));
        return new Response('', { status: 503 });
      },
      { baseMs: 1_000_000, random: () => 1 },
      waiting.signal,
    );
    await expect(busy.info()).rejects.toMatchObject({ code: 'relay/aborted' });

    const asking = new AbortController();
    const silent = clientWith(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          asking.abort();
        }),
      {},
      asking.signal,
    );
    await expect(silent.info()).rejects.toMatchObject({ code: 'relay/aborted' });
  });

  it('gives every try a deadline', async () => {
    const never: Handler = ({ signal }, count) =>
      count === 1
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        : undefined;
    expect((await clientWith(never, { timeoutMs: 250 }).info()).protocols).toEqual({ from: 1, to: 1 });
    expect(requests).toHaveLength(2);
  });
});

describe('an answer', () => {
  it('that is not as specified is not believed', async () => {
    const results = [{ hash: fleet.genesis.hash, verdict: 'stored', position: 0 }];
    const good = { size: 1, checkpoint: '', receipt: '', results };
    const push = (client: RelayClient): Promise<unknown> => client.push(fleet.book, hq, [fleet.genesis]);
    const limits = { maxBatchOps: 1, maxBatchBytes: 1 };
    const info = { protocols: { from: 1, to: 2 }, name: 'x', vkey: 'x', reads: 'public', limits };
    const answers: [unknown, (client: RelayClient) => Promise<unknown>][] = [
      ['not json', push],
      [{ ...good, size: -1 }, push],
      [{ ...good, results: [] }, push],
      [{ ...good, results: [{ ...results[0], hash: 'ab'.repeat(32) }] }, push],
      [{ ...good, results: [{ ...results[0], verdict: 'fine' }] }, push],
      [{ ...good, results: [{ hash: fleet.genesis.hash, verdict: 'stored' }] }, push],
      [{ ...good, results: [{ ...results[0], position: 0.5 }] }, push],
      [{ ...good, results: [{ ...results[0], verdict: 'gap', head: { seq: 1 } }] }, push],
      [{ protocol: 1 }, (client) => client.info()],
      [{ ...info, reads: 'all' }, (client) => client.info()],
      [{ ...info, limits: { maxBatchOps: 0, maxBatchBytes: 1 } }, (client) => client.info()],
      [{ epoch: 0, scopes: [{ scope: 'HQ', size: 1 }] }, (client) => client.scopes(fleet.book)],
      [{ epoch: -1, scopes: [] }, (client) => client.scopes(fleet.book)],
      [{ proof: ['xyz'] }, (client) => client.consistency(fleet.book, hq, 1, 2)],
      [{ proof: Array(200).fill('ab'.repeat(32)) }, (client) => client.inclusion(fleet.book, hq, 1, 2)],
      ['no page', (client) => client.pull(fleet.book, hq, 0)],
    ];
    for (const [answer, call] of answers) {
      const client = clientWith((request) => {
        if (request.url.endsWith('/v1/info') && call === push) return undefined;
        return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
      await expect(call(client), JSON.stringify(answer)).rejects.toMatchObject({ code: 'relay/bad-answer' });
    }
    const honest = clientWith((request) => (isPush(request) ? Response.json(good) : undefined));
    expect(await push(honest)).toMatchObject({ size: 1, results });
  });

  it('with a code of its own invention is `relay/refused`', async () => {
    const client = clientWith(() => Response.json({ code: 'relay/inconsistent', message: 'x' }, { status: 409 }));
    await expect(client.info()).rejects.toMatchObject({ code: 'relay/refused', status: 409 });
  });

  it('without end is cut off', async () => {
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) });
    const client = clientWith(() => new Response(endless));
    await expect(client.info()).rejects.toMatchObject({ code: 'relay/bad-answer' });
  });
});
