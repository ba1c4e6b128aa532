import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpHash, OpRecord, Scope } from '@tallystick/oplog';
import { createFileLogStore, type FileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeChain } from './arbitraries.ts';
import { logStoreContract, refusal } from './contract.ts';
import { createMemoryFile, type MemoryFile } from './memory-file.ts';

const hq = 'hq' as Scope;
let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oplog-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  files += 1;
  return join(folder, `${files}.log`);
}

logStoreContract('file in memory', () => {
  const file = createMemoryFile();
  return { store: createFileLogStore(file), reopen: () => createFileLogStore(file) };
});

logStoreContract('Node file', () => {
  const path = newPath();
  let store = createFileLogStore(createNodeAppendFile(path));
  function reopen(): FileLogStore {
    store.close();
    store = createFileLogStore(createNodeAppendFile(path));
    return store;
  }
  return { store, reopen };
});

describe('file log store', () => {
  it('flushes once a change, and not for nothing', () => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    const records = makeChain(50);
    const before = file.flushes();
    store.append(records);
    expect(file.flushes()).toBe(before + 1);
    store.append(records);
    store.dropAsides([records[0]?.hash as OpHash]);
    store.setAside([]);
    expect(file.flushes()).toBe(before + 1);
  });

  it('keeps no bodies in memory: what the file gives is what a reader gets', () => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    const [record] = makeChain(1) as [OpRecord];
    store.append([record]);
    const at = Buffer.from(file.contents()).indexOf('sale.complete@1');
    file.write(at, new TextEncoder().encode('sale.complete@2'));
    expect(store.pending(hq)[0]?.op.verb).toBe('sale.complete@2');
  });

  it('reads neighbours at once and far bodies one by one, in the order asked for', () => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    const near = makeChain(20);
    const far = makeChain(3, { device: 'ff'.repeat(32) });
    store.append(near.slice(0, 10));
    store.append(far.slice(0, 1));
    store.setMeta('filler', 'x'.repeat(10_000));
    store.append([...far.slice(1), ...near.slice(10)]);
    const order = [...far, ...near].reverse();
    store.settle(
      hq,
      0,
      order.map(({ hash }) => hash),
      { size: order.length, frontier: [], note: '' },
    );
    expect(store.settled(hq, 0, 100)).toEqual(order);
    expect(store.settled(hq, 3, 5)).toEqual(order.slice(3, 8));
  });

  it('answers with a code after close', async () => {
    const store = createFileLogStore(createMemoryFile());
    store.append(makeChain(1));
    store.close();
    store.close();
    expect(await refusal(() => store.pending(hq))).toBe('store/closed');
    expect(await refusal(() => store.setMeta('a', 'b'))).toBe('store/closed');
  });

  it('opens a file whose single frame is larger than what it reads ahead', () => {
    const file = createMemoryFile();
    const records = makeChain(4_000);
    createFileLogStore(file).append(records);
    expect(file.size()).toBeGreaterThan(1 << 20);
    expect(createFileLogStore(createMemoryFile(file.contents())).pending(hq)).toEqual(records);
  });
});

/** A file with every kind of frame, the offsets where frames end, and how many ops are stored up to each. */
function sampleFile(): { bytes: Uint8Array; ends: { offset: number; ops: number; settled: number }[] } {
  const file = createMemoryFile();
  const store = createFileLogStore(file);
  const records = makeChain(6);
  const hashes = records.map(({ hash }) => hash);
  const [first] = records as [OpRecord];
  const ends = [{ offset: file.size(), ops: 0, settled: 0 }];
  const steps: (() => void)[] = [
    () => store.append(records.slice(0, 1)),
    () => store.append(records.slice(1, 4)),
    () => store.settle(hq, 0, hashes.slice(0, 2), { size: 2, frontier: ['aa'.repeat(32)], note: 'note\n' }),
    () => store.addReceipt({ scope: hq, note: 'receipt\n', lines: [{ position: 0, hash: first.hash }] }),
    () => store.setAside([{ hash: first.hash, scope: hq, code: 'chain/gap', message: 'held', bytes: first.bytes }]),
    () => store.dropAsides([first.hash]),
    () => store.setMeta('epoch', '1'),
    () => store.append(records.slice(4)),
  ];
  for (const step of steps) {
    step();
    ends.push({ offset: file.size(), ops: countOps(store), settled: store.tip(hq).size });
  }
  return { bytes: file.contents(), ends };
}

function countOps(store: FileLogStore): number {
  return store.pending(hq).length + store.settled(hq, 0, 100).length;
}

describe('file log store after a fault', () => {
  it('recovers exactly the whole frames before any truncation, and says what was lost', () => {
    const { bytes, ends } = sampleFile();
    for (let size = 0; size <= bytes.length; size++) {
      const file = createMemoryFile(bytes.subarray(0, size));
      const store = createFileLogStore(file);
      const end = ends.findLast(({ offset }) => offset <= size) ?? { offset: 0, ops: 0, settled: 0 };
      expect(countOps(store)).toBe(end.ops);
      expect(store.tip(hq).size).toBe(end.settled);
      expect(store.recovered).toEqual(
        size === end.offset ? undefined : { tornAt: end.offset, lostBytes: size - end.offset },
      );
      store.append(makeChain(1, { device: 'ee'.repeat(32) }));
      expect(countOps(createFileLogStore(createMemoryFile(file.contents())))).toBe(end.ops + 1);
    }
  });

  it('never takes a flipped byte for content: it cuts the last frame or refuses the file', async () => {
    const { bytes, ends } = sampleFile();
    const lastFrame = ends.at(-2)?.offset as number;
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 0x41;
      const file = createMemoryFile(flipped);
      if (at >= lastFrame) {
        const store = createFileLogStore(file);
        expect(store.recovered).toEqual({ tornAt: lastFrame, lostBytes: bytes.length - lastFrame });
      } else {
        const expected = at < (ends[0]?.offset as number) ? 'store/format' : 'store/damaged';
        expect(await refusal(() => createFileLogStore(file))).toBe(expected);
        expect(file.contents()).toEqual(flipped);
      }
    }
  });

  it('cuts a damaged file where it is damaged when told to', () => {
    const { bytes, ends } = sampleFile();
    const [, end] = ends as [unknown, { offset: number; ops: number }];
    const damaged = bytes.slice();
    damaged[end.offset + 20] = 0;
    const store = createFileLogStore(createMemoryFile(damaged), { onDamage: 'cut' });
    expect(store.recovered).toEqual({ tornAt: end.offset, lostBytes: bytes.length - end.offset });
    expect(countOps(store)).toBe(end.ops);
  });

  it('does not take a whole frame in another place for a frame', () => {
    const { bytes, ends } = sampleFile();
    const [start, end] = ends;
    const moved = bytes.slice(start?.offset, end?.offset);
    const file = createMemoryFile(Uint8Array.from([...bytes, ...moved]));
    expect(createFileLogStore(file).recovered).toEqual({ tornAt: bytes.length, lostBytes: moved.length });
  });

  it('refuses a file that is something else and leaves it alone', async () => {
    const foreign = new TextEncoder().encode('SQLite format 3\u0000 and so on');
    const file = createMemoryFile(foreign);
    expect(await refusal(() => createFileLogStore(file))).toBe('store/format');
    expect(await refusal(() => createFileLogStore(createMemoryFile(Uint8Array.of(0x53))))).toBe('store/format');
    expect(file.contents()).toEqual(foreign);
  });

  it('refuses a frame that a newer release wrote', async () => {
    const { bytes } = sampleFile();
    const { encodeFrame } = await import('../src/frame.ts');
    const newer = encodeFrame(200, Uint8Array.of(0xff), bytes.length);
    expect(await refusal(() => createFileLogStore(createMemoryFile(Uint8Array.from([...bytes, ...newer]))))).toBe(
      'store/newer',
    );
  });

  it.each([
    ['tallystick-log/2\n', 'store/newer'],
    ['tallystick-log/10\n', 'store/newer'],
    ['tallystick-log/3\nand more', 'store/newer'],
    ['tallystick-log/0\n', 'store/format'],
    ['tallystick-log/x\n', 'store/format'],
    ['\ufefftallystick-log/1\n', 'store/format'],
    ['\ufeff', 'store/format'],
  ])('tells a format of a newer release from none: %j is %s', async (line, code) => {
    const file = createMemoryFile(new TextEncoder().encode(line));
    expect(await refusal(() => createFileLogStore(file))).toBe(code);
    expect(file.contents()).toEqual(new TextEncoder().encode(line));
  });

  const failures: [string, (file: MemoryFile) => void, (file: MemoryFile) => void][] = [
    ['a write that fails at once', ({ faults }) => Object.assign(faults, { failWriteAfter: 0 }), () => undefined],
    ['a write that fails half-way', ({ faults }) => Object.assign(faults, { failWriteAfter: 40 }), () => undefined],
    [
      'a flush that fails',
      ({ faults }) => Object.assign(faults, { failFlush: true }),
      ({ faults }) => delete faults.failFlush,
    ],
    [
      'a flush that fails, with a file that cannot be cut',
      ({ faults }) => Object.assign(faults, { failFlush: true, failTruncate: true }),
      ({ faults }) => {
        delete faults.failFlush;
        delete faults.failTruncate;
      },
    ],
  ];
  it.each(failures)('stays usable after %s', async (_name, breakFile, mend) => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    const [first, second, third] = makeChain(3) as [OpRecord, OpRecord, OpRecord];
    store.append([first]);
    breakFile(file);
    expect(await refusal(() => store.append([second]))).toBe('store/write');
    expect(store.has(second.hash)).toBe(false);
    expect(store.pending(hq)).toEqual([first]);
    expect(store.head(first.op.device, hq)?.seq).toBe(1);
    mend(file);
    store.append([third]);
    expect(store.pending(hq)).toEqual([first, third]);
    const again = createFileLogStore(createMemoryFile(file.contents()));
    expect(again.recovered).toBeUndefined();
    expect(again.pending(hq)).toEqual([first, third]);
  });

  it('keeps refusing while the file cannot be cut', async () => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    Object.assign(file.faults, { failWriteAfter: 30, failTruncate: true });
    const [record] = makeChain(1) as [OpRecord];
    expect(await refusal(() => store.append([record]))).toBe('store/write');
    expect(await refusal(() => store.append([record]))).toBe('store/write');
    delete file.faults.failTruncate;
    store.append([record]);
    expect(store.pending(hq)).toEqual([record]);
  });

  it('makes a file that only its owner may read', () => {
    const path = newPath();
    createNodeAppendFile(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('notices a second writer and appends nothing', async () => {
    const path = newPath();
    const [ours, theirs] = [
      createFileLogStore(createNodeAppendFile(path)),
      createFileLogStore(createNodeAppendFile(path)),
    ];
    const [first, second] = makeChain(2) as [OpRecord, OpRecord];
    ours.append([first]);
    expect(await refusal(() => theirs.append([second]))).toBe('store/moved');
    ours.append([second]);
    ours.close();
    theirs.close();
    const again = createFileLogStore(createNodeAppendFile(path));
    expect(again.pending(hq)).toEqual([first, second]);
    again.close();
  });

  it('writes nothing of a batch that holds a record nobody could read again', async () => {
    const file = createMemoryFile();
    const store = createFileLogStore(file);
    const [first, second] = makeChain(2) as [OpRecord, OpRecord];
    const unreadable = { ...second, bytes: second.bytes.subarray(0, second.bytes.length - 1) };
    const before = file.contents();
    expect(await refusal(() => store.append([first, unreadable]))).toBe('record/corrupt');
    expect(file.contents()).toEqual(before);
    expect(store.has(first.hash)).toBe(false);
  });

  it('says which stored record can no longer be read', async () => {
    const path = newPath();
    const store = createFileLogStore(createNodeAppendFile(path));
    const [record] = makeChain(1) as [OpRecord];
    store.append([record]);
    truncateSync(path, 60);
    expect(await refusal(() => store.get(record.hash))).toBe('store/read');
    writeFileSync(path, new Uint8Array(2_000).fill(0xff));
    expect(await refusal(() => store.get(record.hash))).toBe('record/corrupt');
    store.close();
  });
});
