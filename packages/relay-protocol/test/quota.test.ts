// A book that is full: served as before, deaf to what is new, and never kept from throwing out whoever filled it.
import { describe, expect, it } from 'vitest';
import { createMemoryRelayStore, createRelay } from '../src/index.ts';
import { follow, followAll, openDesk } from './desk.ts';
import { createFleet, ed25519, hasher, type OpChanges, relaySigner } from './fleet.ts';

const maxBookBytes = 16_000;

describe('a book that has used up its bytes', () => {
  it('takes nothing new, answers what it has, and is read', async () => {
    const { book, genesis, root } = createFleet();
    const desk = openDesk({ limits: { maxBookBytes } });
    await desk.push(book, [genesis]);
    let last = root.writeMany(5);
    let stored = 1;
    for (;;) {
      const records = stored === 1 ? last : root.writeMany(5);
      const answer = await desk.push(book, records).catch((error: unknown) => error);
      if (answer instanceof Error) {
        expect(answer).toMatchObject({ code: 'relay/quota', status: 403 });
        break;
      }
      last = records;
      stored += records.length;
    }
    expect(stored).toBeGreaterThan(20);
    expect(await desk.store.storedBytes?.(book)).toBeLessThanOrEqual(maxBookBytes);
    // A push whose answer was lost is answered again, and whoever reads reads all of it.
    const { results } = await desk.push(book, last);
    expect(results.map(({ verdict }) => verdict)).toEqual(last.map(() => 'exists'));
    expect((await followAll(follow(desk.client, book))).records).toHaveLength(stored);
    // Another book has its own.
    const other = createFleet('another shop');
    expect((await desk.push(other.book, [other.genesis])).results[0]?.verdict).toBe('stored');
  });

  it('lets people in and out to the last byte, and counts what other relays of the store appended', async () => {
    const fleet = createFleet();
    const store = createMemoryRelayStore();
    let nowMs = 1_764_500_000_000;
    const desk = openDesk({ store, limits: { maxBookBytes }, now: () => nowMs });
    const unbounded = openDesk({ store });
    const { writer, enrolment } = fleet.enrol('till');
    await desk.push(fleet.book, [fleet.genesis, enrolment]);
    const bytes = async (): Promise<number> => (await store.storedBytes?.(fleet.book)) ?? 0;
    while ((await bytes()) < maxBookBytes - maxBookBytes / 16) await unbounded.push(fleet.book, [writer.write()]);
    const { device } = writer.key;
    const revocation = fleet.root.write({ verb: 'device.revoke@1', args: { device, reason: 'stolen' } });
    nowMs += 61_000;
    await expect(desk.push(fleet.book, [writer.write()])).rejects.toMatchObject({ code: 'relay/quota' });
    expect((await desk.push(fleet.book, [revocation])).results[0]?.verdict).toBe('stored');
    expect(await bytes()).toBeLessThanOrEqual(maxBookBytes);
  });

  it('keeps room for an owner, whatever others write about devices', async () => {
    const fleet = createFleet();
    const desk = openDesk({ limits: { maxBookBytes } });
    const { writer, enrolment } = fleet.enrol('phone', 'customer');
    await desk.push(fleet.book, [fleet.genesis, enrolment]);
    const verb = 'device.enroll@1';
    const args = { device: 'ab'.repeat(32), key: 'cd'.repeat(32), name: 'x', role: 'owner' };
    let [seq, prev] = [1, enrolment.hash];
    const fill = async (changes: OpChanges): Promise<number> => {
      for (let stored = 0; ; stored++) {
        const op = writer.craft({ ...changes, seq, prev });
        const answer = await desk.push(fleet.book, [op]).catch((error: { code: string }) => error.code);
        if (answer === 'relay/quota') return stored;
        expect(answer).toMatchObject({ results: [{ verdict: 'stored' }] });
        [seq, prev] = [seq + 1, op.hash];
      }
    };
    expect(await fill({})).toBeGreaterThan(10);
    expect(await fill({ verb, args })).toBeLessThan(3);
    const revocation = { device: writer.key.device, reason: 'it filled the book' };
    const { results } = await desk.push(fleet.book, [fleet.root.write({ verb: 'device.revoke@1', args: revocation })]);
    expect(results[0]?.verdict).toBe('stored');
  });

  it('needs a store that counts', () => {
    const { storedBytes: _, ...store } = createMemoryRelayStore();
    const signer = relaySigner();
    const open = (): unknown => createRelay({ store, signer, hasher, ed25519, limits: { maxBookBytes } });
    expect(open).toThrow(expect.objectContaining({ code: 'relay/store' }));
  });
});
