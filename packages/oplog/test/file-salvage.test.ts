// What is read of a log file that nothing can open any more.
import fc from 'fast-check';
import { createFileLogStore, isLogFile, salvageLogFile } from '@tallystick/oplog/file';
import { expect, it } from 'vitest';
import { makeChain } from './arbitraries.ts';
import { createMemoryFile } from './memory-file.ts';

const book = 'b0'.repeat(32);
const records = makeChain(6);
const file = createMemoryFile();
const store = createFileLogStore(file);
store.setMeta('book', book);
/** Where each frame ends that holds one record. */
const ends = records.map((record) => {
  store.append([record]);
  return file.size();
});
const whole = file.contents();

it('reads all of a whole file, and nothing of what is none', () => {
  const meta = new Map([['book', book]]);
  const starts = [0, ...ends.slice(0, -1)].map((end, index) => (index === 0 ? (ends[0] ?? 0) - frameBytesOf(0) : end));
  const placesByHash = new Map(records.map(({ hash }, index) => [hash, starts[index]]));
  expect(salvageLogFile(whole)).toEqual({ records, placesByHash, book, meta, damaged: [] });
  expect(salvageLogFile(new Uint8Array(300)).records).toEqual([]);
});

it('knows a file whose first line is damaged by its frames, and reads them all', () => {
  const bytes = whole.slice();
  bytes.fill(0xff, 0, 17);
  expect(isLogFile(whole)).toBe(true);
  expect(isLogFile(bytes)).toBe(true);
  expect(salvageLogFile(bytes)).toMatchObject({ records, book, damaged: [{ at: 0, bytes: 17 }] });
  expect(isLogFile(new TextEncoder().encode('{"book":"tallystick-log/1"}'))).toBe(false);
  expect(isLogFile(new Uint8Array(300).fill(0xf5))).toBe(false);
});

it('has the last note that reads under a name', () => {
  const noted = createMemoryFile();
  const log = createFileLogStore(noted);
  log.setMeta('key', 'first');
  const from = noted.size();
  log.setMeta('key', 'second');
  const both = noted.contents();
  expect(salvageLogFile(both).meta.get('key')).toBe('second');
  const damaged = both.slice();
  damaged.fill(0, from, from + 8);
  expect(salvageLogFile(damaged).meta.get('key')).toBe('first');
});

it('loses the frames that were damaged and no other, wherever it is (property)', () => {
  fc.assert(
    fc.property(fc.nat(whole.length - 18), fc.nat(900), fc.nat(254), (from, length, noise) => {
      const at = from + 17;
      const bytes = whole.slice();
      bytes.fill(noise, at, at + length + 1);
      const until = Math.min(at + length + 1, whole.length);
      const isChanged = (start: number, end: number): boolean =>
        at < end &&
        until > start &&
        !Buffer.from(bytes.subarray(start, end)).equals(Buffer.from(whole.subarray(start, end)));
      const left = records.filter((_, index) => {
        const start = index === 0 ? (ends[0] ?? 0) - frameBytesOf(0) : (ends[index - 1] ?? 0);
        return !isChanged(start, ends[index] ?? 0);
      });
      expect(salvageLogFile(bytes).records.map(({ hash }) => hash)).toEqual(left.map(({ hash }) => hash));
    }),
    { numRuns: 300 },
  );
});

/** Header, hash and length beside the record itself. */
function frameBytesOf(index: number): number {
  return 13 + 34 + (records[index]?.bytes.length ?? 0);
}

it('says of an op where it was written first, though another copy of it was put in its place later', () => {
  const file = createMemoryFile();
  const log = createFileLogStore(file);
  const [one, two] = records.slice(0, 2).map((record) => {
    const at = file.contents().length;
    log.append([record]);
    return { record, at };
  });
  if (one === undefined || two === undefined) throw new Error('two are needed');
  log.replace([one.record]);
  expect(salvageLogFile(file.contents()).placesByHash.get(one.record.hash)).toBe(one.at);
  const bytes = file.contents();
  bytes.fill(0, one.at, two.at);
  // Its own frame is damaged: where it stands now says nothing of when it was written.
  const salvage = salvageLogFile(bytes);
  expect(salvage.records).toHaveLength(2);
  expect(salvage.placesByHash.get(one.record.hash)).toBeUndefined();
});

it('ends soon for bytes in which frame after frame seems to begin, and reads what stands before them', () => {
  const seeming = Uint8Array.of(0xf5, 0x74, 0x6c, 0x79, 1, 0, 0x10, 0, 0, 0, 0, 0, 0);
  const bytes = new Uint8Array(whole.length + seeming.length * 200_000);
  bytes.set(whole);
  for (let at = whole.length; at < bytes.length; at += seeming.length) bytes.set(seeming, at);
  const { records: read, damaged } = salvageLogFile(bytes);
  expect(read).toEqual(records);
  expect(damaged).toEqual([{ at: whole.length, bytes: bytes.length - whole.length }]);
  expect(isLogFile(bytes.subarray(whole.length))).toBe(false);
});
