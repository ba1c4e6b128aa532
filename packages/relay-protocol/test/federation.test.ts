// A relay that follows another one: what it serves, what it keeps while that is away, and what becomes of it.
import { type BookId, type OpHash, parseScope, type RootHash, type Scope, trustedRecord } from '@tallystick/oplog';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { follow, followAll } from './desk.ts';
import type { Outbox } from '../src/federation.ts';
import { createRelayClient } from '../src/index.ts';
import { type Federation, openBehind, openFederation, readerOf } from './federation-desk.ts';
import { branch as shop, forge, hq } from './fleet.ts';

/** A shop with two tills, known at home and followed. */
async function openShop(...options: Parameters<typeof openFederation>) {
  const federation = await openFederation(...options);
  const { home, fleet, branch } = federation;
  const tills = ['till 1', 'till 2'].map((name) => fleet.enrol(name, 'till', fleet.root, shop));
  await home.push(
    fleet.book,
    tills.map(({ enrolment }) => enrolment),
    shop,
  );
  await branch.link.exchange();
  const [one, two] = tills.map(({ writer }) => writer) as [(typeof tills)[0]['writer'], (typeof tills)[0]['writer']];
  return { ...federation, one, two };
}

const hashesAtHome = async ({ home, fleet }: Pick<Federation, 'home' | 'fleet'>): Promise<string[]> =>
  (await home.store.records(fleet.book, shop, 0, 10_000)).map((bytes) => trustedRecordOf(bytes));

/** The record's place in the log, by its id. */
function trustedRecordOf(bytes: Uint8Array): string {
  return trustedRecord(bytes, '' as never).op.id;
}

describe('a relay that follows another one', () => {
  it('serves the log under the notes of the home relay, and never its own', async () => {
    const { home, fleet, branch, as, one } = await openShop();
    await home.push(fleet.book, one.writeMany(3, { scope: shop }), shop);
    await branch.link.exchange();
    expect(await branch.client.info()).toMatchObject({
      name: 'relay.test',
      vkey: home.relay.vkey,
      mirror: 'branch.test',
    });
    const near = await followAll(follow(as(one), fleet.book, shop));
    expect(near.tip).toMatchObject({ size: 5, note: await as(one, home.client).checkpoint(fleet.book, shop) });
    // Whoever it was that let a device in: the mirror asks the same of its readers as the home relay.
    await expect(branch.client.pull(fleet.book, shop, 0)).rejects.toMatchObject({ code: 'relay/unsigned' });
    await expect(as(fleet.stranger('nobody')).pull(fleet.book, shop, 0)).rejects.toMatchObject({
      code: 'relay/not-enrolled',
    });
    expect((await branch.link.status()).books).toMatchObject([{ gapOps: 0, waiting: 0, unverified: 0, findings: [] }]);
  });

  it('hands on what is pushed, with the receipt of the home relay', async () => {
    const { home, fleet, branch, one } = await openShop();
    const answer = await branch.client.push(fleet.book, shop, one.writeMany(2, { scope: shop }));
    expect(answer.results).toMatchObject([
      { verdict: 'stored', position: 2 },
      { verdict: 'stored', position: 3 },
    ]);
    expect(answer.receipts).toHaveLength(1);
    expect((await home.store.log(fleet.book, shop))?.size).toBe(4);
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 0 });
  });

  it('says that it lags, and not that the relay forgot', async () => {
    const { home, fleet, line, as, one } = await openShop();
    await home.push(fleet.book, one.writeMany(3, { scope: shop }), shop);
    const { tip } = await followAll(follow(as(one, home.client), fleet.book, shop));
    line.state = 'cut';
    await expect(follow(as(one), fleet.book, shop, tip).next()).rejects.toMatchObject({ code: 'relay/mirror-behind' });
    const { scopes } = await as(one).handshake(fleet.book, [{ scope: shop, size: tip.size }]);
    expect(scopes.map(({ scope }) => scope)).toEqual([hq]);
  });

  it('keeps what it is handed while the home relay is away, shows it to others, and hands it on in its order', async () => {
    const { fleet, line, branch, as, one, two, home, another } = await openShop();
    // The last op that the home relay took is here too, though nobody has followed it yet.
    const before = one.write({ scope: shop });
    await branch.client.push(fleet.book, shop, [before]);
    line.state = 'cut';
    const first = one.writeMany(2, { scope: shop });
    const answer = await branch.client.push(fleet.book, shop, first);
    expect(answer).toMatchObject({ size: 0, checkpoint: '', receipts: [] });
    expect(answer.results.map(({ verdict, position }) => [verdict, position])).toEqual([
      ['kept', undefined],
      ['kept', undefined],
    ]);
    const seen = await as(two).kept(fleet.book, shop, 0);
    expect(seen.frames.map(trustedRecordOf)).toEqual([before, ...first].map(({ op }) => op.id));
    const onTop = two.write({
      scope: shop,
      seen: { heads: [first[1]?.hash as never], size: 2, root: 'ab'.repeat(32) as never },
    });
    expect((await branch.client.push(fleet.book, shop, [onTop])).results).toMatchObject([{ verdict: 'kept' }]);
    expect((await as(two).kept(fleet.book, shop, seen.next)).frames.map(trustedRecordOf)).toEqual([onTop.op.id]);
    // A repeated push is the same push, and nothing of a stranger is kept.
    expect((await branch.client.push(fleet.book, shop, first)).results).toMatchObject([
      { verdict: 'kept' },
      { verdict: 'kept' },
    ]);
    const strange = [fleet.stranger('nobody').write({ scope: shop }), forge(two.write({ scope: shop }))];
    expect((await branch.client.push(fleet.book, shop, strange)).results).toMatchObject([
      { verdict: 'unknown-device' },
      { verdict: 'bad-signature' },
    ]);
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 3, acknowledged: 1 });
    // What was kept outlives the process.
    const restarted = another();
    line.state = 'up';
    await restarted.link.exchange();
    const order = [before, ...first, onTop].map(({ op }) => op.id);
    expect((await hashesAtHome({ home, fleet })).slice(2)).toEqual(order);
    expect(await restarted.outbox.summary(fleet.book)).toEqual({
      waiting: 0,
      waitingBytes: 0,
      acknowledged: 0,
      refused: 0,
    });
    expect((await restarted.store.log(fleet.book, shop))?.size).toBe(6);
    const again = await restarted.client.push(fleet.book, shop, [...first, onTop]);
    expect(again.results.map(({ verdict, position }) => [verdict, position])).toEqual([
      ['exists', 3],
      ['exists', 4],
      ['exists', 5],
    ]);
    expect(again.receipts).toHaveLength(1);
  });

  it('tells who listens that it keeps something, to those who may read it', async () => {
    const { fleet, line, branch, as, another, one, two } = await openShop();
    const near = createRelayClient({ url: 'http://branch.test', fetch: (request) => branch.relay.fetch(request) });
    const known = (await as(two).scopes(fleet.book)).map(({ scope, size }) => ({ scope, size }));
    const news = await near.tail(fleet.book, known, { reader: readerOf(two) });
    line.state = 'cut';
    const next = news.next();
    await branch.client.push(fleet.book, shop, one.writeMany(2, { scope: shop }));
    expect((await next).value).toEqual({ scope: shop, size: 2, kept: 2 });
    const then = news.next();
    await branch.client.push(fleet.book, shop, [two.write({ scope: shop })]);
    expect((await then).value).toEqual({ scope: shop, size: 2, kept: 3 });
    await news.return();
    // Who comes back says what it knows of the log, and cannot say what of that which is kept; nor has the relay to have heard of it since it started.
    const restarted = another();
    for (const relay of [branch.relay, restarted.relay]) {
      const after = createRelayClient({ url: 'http://branch.test', fetch: (request) => relay.fetch(request) });
      const again = await after.tail(fleet.book, known, { reader: readerOf(two) });
      expect((await again.next()).value).toEqual({ scope: shop, size: 2, kept: 3 });
      await again.return();
    }
  });

  it('tells who listens what another node keeps in the same outbox, whoever else listens already', async () => {
    const { fleet, line, branch, as, another, one, two } = await openShop();
    const other = another();
    const near = createRelayClient({ url: 'http://branch.test', fetch: (request) => other.relay.fetch(request) });
    const known = (await as(two).scopes(fleet.book)).map(({ scope, size }) => ({ scope, size }));
    const listen = () => near.tail(fleet.book, known, { reader: readerOf(two) });
    const first = await listen();
    line.state = 'cut';
    const next = first.next();
    await branch.client.push(fleet.book, shop, one.writeMany(2, { scope: shop }));
    const second = await listen();
    const told = { value: { scope: shop, size: 2, kept: 2 } };
    expect(await Promise.all([next, second.next()])).toMatchObject([told, told]);
    await branch.client.push(fleet.book, shop, [two.write({ scope: shop })]);
    // Found by looking.
    expect(await first.next()).toMatchObject({ value: { scope: shop, size: 2, kept: 3 } });
    await Promise.all([first.return(), second.return()]);
  });

  it('grants no claim while the home relay is away', async () => {
    const { fleet, line, branch, one } = await openShop();
    line.state = 'cut';
    const claim = one.write({ scope: shop, args: { claim: 'voucher-1' } });
    await expect(branch.client.claim(fleet.book, shop, [claim])).rejects.toMatchObject({ code: 'relay/home-away' });
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 0 });
    line.state = 'up';
    await branch.link.exchange();
    expect((await branch.client.claim(fleet.book, shop, [claim])).results).toMatchObject([
      { verdict: 'stored', holder: { hash: claim.hash } },
    ]);
  });

  it('is not done before the home relay says so: an answer that was lost is asked for again', async () => {
    const { home, fleet, line, branch, one } = await openShop();
    const op = one.write({ scope: shop });
    line.state = 'lost';
    expect((await branch.client.push(fleet.book, shop, [op])).results).toMatchObject([{ verdict: 'kept' }]);
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 1 });
    await expect(branch.link.exchange()).rejects.toMatchObject({ code: 'relay/home-away' });
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 1 });
    line.state = 'up';
    await branch.link.exchange();
    expect(await hashesAtHome({ home, fleet })).toHaveLength(3);
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 0, acknowledged: 0 });
  });

  it('hands back what the home relay refused, and lets it hold up nobody else', async () => {
    const { home, fleet, line, branch, one, two } = await openShop();
    line.state = 'cut';
    // While it is away, another process of the same till writes at home: a branch that the home relay takes so much of, and no more.
    const twin = one.craft({ scope: shop, seq: 1 });
    const forked = one.writeMany(300, { scope: shop });
    const fine = two.write({ scope: shop });
    await branch.client.push(fleet.book, shop, forked);
    await branch.client.push(fleet.book, shop, [fine]);
    await home.push(fleet.book, [twin], shop);
    line.state = 'up';
    await branch.link.exchange();
    expect((await hashesAtHome({ home, fleet })).at(-1)).toBe(fine.op.id);
    expect(await branch.outbox.summary(fleet.book)).toMatchObject({ waiting: 0, refused: 44 });
    line.state = 'cut';
    const { results } = await branch.client.push(fleet.book, shop, forked);
    expect(results[0]).toMatchObject({ verdict: 'kept' });
    expect([results[256]?.verdict, results[299]?.verdict]).toEqual(['fork', 'gap']);
  });

  it('lets a device that opened too many scopes hold up nobody else, whether the line was down or is up', async () => {
    const { home, fleet, line, branch, one } = await openShop(
      {},
      { limits: { openingsPerDay: 1 }, now: () => 1_764_500_000_000 },
    );
    const { writer: phone, enrolment } = fleet.enrol('phone', 'customer');
    await home.push(fleet.book, [enrolment]);
    await branch.link.exchange();
    const fetch = (request: Request) => branch.relay.fetch(request);
    const near = createRelayClient({ url: 'http://branch.test', fetch, retry: { attempts: 1 } });
    const open = (name: string) => {
      const scope = parseScope(name) as Scope;
      return near.push(fleet.book, scope, [phone.craft({ scope })]);
    };
    line.state = 'cut';
    for (const name of ['w/1', 'w/2', 'w/3']) await open(name);
    const kept = one.writeMany(2, { scope: shop });
    await branch.client.push(fleet.book, shop, kept);
    line.state = 'up';
    await branch.link.exchange();
    expect((await hashesAtHome({ home, fleet })).slice(2)).toEqual(kept.map(({ op }) => op.id));
    expect((await branch.link.status()).books).toMatchObject([
      { waiting: 2, trouble: expect.stringContaining('relay/rate') as string },
    ]);
    for (const name of ['w/4', 'w/5', 'w/6', 'w/7'])
      await expect(open(name)).rejects.toMatchObject({ code: 'relay/rate' });
    expect((await branch.link.status()).circuit).toBe('closed');
    const claim = one.write({ scope: shop, args: { claim: 'voucher-1' } });
    expect((await branch.client.claim(fleet.book, shop, [claim])).results).toMatchObject([{ verdict: 'stored' }]);
    // In the log that is held back, what came first still goes first.
    expect((await open('w/2')).results).toMatchObject([{ verdict: 'kept' }]);
  });

  it('behind another such relay is not done before the home relay is', async () => {
    const { home, fleet, line, branch, one } = await openShop({ reads: 'public' });
    const far = openBehind(branch.client, fleet.book);
    await far.link.exchange();
    line.state = 'cut';
    const sale = one.write({ scope: shop });
    expect((await far.client.push(fleet.book, shop, [sale])).results).toMatchObject([{ verdict: 'kept' }]);
    await far.outbox.keep(fleet.book, shop, [{ ...sale, device: sale.op.device }], 1);
    await expect(far.link.exchange()).rejects.toMatchObject({ code: 'relay/home-away' });
    expect(await far.outbox.summary(fleet.book)).toMatchObject({ waiting: 1, refused: 0 });
    line.state = 'up';
    await branch.link.exchange();
    await far.link.exchange();
    expect(await far.outbox.summary(fleet.book)).toMatchObject({ waiting: 0, acknowledged: 0 });
    expect(await hashesAtHome({ home, fleet })).toHaveLength(3);
  });

  it('keeps no more than it has room for, and says so', async () => {
    const { fleet, line, branch, one } = await openShop({ maxKept: { ops: 3, bytes: 1 << 20 } });
    line.state = 'cut';
    expect((await branch.client.push(fleet.book, shop, one.writeMany(3, { scope: shop }))).results).toHaveLength(3);
    const full = branch.client.push(fleet.book, shop, [one.write({ scope: shop })]);
    await expect(full).rejects.toMatchObject({ code: 'relay/quota' });
    expect((await branch.link.status()).books[0]?.waiting).toBe(3);
  });

  it('keeps room for others, whatever one device hands in, and what was refused takes none', async () => {
    const { fleet, line, branch, one, two } = await openShop({ maxKept: { ops: 16, bytes: 1 << 20 } });
    line.state = 'cut';
    const hoard = one.writeMany(4, { scope: shop });
    await branch.client.push(fleet.book, shop, hoard);
    const more = branch.client.push(fleet.book, shop, [one.write({ scope: shop })]);
    await expect(more).rejects.toMatchObject({ code: 'relay/quota' });
    const others = await branch.client.push(fleet.book, shop, two.writeMany(2, { scope: shop }));
    expect(others.results).toMatchObject([{ verdict: 'kept' }, { verdict: 'kept' }]);
    // A till that starts anew hands in what it has of others, too.
    const anew = await branch.client.push(fleet.book, shop, [...hoard, two.write({ scope: shop })]);
    expect(anew.results.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 5 }, () => 'kept'));
    const lease = await branch.outbox.lease('test', Date.now() + 3_600_000, 1);
    if (lease === undefined) throw new Error('no lease');
    const answers = hoard.map(({ hash }, index) => ({ place: index + 1, result: { hash, verdict: 'gap' as const } }));
    await branch.outbox.settle(lease, answers, 1);
    const still = branch.client.push(fleet.book, shop, [one.write({ scope: shop })]);
    await expect(still).rejects.toMatchObject({ code: 'relay/quota' });
    const again = await branch.client.push(fleet.book, shop, two.writeMany(7, { scope: shop }));
    expect(again.results.filter(({ verdict }) => verdict === 'kept')).toHaveLength(7);
  });

  it('goes on with other books where the home relay fails for one, which it asks for ever less', async () => {
    const { home, fleet, another, one } = await openShop({}, { reads: 'public' });
    const damaged = 'ab'.repeat(32) as BookId;
    let [asked, isCut] = [0, false];
    const pauseMs = 30_000;
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.9);
    onTestFinished(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });
    const fetch = async (request: Request): Promise<Response> => {
      if (isCut) throw new TypeError('no route to host');
      if (!request.url.includes(damaged)) return home.relay.fetch(request);
      asked += request.url.includes('/tail') ? 0 : 1;
      return Response.json({ code: 'relay/failed', message: 'a tile does not lead to its root' }, { status: 500 });
    };
    const { link, client, events } = another({
      books: [damaged, fleet.book],
      client: createRelayClient({ url: 'http://relay.test', fetch, retry: { attempts: 1 } }),
      timing: { failures: 2, firstPauseMs: 60_000 },
    });
    for (let turn = 0; turn < 4; turn++) await link.exchange();
    expect(await link.status()).toMatchObject({
      circuit: 'closed',
      books: [{ circuit: 'open', trouble: expect.stringContaining('for this book') as string }, { circuit: 'closed' }],
    });
    expect(asked).toBe(2);
    const sold = await client.push(fleet.book, shop, [one.write({ scope: shop })]);
    expect(sold.results).toMatchObject([{ verdict: 'stored' }]);
    // A book that is not asked about says nothing of the home relay, whose time to be asked again comes first.
    isCut = true;
    vi.spyOn(Math, 'random').mockReturnValue(0);
    for (let turn = 0; turn < 2; turn++) await link.exchange().catch(() => undefined);
    expect((await link.status()).circuit).toBe('open');
    vi.setSystemTime(Date.now() + pauseMs);
    await expect(link.exchange()).rejects.toMatchObject({ code: 'relay/home-away' });
    expect(await link.status()).toMatchObject({ circuit: 'open', books: [{ circuit: 'open' }, { circuit: 'closed' }] });
    expect(events.filter(({ kind }) => kind === 'home')).toEqual([{ kind: 'home', state: 'away' }]);
  });

  it('judges what it keeps once, however often it looks in vain whether the home relay is back', async () => {
    const { fleet, line, branch, another, one } = await openShop({ timing: { failures: 1_000 } });
    let read = 0;
    const { ops, ...rest } = branch.outbox;
    const outbox: Outbox = {
      ...rest,
      ops: async (...wanted) => {
        const found = await ops(...wanted);
        read += found.length;
        return found;
      },
    };
    const { client, link } = another({ outbox });
    await link.exchange();
    line.state = 'cut';
    for (let push = 0; push < 12; push++) await client.push(fleet.book, shop, one.writeMany(25, { scope: shop }));
    // Two a push are to see that something waits.
    expect([(await outbox.summary(fleet.book)).waiting, read <= 12 * 2]).toEqual([300, true]);
  });

  it('lets go of what the home relay refused after its time, says so, and not before', async () => {
    let nowMs = 1_764_500_000_000;
    const { home, fleet, line, branch, one, two } = await openShop({
      now: () => nowMs,
      timing: { refusedMs: 1_000 },
    });
    line.state = 'cut';
    const refused = [one.write({ scope: shop, seen: { root: 'ab'.repeat(32) as RootHash, size: 99 } })];
    await branch.client.push(fleet.book, shop, refused);
    nowMs += 500;
    await branch.client.push(fleet.book, shop, [two.write({ scope: shop })]);
    line.state = 'up';
    await branch.link.exchange();
    nowMs += 900;
    await branch.link.exchange();
    expect((await branch.link.status()).books).toMatchObject([{ refused: 1, waiting: 0, letGo: 0 }]);
    nowMs += 200;
    await branch.link.exchange();
    expect((await branch.link.status()).books).toMatchObject([{ refused: 0, waiting: 0, letGo: 1 }]);
    expect(branch.events).toContainEqual({ kind: 'let-go', book: fleet.book, ops: 1 });
    expect(await branch.outbox.find(fleet.book, shop, [refused[0]?.hash as OpHash])).toEqual(new Map());
    expect((await home.store.log(fleet.book, shop))?.size).toBe(3);
  });

  it('counts that time from the refusal, for what came long before it may be taken yet', async () => {
    let nowMs = 1_764_500_000_000;
    const { home, fleet, line, branch, one, two } = await openShop({
      now: () => nowMs,
      timing: { refusedMs: 1_000 },
    });
    const [first, second] = one
      .writeMany(2, { scope: shop })
      .map((record) => ({ ...record, device: record.op.device }));
    if (first === undefined || second === undefined) throw new Error('no ops');
    line.state = 'cut';
    await branch.outbox.keep(fleet.book, shop, [second], nowMs);
    nowMs += 2_000;
    line.state = 'up';
    await branch.link.exchange();
    expect((await branch.link.status()).books).toMatchObject([{ refused: 1, letGo: 0 }]);
    // What it lacked comes by another way, and with the next op that is taken it is tried again.
    await home.push(fleet.book, [first], shop);
    await branch.outbox.keep(fleet.book, shop, [{ ...two.write({ scope: shop }), device: two.key.device }], nowMs);
    await branch.link.exchange();
    expect(await hashesAtHome({ home, fleet })).toContain(second.op.id);
  });

  it('asks a home relay that is away ever less', async () => {
    const { fleet, line, branch, one } = await openShop({ timing: { failures: 2, firstPauseMs: 60_000 } });
    line.state = 'cut';
    await branch.client.push(fleet.book, shop, [one.write({ scope: shop })]);
    await branch.client.push(fleet.book, shop, [one.write({ scope: shop })]);
    expect((await branch.link.status()).circuit).toBe('open');
    const asked = line.requests;
    await branch.client.push(fleet.book, shop, one.writeMany(3, { scope: shop }));
    expect([line.requests - asked, (await branch.link.status()).books[0]?.waiting]).toEqual([0, 5]);
  });

  it('stops at once, however long it would have left the home relay alone', async () => {
    const { line, branch } = await openShop({ timing: { failures: 1, firstPauseMs: 600_000, maxPauseMs: 600_000 } });
    line.state = 'cut';
    const stop = new AbortController();
    const running = branch.link.run(stop.signal);
    await expect.poll(async () => (await branch.link.status()).circuit).toBe('open');
    stop.abort();
    await running;
  });

  it('goes on by itself when the line is back', async () => {
    const { home, fleet, line, branch, one } = await openShop();
    const stop = new AbortController();
    const running = branch.link.run(stop.signal);
    line.state = 'cut';
    const kept = one.writeMany(3, { scope: shop });
    await branch.client.push(fleet.book, shop, kept);
    line.state = 'up';
    const timeout = 4_000;
    await expect.poll(async () => (await branch.outbox.summary(fleet.book)).waiting, { timeout }).toBe(0);
    await expect.poll(async () => (await branch.store.log(fleet.book, shop))?.size, { timeout }).toBe(5);
    expect(await hashesAtHome({ home, fleet })).toHaveLength(5);
    stop.abort();
    await running;
  });

  it('goes on when its disk was full for a moment, and says so', async () => {
    const { home, fleet, branch, one, another } = await openShop();
    let isFull = true;
    const outbox: Outbox = {
      ...branch.outbox,
      lease(...asked) {
        if (isFull) throw new Error('database or disk is full');
        return branch.outbox.lease(...asked);
      },
    };
    const { link, store, events } = another({ outbox, timing: { lookMs: 5 } });
    const stop = new AbortController();
    const running = link.run(stop.signal);
    const timeout = 4_000;
    await expect.poll(() => events.some(({ kind }) => kind === 'trouble'), { timeout }).toBe(true);
    await home.push(fleet.book, [one.write({ scope: shop })], shop);
    isFull = false;
    await expect.poll(async () => (await store.log(fleet.book, shop))?.size, { timeout }).toBe(3);
    stop.abort();
    await running;
  });
});
