// State certificates: honest devices say the same of one prefix; an edited row and a verb that drifts do not, and both ops are named everywhere.
import { openBook, type Verb } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { createFleet, type Fleet, HQ, provenDigest, type ShopBook } from './fleet.ts';
import { memoryKeys, shopVerbs, stock, stores, testEdge } from './shop.ts';
import type { BookStore } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';

/** The owner and a till that have settled the same. */
async function settledFleet(makeStore?: () => BookStore): Promise<Fleet & { office: ShopBook; till: ShopBook }> {
  const fleet = await createFleet(2, makeStore);
  const [office, till] = fleet.books as [ShopBook, ShopBook];
  for (let index = 0; index < 6; index++) await till.commit('stock.move', { sku: `sku-${index % 3}`, quantity: 5 });
  await office.commit('price.set', { sku: 'sku-0', priceMinor: 120 });
  for (const book of [till, office, till]) await book.sync(fleet.relay);
  return { ...fleet, office, till };
}

/** Everybody hears of everything. */
async function spread({ books, relay }: Fleet): Promise<void> {
  for (const book of [...books, ...books]) await book.sync(relay);
}

describe('state certificates', () => {
  it.each(Object.entries(stores))('of honest devices agree, pending ops or not: %s', async (_name, makeStore) => {
    const fleet = await settledFleet(makeStore);
    const { office, till } = fleet;
    // What is pending here and there is not what they speak of.
    await till.commit('stock.take', { sku: 'sku-1', quantity: 1 });
    const before = till.digest();
    const signed = [await office.attest(), await till.attest()];
    expect(signed.map(({ ok }) => ok)).toEqual([true, true]);
    expect(till.digest().scopes['hq']?.tables['stock']).toBe(before.scopes['hq']?.tables['stock']);
    await spread(fleet);
    const said = office.query('SELECT DISTINCT size, root, marked, manifest, digest FROM certificates');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ size: 10, marked: 10 });
    for (const book of fleet.books) expect(book.status().disagreements).toEqual([]);
    expect(await provenDigest(office)).toBe(await provenDigest(till));
    await fleet.close();
  });

  it('show a row that was edited, on every device, by an event and both ops', async () => {
    const store = nodeStore(':memory:');
    let made = 0;
    const fleet = await settledFleet(() => (made++ === 1 ? store : nodeStore(':memory:')));
    const { office, till } = fleet;
    store.sql.exec(`UPDATE ${stock.name} SET onHand = onHand + 1 WHERE sku = 'sku-0'`);
    const [honest, edited] = [await office.attest(), await till.attest()];
    if (!honest.ok || !edited.ok) throw new Error('nothing is settled');
    const told: string[] = [];
    office.subscribe(({ kind }) => told.push(kind));
    await spread(fleet);
    expect(told.filter((kind) => kind === 'disagreement')).toHaveLength(1);
    for (const book of fleet.books) {
      const [found, ...others] = book.status().disagreements;
      expect(others).toEqual([]);
      expect(found).toMatchObject({ scope: 'hq', size: 10, about: 'digest' });
      expect([found?.op, found?.against].sort()).toEqual([honest.hash, edited.hash].sort());
      expect([found?.device, found?.otherDevice].sort()).toEqual([office.device, till.device].sort());
    }
    await fleet.close();
  });

  it('show an edited history, which no digest of the rows covers', async () => {
    const store = nodeStore(':memory:');
    let made = 0;
    const fleet = await settledFleet(() => (made++ === 1 ? store : nodeStore(':memory:')));
    const before = fleet.till.digest().digest;
    store.sql.exec('UPDATE prices_history SET priceMinor = 1');
    expect(fleet.till.digest().digest).toBe(before);
    await fleet.office.attest();
    await fleet.till.attest();
    await spread(fleet);
    expect(fleet.office.status().disagreements).toMatchObject([{ about: 'digest' }]);
    await fleet.close();
  });

  it('show a kernel whose verb drifts', async () => {
    const fleet = await settledFleet();
    const { office, till } = fleet;
    const [move] = shopVerbs;
    const drifting: Verb = {
      ...move,
      plan: (view, op, args) =>
        move.plan(view, op, { sku: 'sku-0', quantity: (args as { quantity: number }).quantity }),
    };
    const keys = memoryKeys();
    const key = await keys.create('device');
    const device = { device: key.device, key: Buffer.from(key.publicKey).toString('hex'), name: 'odd', role: 'till' };
    await office.commit('device.enroll', device as never);
    await spread(fleet);
    const verbs = shopVerbs.map((verb) => (verb === move ? drifting : verb)) as unknown as typeof shopVerbs;
    const odd = await openBook({ store: nodeStore(':memory:'), keys, verbs, edge: testEdge(9), book: office.id });
    await odd.sync(fleet.relay);
    await till.attest();
    expect((await odd.attest()).ok).toBe(true);
    await odd.sync(fleet.relay);
    await spread(fleet);
    expect(office.status().disagreements).toMatchObject([{ about: 'digest' }]);
    await odd.close();
    await fleet.close();
  });

  it('can be given of an earlier prefix, by folding the log to there', async () => {
    const fleet = await settledFleet();
    const { office, till } = fleet;
    await office.attest();
    await spread(fleet);
    await till.commit('stock.move', { sku: 'sku-2', quantity: 1 });
    await spread(fleet);
    const [{ size } = { size: 0 }] = till.query<{ size: number }>('SELECT size FROM certificates');
    const fresh = nodeStore(':memory:');
    expect((await till.attest({ size, fresh })).ok).toBe(true);
    await fresh.close();
    await spread(fleet);
    expect(office.query('SELECT count(*) AS n, count(DISTINCT digest) AS d FROM certificates')).toEqual([
      { n: 2, d: 1 },
    ]);
    expect(office.status().disagreements).toEqual([]);
    const none = nodeStore(':memory:');
    expect(await till.attest({ size: 99, fresh: none })).toMatchObject({ ok: false, code: 'kernel/nothing-settled' });
    // @ts-expect-error one without the other would sign another prefix than was asked for
    await expect(till.attest({ size: 3 })).rejects.toMatchObject({ code: 'kernel/as-of' });
    // @ts-expect-error there is nothing to fold it up to
    await expect(till.attest({ fresh: none })).rejects.toMatchObject({ code: 'kernel/as-of' });
    await none.close();
    await fleet.close();
  });

  it('are of the scope in which they stand, and of something', async () => {
    const book = await openBook({
      store: nodeStore(':memory:'),
      keys: memoryKeys(),
      verbs: shopVerbs,
      edge: testEdge(),
    });
    expect(await book.attest()).toMatchObject({ ok: false, code: 'kernel/nothing-settled' });
    const hash = 'ab'.repeat(32);
    const claim = { size: 1, root: hash, marked: 1, manifest: hash, digest: hash };
    expect(await book.commit('book.attest', { scope: 'b/1', ...claim })).toMatchObject({ code: 'kernel/other-scope' });
    expect(await book.commit('book.attest', { scope: 'hq', ...claim, size: 0 })).toMatchObject({
      code: 'kernel/bad-args',
    });
    await book.close();
  });

  it('name the shapes of tables as well as the versions of verbs', async () => {
    const fleet = await settledFleet();
    const { office, till } = fleet;
    const said = async (): Promise<readonly unknown[]> => {
      for (const book of [office, till]) expect((await book.attest()).ok).toBe(true);
      await spread(fleet);
      return office.query('SELECT DISTINCT manifest FROM certificates');
    };
    expect(await said()).toHaveLength(1);
    expect(await office.commit('manifest.adopt', { tables: { later: 'sum(sku text; onHand integer)' } })).toMatchObject(
      {
        ok: true,
      },
    );
    await spread(fleet);
    expect(await said()).toHaveLength(2);
    expect(office.status().disagreements).toEqual([]);
    await fleet.close();
  });

  it('are one of each device and size, and two devices that go on to differ are named once', async () => {
    const fleet = await settledFleet();
    const { office, till } = fleet;
    const hash = (fill: number): string => fill.toString(16).padStart(64, '0');
    const same = { scope: 'hq', manifest: hash(1), digest: hash(1) };
    const claim = (size: number, fill: number) => ({ ...same, size, root: hash(fill), marked: size });
    for (const size of [5, 6, 7]) {
      expect(await till.commit('book.attest', claim(size, 1))).toMatchObject({ ok: true });
      for (const fill of [1, 2])
        expect(await till.commit('book.attest', claim(size, fill))).toMatchObject({ code: 'kernel/already-attested' });
    }
    await spread(fleet);
    for (const size of [6, 5]) expect(await office.commit('book.attest', claim(size, 9))).toMatchObject({ ok: true });
    await spread(fleet);
    expect(await till.commit('book.attest', claim(8, 1))).toMatchObject({ ok: true });
    await spread(fleet);
    expect(await office.commit('book.attest', claim(8, 9))).toMatchObject({ ok: true });
    await spread(fleet);
    for (const book of fleet.books) {
      expect(book.query('SELECT count(*) AS certificates FROM certificates')).toEqual([{ certificates: 7 }]);
      expect(book.status().disagreements).toMatchObject([{ size: 6, about: 'root', device: office.device }]);
    }
    expect(await provenDigest(office)).toBe(await provenDigest(till));
    await fleet.close();
  });

  it('of a branch speak of the mark it has', async () => {
    const fleet = await settledFleet();
    const { office } = fleet;
    const branch = 'b/1' as Scope;
    for (let index = 0; index < 3; index++) await office.commit('shop.sell', { sku: 'sku-0' }, { scope: branch });
    await spread(fleet);
    const size = office.log.tip(HQ).size;
    expect((await office.attest({ scope: branch })).ok).toBe(true);
    expect(office.query("SELECT marked FROM certificates WHERE scope = 'b/1'")).toEqual([{ marked: size }]);
    await provenDigest(office);
    await fleet.close();
  });
});
