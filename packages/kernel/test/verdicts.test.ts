// What a verb may make of an op: accept it, accept and compensate, or refuse; and that it reads and writes no more than it says.
import {
  compensate,
  defineVerb,
  devices,
  type Effect,
  KernelError,
  openBook,
  type Outcome,
  refuse,
  setTable,
  type Verb,
  type View,
} from '@tallystick/kernel';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { kernelTables } from '../src/kernel-tables.ts';
import type { AnyTable } from '../src/table.ts';
import { createFleet, createTestRelay, provenDigest } from './fleet.ts';
import { memoryKeys, moves, prices, seats, shopVerbs, stock, stores, testEdge } from './shop.ts';

const args = z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/), quantity: z.int().positive() });

/** Sells what is not there as a backorder: the customer has paid, so the op is accepted, and what is owed is posted beside it. */
const order = defineVerb({
  name: 'shop.order',
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock],
  args,
  plan: (view, _op, { sku, quantity }) => {
    const { onHand } = view.sum(stock, { sku });
    const there = Math.max(0, Math.min(onHand, quantity));
    const handed = stock.add({ sku }, { onHand: -there });
    if (there === quantity) return [handed];
    const short = quantity - there;
    return compensate('shop/backorder', { sku, short }, [handed, stock.add({ sku: `owed ${sku}` }, { onHand: short })]);
  },
});
const verbs = [...shopVerbs, order] as const;

describe('an op that is accepted and compensated', () => {
  it('is committed with the reason, which stands in corrections beside the op', async () => {
    const book = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs, edge: testEdge() });
    await book.commit('stock.move', { sku: 'tea', quantity: 3 });
    const whole = await book.commit('shop.order', { sku: 'tea', quantity: 2 });
    expect(whole).toMatchObject({ ok: true, correction: undefined });
    const part = await book.commit('shop.order', { sku: 'tea', quantity: 5 });
    if (!part.ok) throw new Error(part.code);
    expect(part.correction).toEqual({ code: 'shop/backorder', details: { sku: 'tea', short: 4 } });
    expect(book.query('SELECT sku, onHand FROM stock')).toEqual([{ sku: 'owed tea', onHand: 4 }]);
    expect(book.query('SELECT hash, id, device, verb, code, details FROM corrections')).toEqual([
      {
        hash: part.hash,
        id: part.id,
        device: book.device,
        verb: 'shop.order@1',
        code: 'shop/backorder',
        details: '{"short":4,"sku":"tea"}',
      },
    ]);
    expect(book.query('SELECT * FROM refusals')).toEqual([]);
    await provenDigest(book);
  });

  it('is compensated for what the shared order makes of it, and no more once that is known', async () => {
    const fleet = await createFleet(3, stores['better-sqlite3'], verbs as never);
    const [office, one, two] = fleet.books as [
      (typeof fleet.books)[0],
      (typeof fleet.books)[0],
      (typeof fleet.books)[0],
    ];
    await office.commit('stock.move', { sku: 'tea', quantity: 3 });
    await office.sync(fleet.relay);
    for (const till of [one, two]) {
      await till.sync(fleet.relay);
      const commit = await till.commit('shop.order' as 'stock.take', { sku: 'tea', quantity: 2 });
      expect(commit).toMatchObject({ ok: true, correction: undefined });
    }
    for (const book of [two, one, two, office]) await book.sync(fleet.relay);
    const [corrected, ...others] = one.query('SELECT device, code, details FROM corrections');
    expect(others).toEqual([]);
    expect(corrected).toEqual({ device: one.device, code: 'shop/backorder', details: '{"short":1,"sku":"tea"}' });
    const digests = new Set<string>();
    for (const book of fleet.books) digests.add(await provenDigest(book));
    expect(digests.size).toBe(1);
    await fleet.close();
  });
});

/** Some row of a table, as it would come there. */
function effectOn(def: AnyTable): Effect {
  const columns = Object.entries({ ...def.key, ...def.columns });
  const row = Object.fromEntries(columns.map(([name, type]) => [name, type === 'integer' ? 1 : 'x']));
  const kinds = { sum: 'add', set: 'put', register: 'write' } as const;
  return { kind: kinds[def.kind], table: def, row };
}

describe('a verb', () => {
  const secret = setTable('secret', { key: { id: 'text' }, columns: { what: 'text' } });
  const keeper = defineVerb({
    name: 'shop.keep',
    version: 1,
    roles: ['owner'],
    tables: [secret],
    args: z.strictObject({}),
    plan: (_view, op) => [secret.put({ id: op.id, what: 'x' })],
  });

  const shelves = setTable('shelves', { key: { aisle: 'integer', bin: 'text' }, columns: { sku: 'text' } });

  /** A verb of the tables `stock`, `moves`, `prices` and `shelves` that does something in its plan. */
  function peek(plan: (view: View) => Outcome): Verb<'shop.peek', Record<string, never>> {
    return defineVerb({
      name: 'shop.peek',
      version: 1,
      roles: ['owner'],
      tables: [stock, moves, prices, shelves],
      args: z.strictObject({}) as never,
      plan,
    });
  }

  async function answerOf(plan: (view: View) => unknown, scope: string): Promise<unknown> {
    const verb = peek(plan as (view: View) => Outcome);
    const known = [...shopVerbs, keeper, verb] as const;
    const store = stores['better-sqlite3']();
    const book = await openBook({ store, keys: memoryKeys(), verbs: known, edge: testEdge(), replicate: 'all' });
    await book.sync(await createTestRelay());
    const answer = await book.commit('shop.peek', {}, { scope: scope as Scope });
    await book.close();
    return answer.ok ? 'ok' : { code: answer.code, ...answer.details };
  }
  const failed = (reason?: string): unknown => ({ code: 'kernel/verb-failed', ...(reason && { reason }) });
  const none: readonly Effect[] = [];

  it.each(['hq', 'b/042'])(
    'in %s reads its own tables there, those of the kernel, and registers of hq',
    async (scope) => {
      const plan = (view: View): Outcome => {
        view.get(moves, { id: 'x' });
        view.sum(stock, { sku: 'x' });
        return view.hq.get(prices, { sku: 'x' }) === undefined ? none : refuse('shop/none');
      };
      expect(await answerOf(plan, scope)).toBe('ok');
    },
  );

  it.each([
    ['a table of another verb', (view: View) => view.get(secret, { id: 'x' })],
    ['rows of a table of another verb', (view: View) => view.list(seats, {})],
    ['a register of hq of another verb', (view: View) => view.hq.get(seats, { row: 1, seat: 1 })],
    ['a set of hq', (view: View) => view.hq.get(moves as never, { id: 'x' })],
    ['a sum of hq', (view: View) => view.hq.get(stock as never, { sku: 'x' })],
    ['a sum as a row', (view: View) => view.get(stock as never, { sku: 'x' })],
    ['the rows of sums', (view: View) => view.list(stock as never, {})],
    ['a row as a sum', (view: View) => view.sum(moves as never, { id: 'x' })],
    ['by a column that does not lead the key', (view: View) => view.list(shelves, { bin: 'x' })],
    ['by a column that is none of the key', (view: View) => view.list(shelves, { aisle: 1, sku: 'x' } as never)],
  ])('that reads %s fails, in hq as in a branch', async (_what, read) => {
    const plan = (view: View): Outcome => {
      read(view);
      return none;
    };
    for (const scope of ['hq', 'b/042']) expect(await answerOf(plan, scope)).toEqual(failed('kernel/bad-read'));
  });

  it.each<[string, (view: View) => unknown]>([
    ['text', (view) => view.list(shelves, { aisle: '7' as never })],
    ['a fraction', (view) => view.list(shelves, { aisle: 7.5 })],
    ['null', (view) => view.list(shelves, { aisle: null as never })],
    ['a number that is to be text', (view) => view.list(shelves, { aisle: 7, bin: 5 as never })],
    ['text, of one row', (view) => view.get(shelves, { aisle: '7' as never, bin: 'x' })],
  ])('that lists the rows of %s, which its column does not hold, fails', async (_what, plan) => {
    expect(await answerOf((view) => (plan(view), none), 'hq')).toEqual(failed('kernel/bad-row'));
  });

  it('reads tables of the kernel, declared or not, and writes none', async () => {
    const till = memoryKeys();
    const { device, publicKey } = await till.create('device');
    const rise = defineVerb({
      name: 'shop.rise',
      version: 1,
      roles: ['owner', 'till'],
      tables: [...kernelTables],
      args: z.strictObject({ table: z.string().regex(/^[!-?A-~]*$/) }),
      plan: (view, op, { table }) => {
        const own = view.get(devices, { device: op.device });
        if (table === 'devices') return own === undefined ? [] : [devices.write({ ...own, role: 'owner' })];
        const [def] = kernelTables.filter(({ name }) => name === table);
        return def === undefined ? refuse('shop/role', { role: own?.role ?? '' }) : [effectOn(def)];
      },
    });
    const look = defineVerb({
      ...rise,
      name: 'shop.look',
      tables: [],
      plan: (view, op) => refuse('shop/role', { role: view.get(devices, { device: op.device })?.role ?? '' }),
    });
    const options = { verbs: [rise, look] as const };
    const [office, shop] = [stores['better-sqlite3'](), stores['better-sqlite3']()];
    const owner = await openBook({ store: office, keys: memoryKeys(), edge: testEdge(), ...options });
    await owner.commit('device.enroll', { device, key: encodeHex(publicKey), name: 'till', role: 'till' });
    const book = await openBook({ store: shop, keys: till, edge: testEdge(2), book: owner.id, ...options });
    await book.import(await owner.export());
    await book.anchor();
    for (const verb of ['shop.rise', 'shop.look'] as const) {
      const answer = await book.commit(verb, { table: 'none' });
      expect(answer).toMatchObject({ code: 'shop/role', details: { role: 'till' } });
    }
    for (const { name } of kernelTables) {
      const answer = await book.commit('shop.rise', { table: name });
      expect(answer).toMatchObject({ code: 'kernel/verb-failed', details: { reason: 'kernel/bad-effect' } });
    }
    expect(book.status().role).toBe('till');
    for (const each of [owner, book]) await each.close();
  });

  it('lists the rows that the leading columns name', async () => {
    const put = [shelves.put({ aisle: 7, bin: 'a', sku: 'x' }), shelves.put({ aisle: 8, bin: 'a', sku: 'y' })];
    const plan = (view: View): Outcome => {
      const found = [{}, { aisle: 7 }, { aisle: 7, bin: 'a' }, { aisle: 7, bin: undefined }].map(
        (prefix) => view.list(shelves, prefix as { aisle: number }).length,
      );
      return found[0] === 0 ? put : refuse('shop/found', { found: found.join() });
    };
    const verb = peek(plan);
    const book = await openBook({ store: stores['sql.js'](), keys: memoryKeys(), verbs: [verb], edge: testEdge() });
    expect(await book.commit('shop.peek', {})).toMatchObject({ ok: true });
    expect(await book.commit('shop.peek', {})).toMatchObject({ code: 'shop/found', details: { found: '2,1,1,1' } });
    await book.close();
  });

  it.each<[string, (view: View) => unknown, unknown]>([
    ['a row of another verb’s table', () => [secret.put({ id: 'x', what: 'y' })], failed('kernel/bad-effect')],
    ['nothing at all', () => undefined, failed('kernel/bad-effect')],
    ['a promise', () => Promise.reject(new Error('late')), failed('kernel/bad-effect')],
    ['no effects', () => [undefined], failed('kernel/bad-effect')],
    ['a compensation of nothing', () => compensate('x', {}, 7 as never), failed('kernel/bad-effect')],
    ['a reason with a fraction', () => refuse('shop/x', { share: 0.5 }), failed()],
    ['a compensation without a code', () => compensate(7 as never, {}, []), failed('kernel/bad-effect')],
    [
      'an error of the kernel, by its own hand',
      () => {
        throw new KernelError('kernel/not-loaded', 'not thrown by the kernel');
      },
      failed('kernel/not-loaded'),
    ],
  ])('that answers %s is refused, and halts nobody', async (_what, plan, answer) => {
    expect(await answerOf(plan, 'hq')).toEqual(answer);
  });
});
