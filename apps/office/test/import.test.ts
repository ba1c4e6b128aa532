// A book that travels by files alone, from the command line: taken in as far as it verifies, with words for what is not, and what was set aside.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpRecord, Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { type Ended, jsonOf, runTally } from './tally-process.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const run = (home: string, ...args: readonly string[]): Promise<Ended> => runTally(...args, '--data', at(home));
let book = '';

async function ask(home: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const ended = await run(home, ...args, '--json');
  if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}`);
  return jsonOf(ended);
}

const fileOf = (records: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify({ tallystick: 'book/1', book, scopes: [] })}\n`),
    encodeBundle(records.map((bytes) => ({ bytes }))),
  ]);

async function lastOp(home: string): Promise<OpRecord> {
  const opened = await openReader(homeAt(at(home)));
  const last = (await opened.log.pending('hq' as Scope)).at(-1);
  await opened.close();
  return last as OpRecord;
}

beforeAll(async () => {
  book = String((await ask('office', 'init'))['book']);
  await ask('office', 'export', at('early.book'));
  const { key } = await ask('van', 'enrol');
  await ask('office', 'enrol', String(key), '--name', 'Van', '--role', 'manager');
  await ask('office', 'export', at('office.txt'), '--text');
});

describe('a book file', () => {
  it('begins a replica as text, and brings its work back as bytes', async () => {
    expect(await run('van', 'import', at('office.txt'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--book ID is missing/),
    });
    const joined = await ask('van', 'import', at('office.txt'), '--book', book);
    expect(joined).toMatchObject({ book, known: 0, aside: [], notKept: [], damagedFrames: [], missingFrames: [] });
    expect((await run('van', 'day', '2026-03-02')).stderr).toMatch(/kernel\/unanchored/);
    expect(await ask('van', 'import', at('office.txt'), '--anchor')).toMatchObject({ added: 0 });
    await ask('van', 'day', '2026-03-02');
    await ask('van', 'export', at('van.book'));
    const back = await run('office', 'import', at('van.book'));
    expect([back.status, back.stdout]).toEqual([0, `1 ops new, ${joined['added']} known, 0 settled\n`]);
    expect(await ask('office', 'day')).toMatchObject({ day: '2026-03-02' });
  });

  it('is told where it is damaged, and the rest of it is taken in', async () => {
    const text = readFileSync(at('office.txt'), 'utf8');
    writeFileSync(
      at('scratched.txt'),
      text.replace(/(?<=^(.*\n){3}.{9})./, (letter) => (letter === 'A' ? 'B' : 'A')),
    );
    const scratched = await run('scratched', 'import', at('scratched.txt'), '--book', book);
    expect(scratched).toMatchObject({ status: 1, stderr: expect.stringMatching(/number 1, is damaged at line 1/) });
    writeFileSync(at('torn.book'), readFileSync(at('van.book')).subarray(0, -10));
    const torn = await run('torn', 'import', at('torn.book'), '--book', book);
    expect(torn).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/torn at byte \d+; what came before is taken in/),
    });
    expect(torn.stdout).toMatch(/^\d+ ops new, 0 known/);
    writeFileSync(at('letter.txt'), 'Dear Sir,');
    expect(await run('torn', 'import', at('letter.txt'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/neither a book file/),
    });
  });

  it('leaves aside what has no author yet, says what found no room, and forgets what people dismiss', async () => {
    await ask('old', 'import', at('early.book'), '--book', book);
    const record = await lastOp('van');
    const copies = Array.from({ length: 1_001 }, (_, i) => {
      const bytes = record.bytes.slice();
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(40, i);
      return bytes;
    });
    writeFileSync(at('copies.book'), fileOf(copies));
    const full = await run('old', 'import', at('copies.book'));
    expect(full).toMatchObject({ status: 1, stdout: expect.stringMatching(/1 set aside \(see: tally asides\)/) });
    expect(full.stderr).toMatch(/^1 ops found no room aside/);
    const { asides } = await ask('old', 'asides');
    expect(asides).toMatchObject([{ hash: record.hash, name: '', verb: 'day.open@1', copies: 1_000 }]);
    const listed = await run('old', 'asides', record.hash.slice(0, 8));
    expect(listed.stdout.split('\n')[2]).toMatch(/day\.open@1 +1000 +chain\/unknown-device: /);
    expect(await run('old', 'asides', 'abcdef')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/"abcdef" is not one op/),
    });
    expect(await ask('old', 'asides', record.hash, '--dismiss')).toEqual({ dismissed: 1 });
    expect((await run('old', 'asides')).stdout).toBe('Nothing is set aside.\n');
  });
});

describe('the log file of a till', () => {
  it('is taken in though it is damaged in the middle, as far as it reads', async () => {
    const office = await openReader(homeAt(at('office')));
    const records = await office.log.pending('hq' as Scope);
    await office.close();
    const file = createNodeAppendFile(at('till.log'));
    const log = createFileLogStore(file);
    log.setMeta('book', book);
    const ends = records.map((record) => {
      log.append([record]);
      return file.size();
    });
    log.close();
    // Inside of the third op, which the heir has from elsewhere.
    const bytes = readFileSync(at('till.log'));
    const damagedAt = (ends[1] ?? 0) + 60;
    bytes[damagedAt] = (bytes[damagedAt] ?? 0) ^ 1;
    writeFileSync(at('till.log'), bytes);
    const early = await ask('heir', 'import', at('early.book'), '--book', book);
    const taken = await run('heir', 'import', at('till.log'), '--json');
    expect(taken).toMatchObject({ status: 1, stderr: expect.stringContaining('do not read') });
    const frame = (ends[2] ?? 0) - (ends[1] ?? 0);
    expect(jsonOf(taken)).toMatchObject({
      added: records.length - Number(early['added']),
      known: Number(early['added']) - 1,
      aside: [],
      damagedBytes: [{ at: ends[1], bytes: frame }],
    });
    // And its first line, by which it would be known.
    bytes.fill(0, 0, 8);
    writeFileSync(at('till.log'), bytes);
    const again = await run('heir', 'import', at('till.log'), '--json');
    expect(again.status).toBe(1);
    expect(jsonOf(again)).toMatchObject({
      known: records.length - 1,
      damagedBytes: [
        { at: 0, bytes: 17 },
        { at: ends[1], bytes: frame },
      ],
    });
  });
});
