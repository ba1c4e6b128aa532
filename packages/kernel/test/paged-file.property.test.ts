// Pages in two files against the same bytes in memory: whatever is written, kept, cut off by a full disk or begun from again.
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import { createMemoryFile, type MemoryFile } from '../../oplog/test/memory-file.ts';
import { PagedFile } from '../src/paged-file.ts';
import { savePages } from '../src/paged-file-save.ts';

const PAGE = 4096;
/** Few, so that pages go to the file and come back. */
const inMemory = 3;

function memoryPair(): readonly [MemoryFile, MemoryFile] {
  return [createMemoryFile(), createMemoryFile()];
}

describe('rows in files', () => {
  it('reads what was written, and begins from what was kept last (property)', () => {
    const write = fc.record({
      kind: fc.constant('write' as const),
      at: fc.nat(12 * PAGE),
      length: fc.integer({ min: 1, max: 2 * PAGE }),
      byte: fc.nat(255),
    });
    const other = fc.constantFrom('keep', 'die', 'full').map((kind) => ({ kind }) as const);
    fc.assert(
      fc.property(fc.array(fc.oneof({ arbitrary: write, weight: 3 }, other), { maxLength: 40 }), (steps) => {
        const files = memoryPair();
        let bytes = new Uint8Array(PAGE).fill(7);
        let kept: Uint8Array<ArrayBuffer> | undefined;
        let file = PagedFile.from(bytes, files, inMemory);
        for (const step of steps) {
          if (step.kind === 'write') {
            const at = Math.min(step.at, bytes.length);
            const part = new Uint8Array(step.length).fill(step.byte);
            file.set(part, at);
            const grown = new Uint8Array(Math.max(bytes.length, Math.ceil((at + part.length) / PAGE) * PAGE));
            grown.set(bytes);
            grown.set(part, at);
            bytes = grown;
          } else if (step.kind === 'keep') {
            savePages(file, 'said');
            kept = bytes.slice();
          } else if (step.kind === 'full') {
            const writes = files.map(({ write: real }) => real);
            for (const one of files) one.write = full;
            expect(() => savePages(file, 'not said')).toThrow('full');
            files.forEach((one, index) => (one.write = writes[index] as MemoryFile['write']));
          } else if (kept !== undefined) {
            const found = PagedFile.open(files, inMemory);
            expect(found?.header).toBe('said');
            file = found as PagedFile;
            bytes = kept.slice();
          }
          for (let page = 0; page * PAGE < bytes.length; page++)
            expect(file.subarray(page * PAGE, (page + 1) * PAGE)).toEqual(
              bytes.subarray(page * PAGE, (page + 1) * PAGE),
            );
        }
        expect(PagedFile.open(files)?.header).toBe(kept === undefined ? undefined : 'said');
      }),
      { numRuns: 60 },
    );
  });

  it('begins from the image before when the last save was cut off anywhere', () => {
    const files = memoryPair();
    const file = PagedFile.from(new Uint8Array(2 * PAGE).fill(1), files);
    savePages(file, 'first');
    file.set(new Uint8Array(PAGE).fill(2), 0);
    savePages(file, 'second');
    const [, second] = files;
    for (const cut of [1, 8, 21, PAGE, second.size()]) {
      const torn = createMemoryFile();
      torn.write(0, second.read(0, second.size() - cut));
      const found = PagedFile.open([files[0], torn]);
      expect(found?.header).toBe('first');
      expect(found?.subarray(0, 1)[0]).toBe(1);
    }
  });

  it('reads no page that is not as it was written, and is begun from no more then', () => {
    const files = memoryPair();
    savePages(PagedFile.from(new Uint8Array(3 * PAGE).fill(1), files), 'kept');
    files[0].write(PAGE + 5, Uint8Array.of(9));
    const found = PagedFile.open(files) as PagedFile;
    expect(found.subarray(0, PAGE)).toEqual(new Uint8Array(PAGE).fill(1));
    expect(() => found.subarray(PAGE, 2 * PAGE)).toThrow(expect.objectContaining({ name: 'ErrnoError' }));
    expect(PagedFile.open(files)).toBeUndefined();
  });

  it('is what sql.js reads and writes, until sql.js makes the file shorter', async () => {
    const sqlite = await initSqlJs();
    const first = new sqlite.Database();
    first.run('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)');
    const files = memoryPair();
    const file = PagedFile.from(first.export(), files, inMemory);
    const db = new sqlite.Database(file as unknown as Uint8Array);
    db.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO t SELECT i, hex(randomblob(20)) FROM n`);
    const rows = db.exec('SELECT * FROM t');
    expect(file.isInUse).toBe(true);
    savePages(file, 'kept');
    db.run('DELETE FROM t');
    const again = PagedFile.open(files, inMemory) as PagedFile;
    expect(new sqlite.Database(again as unknown as Uint8Array).exec('SELECT * FROM t')).toEqual(rows);
    db.run('VACUUM');
    expect(file.isInUse).toBe(false);
    expect(db.exec('SELECT count(*) FROM t')[0]?.values).toEqual([[0]]);
  });
});

function full(): never {
  throw new Error('the disk is full');
}
