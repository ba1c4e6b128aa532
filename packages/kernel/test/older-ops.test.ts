// Ops before the stored ones: what is asked of a relay for them, when, and that nobody who writes waits for it.
import { openBook } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import { describe, expect, it } from 'vitest';
import { memoryPlace, settle, traded } from './archives.ts';
import { createTestRelay, HQ } from './fleet.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';

const BRANCH = 'b/042' as Scope;

/** A relay whose first answer comes when it is told to. */
function slowRelay(relay: RelayClient): { client: RelayClient; isAsked: Promise<void>; answer(): void } {
  const [asked, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const client: RelayClient = {
    ...relay,
    pull: async (...question) => {
      asked.resolve();
      await told.promise;
      return relay.pull(...question);
    },
  };
  return { client, isAsked: asked.promise, answer: told.resolve };
}

/** How many requests some work makes of a relay. */
async function requestsOf(relay: RelayClient, work: (client: RelayClient) => Promise<unknown>): Promise<number> {
  let requests = 0;
  const client: RelayClient = { ...relay, pull: (...question) => (requests++, relay.pull(...question)) };
  await work(client).catch(() => undefined);
  return requests;
}

describe('older ops', () => {
  it('are fetched from a relay while others write', async () => {
    const fleet = await traded();
    const { till, office, relay } = fleet;
    await till.archive({ to: memoryPlace() });
    const { size } = till.log.tip(HQ);
    const asked: Record<string, (client: RelayClient) => Promise<unknown>> = {
      prove: (client) => till.prove(stores['better-sqlite3'](), { relay: client }),
      replay: (client) => till.replay(stores['better-sqlite3'](), { relay: client }),
      asOf: (client) => till.asOf({ sizes: { [HQ]: size } }, stores['better-sqlite3'](), { relay: client }),
      attest: (client) => till.attest({ size, fresh: stores['better-sqlite3'](), older: { relay: client } }),
    };
    for (const [name, ask] of Object.entries(asked)) {
      const slow = slowRelay(relay);
      const answer = ask(slow.client);
      await slow.isAsked;
      expect((await till.commit('stock.move', { sku: 'meanwhile', quantity: 1 })).ok, name).toBe(true);
      slow.answer();
      expect(await answer, name).toBeDefined();
    }
    // What went into an archive in the meantime is asked for as well.
    await settle(fleet);
    const slow = slowRelay(relay);
    const proof = till.prove(stores['better-sqlite3'](), { relay: slow.client });
    await slow.isAsked;
    expect((await till.archive({ to: memoryPlace() })).from).toBe(size);
    slow.answer();
    expect((await proof).problems).toEqual([]);
    // The book may be closed before the ops come.
    const late = slowRelay(relay);
    const never = till.prove(stores['better-sqlite3'](), { relay: late.client });
    await late.isAsked;
    await till.close();
    late.answer();
    await expect(never).rejects.toMatchObject({ code: 'kernel/closed' });
    await office.close();
  });

  it('are not fetched for a question that needs none of it, or cannot be answered', async () => {
    const fleet = await traded();
    const { till, relay } = fleet;
    await till.archive({ to: memoryPlace() });
    const fresh = stores['better-sqlite3']();
    const { size } = till.log.tip(HQ);
    const asked: readonly [string, (older: { relay: RelayClient }) => Promise<unknown>][] = [
      ['of all that is settled', (older) => till.attest({ older } as never)],
      ['without a store', (older) => till.attest({ size, older } as never)],
      ['of more than there is', (older) => till.attest({ size: size + 1, fresh, older })],
      ['of nothing', (older) => till.attest({ size: 0, fresh, older })],
      ['of a scope that is not here', (older) => till.attest({ scope: BRANCH, size: 1, fresh, older })],
      ['as of more than there is', (older) => till.asOf({ sizes: { [HQ]: size + 9 } }, fresh, older)],
      ['as of a scope that is not here', (older) => till.asOf({ sizes: { [BRANCH]: 0 } }, fresh, older)],
    ];
    for (const [what, ask] of asked) expect(await requestsOf(relay, (client) => ask({ relay: client })), what).toBe(0);
    expect(await requestsOf(relay, (client) => till.attest({ size, fresh, older: { relay: client } }))).toBeGreaterThan(
      0,
    );
    await fresh.close();
    await fleet.close();
  });

  it('of another scope are not needed for what one scope was', async () => {
    const relay = await createTestRelay();
    const keys = memoryKeys();
    const book = await openBook({
      store: stores['better-sqlite3'](),
      keys,
      verbs: shopVerbs,
      edge: testEdge(),
      replicate: 'all',
    });
    await book.commit('stock.move', { sku: 'tea', quantity: 1 });
    await book.sync(relay);
    await book.commit('stock.move', { sku: 'tea', quantity: 2 }, { scope: BRANCH });
    await book.sync(relay);
    await book.archive({ to: memoryPlace(), scope: BRANCH });
    const { size } = book.log.tip(HQ);
    const [then, fresh] = [stores['better-sqlite3'](), stores['better-sqlite3']()];
    const asked = await requestsOf(relay, async (client) => {
      const older = { relay: client };
      expect((await book.asOf({ sizes: { [HQ]: size } }, then, older)).scopes).toMatchObject([{ scope: HQ, size }]);
      expect((await book.attest({ size, fresh, older })).ok).toBe(true);
    });
    expect(asked).toBe(0);
    for (const store of [then, fresh]) await store.close();
    await book.close();
  });
});
