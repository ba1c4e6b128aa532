// A log file opened with what an earlier opening held in memory: the same store, read from there on.
import type { OpRecord, Scope } from '@tallystick/oplog';
import { createFileLogStore, type FileLogStore } from '@tallystick/oplog/file';
import { expect, it } from 'vitest';
import { makeChain } from './arbitraries.ts';
import { logStoreContract } from './contract.ts';
import { createMemoryFile, type MemoryFile } from './memory-file.ts';

const hq = 'hq' as Scope;

logStoreContract('file opened with its index', () => {
  const file = createMemoryFile();
  let store = createFileLogStore(file);
  function reopen(): FileLogStore {
    store = createFileLogStore(file, { index: store.encodeIndex() });
    return store;
  }
  return { store, reopen };
});

/** Four ops, two of them settled, indexed; then two more. */
function written(): { file: MemoryFile; index: Uint8Array; records: readonly OpRecord[] } {
  const file = createMemoryFile();
  const store = createFileLogStore(file);
  const records = makeChain(6);
  store.append(records.slice(0, 4));
  const hashes = records.slice(0, 2).map(({ hash }) => hash);
  store.settle(hq, 0, hashes, { size: 2, frontier: ['aa'.repeat(32)], note: 'n' });
  const index = store.encodeIndex() as Uint8Array;
  store.append(records.slice(4));
  return { file, index, records };
}

it('reads only the frames that came after the index', () => {
  const { file, index, records } = written();
  const store = createFileLogStore(file, { index });
  expect(store.scanned).toBe(2);
  expect(store.settled(hq, 0, 9)).toEqual(records.slice(0, 2));
  expect(store.pending(hq)).toEqual(records.slice(2));
  expect(createFileLogStore(file).scanned).toBe(6);
});

it('finds damage that it passed over, when it reads that part again', () => {
  const { file, index } = written();
  const recheck = (): number => [...createFileLogStore(file, { index }).recheck()].length;
  expect(recheck()).toBe(0);
  expect([...createFileLogStore(file).recheck()]).toEqual([]);
  const damagedAt = file.size() >> 2;
  const [byte] = file.read(damagedAt, 1) as unknown as [number];
  file.write(damagedAt, Uint8Array.of(byte ^ 1));
  expect(recheck).toThrow(expect.objectContaining({ code: 'store/damaged' }));
});

it('goes without an index that is damaged anywhere, or cut', () => {
  const { file, index, records } = written();
  for (let at = 0; at < index.length; at += 7) {
    const damaged = index.slice();
    damaged[at] = (damaged[at] as number) ^ 0x10;
    for (const bytes of [damaged, index.subarray(0, at)]) {
      const store = createFileLogStore(file, { index: bytes });
      expect(store.scanned).toBe(6);
      expect(store.pending(hq)).toEqual(records.slice(2));
    }
  }
});

it('goes without the index of another file, and of one that was cut below it', () => {
  const { file, index, records } = written();
  const other = createMemoryFile();
  createFileLogStore(other).append(makeChain(9, { scope: 'b/1' }));
  expect(createFileLogStore(other, { index }).scanned).toBe(9);
  const whole = createFileLogStore(file).encodeIndex() as Uint8Array;
  file.truncate(file.size() - 1);
  const store = createFileLogStore(file, { index: whole });
  expect(store.scanned).toBe(4);
  expect(store.recovered).toBeDefined();
  expect(store.pending(hq)).toEqual(records.slice(2, 4));
});

it('has no index of a file in which nothing stands', () => {
  expect(createFileLogStore(createMemoryFile()).encodeIndex()).toBeUndefined();
});
