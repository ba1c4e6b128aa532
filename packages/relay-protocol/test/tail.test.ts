// The live tail: who listens hears of every log that it may read, in whatever state the line is.
import type { Scope } from '@tallystick/oplog';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createEventStream } from '../src/event-stream.ts';
import { relayIdOf, signReads } from '../src/index.ts';
import type { Reader, RelayClient } from '../src/index.ts';
import { signedHeaders } from '../src/request-signature.ts';
import { clientOf, type Desk, get, openDesk } from './desk.ts';
import { branch, createFleet, hasher, hq, relaySigner, type Writer } from './fleet.ts';

const desks: Desk[] = [];
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.relay.close();
});

function open(options: Parameters<typeof openDesk>[0] = {}): Desk {
  const desk = openDesk(options);
  desks.push(desk);
  return desk;
}

const readerOf = ({ key }: Writer): Reader => ({
  device: key.device,
  sign: (message) => key.sign(message),
  relay: relayIdOf(relaySigner(), hasher),
});

interface Line {
  /** What comes up to the next event or comment, which ends in an empty line. */
  next(): Promise<string>;
  hangUp(): Promise<void>;
}

async function listen(desk: Desk, path: string, headers: Record<string, string> = {}): Promise<Line> {
  const response = await get(desk, path, headers);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  return {
    async next() {
      while (!text.includes('\n\n')) {
        const { value, done } = await reader.read();
        if (done) return 'end';
        text += new TextDecoder().decode(value);
      }
      const event = text.slice(0, text.indexOf('\n\n'));
      text = text.slice(event.length + 2);
      return event;
    },
    hangUp: () => reader.cancel(),
  };
}

async function listenAs(desk: Desk, path: string, writer: Writer): Promise<Line> {
  return listen(desk, path, await signedHeaders(`http://relay.test${path}`, readerOf(writer), Date.now()));
}

const dataOf = (event: string): unknown => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '{}');

describe('a tail', () => {
  it('tells where the logs stand, then of each that grows, and goes on after the last event heard', async () => {
    const desk = open();
    const fleet = createFleet();
    const { writer, enrolment } = fleet.enrol('till', 'till', fleet.root, branch);
    await desk.push(fleet.book, [fleet.genesis]);
    await desk.push(fleet.book, [enrolment], branch);
    const path = `/v1/books/${fleet.book}/tail`;
    const line = await listen(desk, `${path}?known=1:hq`);
    expect(await line.next()).toBe('retry: 2000');
    expect(dataOf(await line.next())).toEqual({ scope: branch, size: 1 });
    await desk.push(fleet.book, [writer.write({ scope: branch })], branch);
    const heard = await line.next();
    expect(heard).toMatch(/^id: [0-9a-f-]{18}\.\d+\nevent: log\ndata: /);
    expect(dataOf(heard)).toEqual({ scope: branch, size: 2 });
    const id = /^id: (.*)$/m.exec(heard)?.[1] ?? '';
    await desk.push(fleet.book, [fleet.root.write()]);
    const again = await listen(desk, path, { 'last-event-id': id });
    expect([await again.next(), dataOf(await again.next())]).toEqual(['retry: 2000', { scope: hq, size: 2 }]);
    for (const one of [line, again]) await one.hangUp();
    // After a restart, or when nobody listened meanwhile, ids mean nothing: everything is told.
    const later = await listen(desk, path, { 'last-event-id': id });
    await later.next();
    expect([dataOf(await later.next()), dataOf(await later.next())]).toEqual([
      { scope: branch, size: 2 },
      { scope: hq, size: 2 },
    ]);
  });

  it('says nothing when a log grows that its reader may not read', async () => {
    const desk = open({ reads: 'devices' });
    const fleet = createFleet();
    const { writer, enrolment } = fleet.enrol('phone', 'customer');
    await desk.push(fleet.book, [fleet.genesis, enrolment]);
    const path = `/v1/books/${fleet.book}/tail?known=2:hq`;
    const [line, other] = [await listenAs(desk, path, writer), await listenAs(desk, path, fleet.root)];
    for (const each of [line, other]) expect(await each.next()).toBe('retry: 2000');
    const heard = line.next();
    await desk.push(fleet.book, [fleet.root.write({ scope: branch })], branch);
    expect(dataOf(await other.next())).toEqual({ scope: branch, size: 1 });
    await desk.push(fleet.book, [fleet.root.write()]);
    expect(dataOf(await heard)).toEqual({ scope: hq, size: 3 });
    for (const each of [line, other]) await each.hangUp();
  });

  it('counts in the ids of its events nothing that their reader may not read', async () => {
    const clock = vi.spyOn(performance, 'now');
    const desk = open({ reads: 'devices' });
    const fleet = createFleet();
    const { writer, enrolment } = fleet.enrol('phone', 'customer');
    await desk.push(fleet.book, [fleet.genesis, enrolment]);
    const line = await listenAs(desk, `/v1/books/${fleet.book}/tail?known=2:hq`, writer);
    await line.next();
    const start = Math.ceil(performance.now()) + 1_000;
    const ids: string[] = [];
    for (const [nowMs, unseen] of [
      [start, 0],
      [start + 1, 7],
      [start + 2, 0],
    ] as const) {
      clock.mockReturnValue(nowMs);
      for (const record of fleet.root.writeMany(unseen, { scope: branch }))
        await desk.push(fleet.book, [record], branch);
      if (unseen === 0) await desk.push(fleet.book, [fleet.root.write()]);
      if (unseen === 0) ids.push(/^id: .*\.(\d+)$/m.exec(await line.next())?.[1] ?? '');
    }
    expect(ids.map(Number)).toEqual([start * 1_000, (start + 2) * 1_000]);
    clock.mockRestore();
    await line.hangUp();
  });

  it('is the same, ids included, for a stranger to scopes of which one grew or many, between its events and before them', async () => {
    const uuid = vi.spyOn(crypto, 'randomUUID').mockReturnValue('00000000-0000-4000-8000-000000000000');
    const heard: string[][] = [];
    try {
      for (const hidden of [['b/1'], ['a/1', 'b/1', 'b/2', 'b/3', 'z/9']] as Scope[][]) {
        // Looks come when this says so, at a time of its own.
        vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
        const desk = open({ reads: 'devices', limits: { tailLookMs: 1_000 } });
        const fleet = createFleet();
        const { writer, enrolment } = fleet.enrol('phone', 'customer', fleet.root, branch);
        await desk.push(fleet.book, [fleet.genesis]);
        await desk.push(fleet.book, [enrolment], branch);
        // Another front end on the store: what it takes is found by looking, all at once.
        const other = open({ reads: 'devices', store: desk.store });
        const grow = async (scopes: readonly Scope[]): Promise<void> => {
          for (const scope of scopes) await other.push(fleet.book, [fleet.root.write({ scope })], scope);
        };
        await grow(hidden);
        const line = await listenAs(desk, `/v1/books/${fleet.book}/tail`, writer);
        const told = [await line.next(), await line.next(), await line.next()];
        await grow([...hidden, branch, hq]);
        await vi.advanceTimersByTimeAsync(1_000);
        told.push(await line.next(), await line.next());
        heard.push(told);
        await line.hangUp();
        vi.useRealTimers();
      }
    } finally {
      vi.useRealTimers();
      uuid.mockRestore();
    }
    expect(heard[0]?.filter((event) => event.startsWith('id: '))).toHaveLength(2);
    expect(heard[1]).toEqual(heard[0]);
  });

  it('counts in the ids of its events nothing of other books', async () => {
    const desk = open();
    const fleets = [createFleet('one'), createFleet('two')] as const;
    for (const { book, genesis } of fleets) await desk.push(book, [genesis]);
    const heard: string[] = [];
    for (const { book } of [...fleets, ...fleets]) {
      const line = await listen(desk, `/v1/books/${book}/tail`);
      await line.next();
      heard.push(/^id: ([0-9a-f]{8})/m.exec(await line.next())?.[1] ?? '');
      await line.hangUp();
    }
    // Each time it is listened to anew, a book has ids that nothing orders.
    expect(new Set(heard).size).toBe(heard.length);
  });

  it('beats as long after what was said last, whatever grows meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      let waiting = 0;
      const stream = createEventStream({ tailBeatMs: 1_000, tailLifeMs: 60_000 }, () => undefined);
      const next = async (): Promise<string> => ((waiting = 0), '');
      const reader = stream.body({ isEmpty: () => waiting === 0, next }).getReader();
      const heard: string[] = [];
      const read = async (): Promise<void> => void heard.push(new TextDecoder().decode((await reader.read()).value));
      await read();
      const beat = read();
      for (const passMs of [300, 300, 399]) {
        await vi.advanceTimersByTimeAsync(passMs);
        waiting += 1;
        stream.wake();
      }
      await vi.advanceTimersByTimeAsync(0);
      expect(heard).toEqual(['retry: 2000\n\n']);
      await vi.advanceTimersByTimeAsync(1);
      await beat;
      expect(heard.at(-1)).toBe(': beat\n\n');
      stream.end();
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps one size a scope for who does not listen, beats for who does, and ends with the relay', async () => {
    const desk = open({ limits: { tailBeatMs: 20 } });
    const fleet = createFleet();
    await desk.push(fleet.book, [fleet.genesis]);
    const line = await listen(desk, `/v1/books/${fleet.book}/tail`);
    for (const record of fleet.root.writeMany(30)) await desk.push(fleet.book, [record]);
    const sizes: unknown[] = [];
    for (let event = await line.next(); event !== ': beat'; event = await line.next()) sizes.push(dataOf(event));
    // One may have been on its way already.
    expect(sizes.length).toBeLessThan(4);
    expect(sizes.at(-1)).toEqual({ scope: hq, size: 31 });
    desk.relay.endTails();
    let last = '';
    while (last !== 'end') last = await line.next();
  });

  it('is for those who may read, ends when they may not, and is bounded for each', async () => {
    const desk = open({ reads: 'devices', limits: { maxTailsPerDevice: 2, maxTailsPerBook: 3 } });
    const fleet = createFleet();
    const till = fleet.enrol('till');
    const other = 'b/007' as Scope;
    await desk.push(fleet.book, [fleet.genesis, till.enrolment]);
    await desk.push(fleet.book, [fleet.root.write({ scope: other })], other);
    const asTill = signReads(clientOf(desk.relay), [readerOf(till.writer)]);
    const asRoot = signReads(clientOf(desk.relay, { retry: { attempts: 1 } }), [readerOf(fleet.root)]);
    await expect(clientOf(desk.relay).tail(fleet.book, [])).rejects.toMatchObject({ code: 'relay/unsigned' });
    const first = await asTill.tail(fleet.book, []);
    expect((await first.next()).value).toEqual({ scope: hq, size: 2 });
    const own = [await asRoot.tail(fleet.book, []), await asRoot.tail(fleet.book, [])] as const;
    for (const one of own) expect((await one.next()).value).toMatchObject({ scope: other });
    await expect(asRoot.tail(fleet.book, [])).rejects.toMatchObject({ code: 'relay/rate', status: 429 });
    await own[0].return();
    const args = { device: till.writer.key.device, reason: 'stolen' };
    const revoked = first.next();
    await desk.push(fleet.book, [fleet.root.write({ verb: 'device.revoke@1', args })]);
    await expect(revoked).rejects.toMatchObject({ code: 'relay/revoked' });
    await own[1].return();
  });

  it('of a relay that falls silent, or says what is no event, is given up', async () => {
    const said = (text: string): RelayClient =>
      clientOf({
        ...open().relay,
        fetch: async () =>
          new Response(
            new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(text)) }),
          ),
      });
    const book = createFleet().book;
    const silent = await said('retry: 5\n\n').tail(book, [], { silenceMs: 20 });
    await expect(silent.next()).rejects.toMatchObject({ code: 'relay/unreachable' });
    for (const text of ['event: log\ndata: {"scope":"HQ","size":1}\n\n', 'event: log\ndata: {\n\n', 'x'.repeat(70_000)])
      await expect((await said(text).tail(book, [])).next()).rejects.toMatchObject({ code: 'relay/bad-answer' });
    const known = await said(
      ': x\n\nevent: other\ndata: 1\n\nid: a.1\r\nevent: log\r\ndata: {"scope":"hq","size":1}\r\n\r\n',
    ).tail(book, []);
    expect((await known.next()).value).toEqual({ scope: hq, size: 1 });
  });

  it('ends with the signal, also where the connection does not hear of it', async () => {
    const stop = new AbortController();
    let isCancelled = false;
    // As a fetch does whose request was collected while its answer goes on.
    const fetch = async (): Promise<Response> =>
      new Response(new ReadableStream({ cancel: () => void (isCancelled = true) }));
    const client = clientOf(open().relay, { fetch, signal: stop.signal });
    const next = (await client.tail(createFleet().book, [])).next();
    stop.abort();
    expect([await next, isCancelled]).toEqual([{ done: true, value: undefined }, true]);
  });

  it('reaches a thousand listeners', async () => {
    const desk = open();
    const fleet = createFleet();
    await desk.push(fleet.book, [fleet.genesis]);
    const path = `/v1/books/${fleet.book}/tail?known=1:hq`;
    const lines = await Promise.all(Array.from({ length: 1_000 }, () => listen(desk, path)));
    await Promise.all(lines.map((line) => line.next()));
    const heard = Promise.all(lines.map(async (line) => dataOf(await line.next())));
    await desk.push(fleet.book, [fleet.root.write()]);
    expect(new Set((await heard).map((data) => JSON.stringify(data)))).toEqual(new Set(['{"scope":"hq","size":2}']));
  });
});
