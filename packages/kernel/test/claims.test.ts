// Ops that claim a token are asked for at the relay's claim route; what loses there stands in the log, where the verb says what the loss is.
import { RelayError, type RelayClient } from '@tallystick/relay-protocol';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineVerb, refuse, setTable } from '@tallystick/kernel';
import { createFleet, provenDigest, type ShopBook } from './fleet.ts';
import { shopVerbs } from './shop.ts';

const seats = setTable('berths', { key: { seat: 'text' }, columns: { device: 'text' } });

const takeSeat = defineVerb({
  name: 'berth.take',
  version: 1,
  roles: ['owner', 'till'],
  tables: [seats],
  args: z.strictObject({ seat: z.string().regex(/^[!-?A-~]*$/), claim: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (view, op, { seat }) => {
    const taken = view.get(seats, { seat });
    return taken === undefined ? [seats.put({ seat, device: op.device })] : refuse('berth/taken', { by: taken.device });
  },
});

const verbs = [...shopVerbs, takeSeat] as unknown as typeof shopVerbs;

async function take(book: ShopBook, seat: string): Promise<void> {
  const commit = await (book as unknown as { commit(verb: string, args: object): Promise<{ ok: boolean }> }).commit(
    'berth.take',
    { seat, claim: `seat/${seat}` },
  );
  expect(commit.ok).toBe(true);
}

it('a sync asks for what its ops claim, and hands in what somebody else has', async () => {
  const { books, relay, close } = await createFleet(2, undefined, verbs);
  const [one, two] = books as [ShopBook, ShopBook];
  for (const book of [one, two]) await book.sync(relay);
  await take(one, '7A');
  await take(two, '7A');
  const calls: string[] = [];
  const watched: RelayClient = {
    ...relay,
    claim: (...args) => (calls.push('claim'), relay.claim(...args)),
    push: (...args) => (calls.push('push'), relay.push(...args)),
  };
  expect(await one.sync(watched)).toMatchObject({ pushed: 1, notTaken: [] });
  expect(calls).toEqual(['claim']);
  expect(await two.sync(watched)).toMatchObject({ pushed: 1, notTaken: [] });
  expect(calls).toEqual(['claim', 'claim', 'push']);
  await one.sync(relay);
  for (const book of [one, two]) {
    expect(book.query('SELECT device FROM berths')).toEqual([{ device: one.device }]);
    expect(book.query("SELECT code FROM refusals WHERE code = 'berth/taken'")).toHaveLength(1);
  }
  expect(await provenDigest(two)).toBe(await provenDigest(one));
  await close();
});

it('a relay whose memories differ holds up no work, and the log decides', async () => {
  const { books, relay, close } = await createFleet(1, undefined, verbs);
  const [one] = books as [ShopBook];
  await one.sync(relay);
  await take(one, '7A');
  await one.commit('stock.move', { sku: 'tea', quantity: 1 });
  const alarmed: RelayClient = {
    ...relay,
    claim: () => Promise.reject(new RelayError('relay/claim-alarm', 'its memories differ', { status: 409 })),
  };
  expect(await one.sync(alarmed)).toMatchObject({ pushed: 2, settled: 2 });
  const gone: RelayClient = { ...relay, claim: () => Promise.reject(new RelayError('relay/unreachable', 'gone')) };
  await take(one, '7B');
  await expect(one.sync(gone)).rejects.toMatchObject({ code: 'relay/unreachable' });
  await close();
});
