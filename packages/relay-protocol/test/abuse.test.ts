// Who floods, forges or fumbles gets a bounded answer, and the others are served all the same.
import type { BookId, OpRecord } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { describe, expect, it } from 'vitest';
import type { BatchAnswer } from '../src/replies.ts';
import { relayIdOf, signReads } from '../src/index.ts';
import type { RelayClient, RelayStore } from '../src/index.ts';
import { createMemoryRelayStore } from '../src/index.ts';
import { clientOf, type Desk, get, openDesk, post } from './desk.ts';
import { createFleet, forge, hasher, hq, relaySigner, type Writer } from './fleet.ts';

const startMs = 1_764_500_000_000;

function asDevice(desk: Desk, { key }: Writer, now?: () => number): RelayClient {
  const reader = { device: key.device, sign: key.sign, relay: relayIdOf(relaySigner(), hasher) };
  return signReads(clientOf(desk.relay, { retry: { attempts: 1 }, ...(now === undefined ? {} : { now }) }), [reader]);
}

describe('a flood of one device', () => {
  it('of reads waits by itself', async () => {
    let nowMs = startMs;
    const now = (): number => nowMs;
    const desk = openDesk({ reads: 'devices', now, limits: { readsPerSecond: 2, readBurst: 5 } });
    const fleet = createFleet();
    const till = fleet.enrol('till');
    await desk.push(fleet.book, [fleet.genesis, till.enrolment]);
    const flooding = asDevice(desk, till.writer, now);
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => flooding.pull(fleet.book, hq, 0)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(answers.at(-1)).toMatchObject({ reason: { code: 'relay/rate', status: 429 } });
    expect((await asDevice(desk, fleet.root, now).pull(fleet.book, hq, 0)).size).toBe(2);
    nowMs += 1_000;
    for (const status of ['fulfilled', 'fulfilled', 'rejected'])
      expect((await Promise.allSettled([flooding.pull(fleet.book, hq, 0)]))[0]?.status).toBe(status);
  });

  it('of ops waits by itself, and a forger cannot use up the share of another', async () => {
    let nowMs = startMs;
    const desk = openDesk({ now: () => nowMs, limits: { opsPerSecond: 10, opBurst: 20 } });
    const fleet = createFleet();
    const till = fleet.enrol('till');
    const other = fleet.enrol('other');
    await desk.push(fleet.book, [fleet.genesis, till.enrolment, other.enrolment]);
    const ops = other.writer.writeMany(2);
    for (let round = 0; round < 30; round++) await post(desk, fleet.book, ops.map(forge));
    await desk.push(fleet.book, till.writer.writeMany(25));
    const next = till.writer.writeMany(1);
    const refused = await post(desk, fleet.book, next);
    expect([refused.status, refused.json['code'], refused.headers.get('retry-after')]).toEqual([
      429,
      'relay/rate',
      '1',
    ]);
    // Together with somebody else's it is taken: nobody's op waits for another's fault.
    expect((await desk.push(fleet.book, [...ops, ...next])).results.map(({ verdict }) => verdict)).toEqual(
      Array(3).fill('stored'),
    );
    nowMs += 1_000;
    expect((await post(desk, fleet.book, till.writer.writeMany(1))).status).toBe(200);
  });

  it('to one book leaves a place to the others', async () => {
    const memory = createMemoryRelayStore();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    const busy = createFleet('busy');
    const store: RelayStore = {
      ...memory,
      async append(batches) {
        if (isHeld && batches.some(({ book }) => book === busy.book)) await held;
        return memory.append(batches);
      },
    };
    const desk = openDesk({ store, limits: { maxPushesInFlight: 8, maxPushesPerBook: 4 } });
    await desk.push(busy.book, [busy.genesis]);
    isHeld = true;
    const flood = busy.root.writeMany(12).map((op) => post(desk, busy.book, [op]));
    const other = createFleet('other');
    const opening = post(desk, other.book, [other.genesis]);
    const early = await Promise.race(flood);
    expect([early.status, early.json['code']]).toEqual([503, 'relay/busy']);
    release();
    expect((await opening).json['results']).toMatchObject([{ verdict: 'stored' }]);
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(4);
  });
});

describe('a push of a stranger', () => {
  it('says nothing of the log, where one of its devices hears how it stands', async () => {
    const desk = openDesk({ reads: 'devices' });
    const fleet = createFleet();
    await desk.push(fleet.book, [fleet.genesis]);
    const [, ...gap] = fleet.root.writeMany(3);
    const ask = async (records: readonly OpRecord[]): Promise<unknown> => {
      const body = encodeBundle(records) as Uint8Array<ArrayBuffer>;
      const url = `http://relay.test/v1/books/${fleet.book}/scopes/hq/ops?checkpoint`;
      const answer = await desk.relay.fetch(new Request(url, { method: 'POST', body }));
      const { size, checkpoint, results } = (await answer.json()) as BatchAnswer;
      return [size, checkpoint !== '', results.map(({ verdict, head }) => [verdict, head?.seq])];
    };
    expect(await ask([])).toEqual([0, false, []]);
    expect(await ask(gap.map(forge))).toEqual([
      0,
      false,
      [
        ['gap', undefined],
        ['gap', undefined],
      ],
    ]);
    expect(await ask(gap)).toEqual([
      1,
      true,
      [
        ['gap', 1],
        ['gap', 1],
      ],
    ]);
    expect(await ask([fleet.genesis])).toEqual([1, true, [['exists', undefined]]]);
  });
});

describe('a body that stops half way', () => {
  const genesis = encodeBundle([createFleet().genesis]);
  /** A push of which `sent` has come and the rest never will. `read` resolves once the relay has that and asks for more. */
  function stall(
    desk: Desk,
    sent: Uint8Array,
  ): { answer: Promise<Response>; read: Promise<void>; isCancelled: () => boolean } {
    let cancelled = false;
    const read = Promise.withResolvers<void>();
    const chunks = [sent];
    // It holds nothing ready: what is pulled was waited for.
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const chunk = chunks.shift();
          if (chunk !== undefined) return controller.enqueue(chunk);
          read.resolve();
          return new Promise<never>(() => undefined);
        },
        cancel: () => void (cancelled = true),
      },
      { highWaterMark: 0 },
    );
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const url = `http://relay.test/v1/books/${'a'.repeat(64)}/scopes/hq/ops`;
    return { answer: desk.relay.fetch(new Request(url, init)), read: read.promise, isCancelled: () => cancelled };
  }

  it('takes no place from pushes that are here, and gives way to the next body', async () => {
    const desk = openDesk({ limits: { maxReceiving: 2, maxPushesInFlight: 1 } });
    const fleet = createFleet();
    const longest = stall(desk, genesis.subarray(0, 10));
    const goesOn = stall(desk, genesis.subarray(0, 10));
    await Promise.all([longest.read, goesOn.read]);
    expect((await post(desk, fleet.book, [fleet.genesis])).status).toBe(200);
    expect((await longest.answer).status).toBe(503);
    expect([longest.isCancelled(), goesOn.isCancelled()]).toEqual([true, false]);
  });

  it('gives back its bytes when others need them', async () => {
    const desk = openDesk({ limits: { maxBytesInFlight: 100_000 } });
    const fleet = createFleet();
    const silent = stall(desk, new Uint8Array(0));
    const hoards = [1, 2].map(() => stall(desk, new Uint8Array(49_900)));
    await Promise.all([silent, ...hoards].map(({ read }) => read));
    expect((await post(desk, fleet.book, [fleet.genesis])).status).toBe(200);
    expect((await hoards[0]?.answer)?.status).toBe(503);
    // One was enough, and who holds nothing was none to drop.
    expect([hoards[1]?.isCancelled(), silent.isCancelled()]).toEqual([false, false]);
  });
});

describe('hostile text', () => {
  it('in paths, parameters and headers is refused with a code, and changes nothing', async () => {
    const desk = openDesk({ reads: 'devices' });
    const fleet = createFleet();
    await desk.push(fleet.book, [fleet.genesis]);
    const nasty = [
      "' OR 1=1 --",
      "hq'; DROP TABLE entries; --",
      "\"; ATTACH DATABASE 'x' AS y; --",
      '..%2f..%2fetc%2fpasswd',
      '%00',
      '__proto__',
      'constructor',
      '\u202e',
      '1e3',
      '-1',
      '0x10',
      '9'.repeat(400),
      'a'.repeat(5_000),
      '%ff%fe',
      '{"$ne":null}',
    ];
    for (const text of nasty) {
      const coded = encodeURIComponent(text);
      for (const path of [
        `/v1/books/${coded}/scopes`,
        `/v1/books/${fleet.book}/scopes/${coded}/ops?from=0`,
        `/v1/books/${fleet.book}/scopes/hq/ops?from=${coded}`,
        `/v1/books/${fleet.book}/scopes?known=${coded}`,
        `/v1/books/${fleet.book}/tail?known=1:${coded}`,
        `/v1/books/${fleet.book}/scopes/hq/tile/${coded}/000`,
        `/v1/books/${fleet.book}/scopes/hq/cosignatures/${coded}`,
        `/v1/${coded}`,
      ]) {
        const { status } = await get(desk, path);
        expect([400, 401, 404, 405], path).toContain(status);
      }
      const ascii = /^[\u0020-\u007e]*$/.test(text) ? text : coded;
      for (const name of ['signature', 'signature-input', 'tallystick-relay', 'last-event-id', 'content-encoding']) {
        const answer = await get(desk, `/v1/books/${fleet.book}/scopes`, { [name]: ascii });
        expect(answer.status, `${name}: ${ascii.slice(0, 50)}`).toBe(401);
      }
    }
    const { frames } = await asDevice(desk, fleet.root).pull(fleet.book, hq, 0);
    expect(frames).toEqual([fleet.genesis.bytes]);
  });

  it('in ops is stored as it is and harms nobody', async () => {
    const desk = openDesk({ reads: 'devices' });
    const fleet = createFleet("Robert'); DROP TABLE logs;--");
    const note = "x'); DELETE FROM entries; --\u0000";
    await desk.push(fleet.book, [fleet.genesis, fleet.root.write({ args: { note, ['__proto__']: note } })]);
    const { frames } = await asDevice(desk, fleet.root).pull(fleet.book, hq, 0);
    expect(frames).toHaveLength(2);
  });

  it('signed for one book is nothing in another, be its device enrolled in both', async () => {
    const desk = openDesk({ reads: 'devices' });
    const [one, two] = [createFleet('one'), createFleet('two')];
    await desk.push(one.book, [one.genesis]);
    await desk.push(two.book, [two.genesis]);
    const theirs = asDevice(desk, one.root);
    await expect(theirs.pull(two.book, hq, 0)).rejects.toMatchObject({ code: 'relay/not-enrolled' });
    const moved = one.root.write();
    expect((await post(desk, two.book, [moved])).json['results']).toMatchObject([{ verdict: 'unknown-device' }]);
    expect((await post(desk, 'f'.repeat(64) as BookId, encodeBundle([moved]))).json['code']).toBe('relay/unknown-book');
  });
});
