// What a till that began anew must have before it writes on, read out of real log files that were damaged.
import { createFileLogStore, salvageLogFile } from '@tallystick/oplog/file';
import type { DeviceId } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { makeChain } from '../../../packages/oplog/test/arbitraries.ts';
import { createMemoryFile } from '../../../packages/oplog/test/memory-file.ts';
import { headsOf, noteAsides } from '../src/engine/aside-heads.ts';
import { asideUnread, forgetReadAside, nameAsideWriter } from '../src/engine/aside-unread.ts';

const book = 'b0'.repeat(32);
const records = makeChain(4);
const [first] = records;
const device = first?.op.device as DeviceId;
const another = 'ad'.repeat(32) as DeviceId;

/** The log that a till kept, and where each of its records begins in it. */
function oldLog(): { readonly bytes: Uint8Array; readonly starts: readonly number[] } {
  const file = createMemoryFile();
  const log = createFileLogStore(file);
  log.setMeta('book', book);
  const starts = records.map((record) => {
    const at = file.size();
    log.append([record]);
    return at;
  });
  return { bytes: file.contents(), starts };
}

function damagedAt(place: number): Uint8Array {
  const { bytes, starts } = oldLog();
  bytes.fill(0, starts[place], (starts[place] ?? 0) + 8);
  return bytes;
}

/** The new log of the same till, with so many of its ops, after it was set up again beside these old ones. */
async function anew(has: number, ...asides: readonly Uint8Array[]) {
  const log = createFileLogStore(createMemoryFile());
  log.append(records.slice(0, has));
  await noteAsides(
    log,
    book,
    asides.map((bytes) => ({ file: new File([bytes as Uint8Array<ArrayBuffer>], 'aside') })),
  );
  await nameAsideWriter(log, device);
  return log;
}

it('waits until it has the last op that reads of its own, whatever is damaged before it', async () => {
  expect(headsOf(salvageLogFile(damagedAt(1)))).toMatchObject([{ device, seq: 4, isLast: true }]);
  const log = await anew(3, damagedAt(1));
  expect(asideUnread(log, device)).toBe('waits');
  expect(asideUnread(log, undefined)).toBe('waits');
  expect(asideUnread(log, another)).toBeUndefined();
  await forgetReadAside(log, device);
  expect(asideUnread(log, device)).toBe('waits');
  log.append(records.slice(3));
  expect(asideUnread(log, device)).toBeUndefined();
  await forgetReadAside(log, device);
  expect(asideUnread(log, undefined)).toBeUndefined();
});

it('never writes on under a key whose last ops may have stood where nothing reads', async () => {
  const log = await anew(4, damagedAt(3));
  expect(asideUnread(log, device)).toBe('lost');
  await forgetReadAside(log, another);
  expect(asideUnread(log, undefined)).toBeUndefined();
});

it('never writes on under a key of whose ops none reads, and keeps no other key from it', async () => {
  const { bytes } = oldLog();
  const unread = oldLog().bytes;
  for (const [place, at] of oldLog().starts.entries()) unread.fill(0, at, oldLog().starts[place + 1]);
  for (const nothing of [new Uint8Array(bytes.length), unread]) {
    const log = await anew(2, nothing);
    expect(asideUnread(log, device)).toBe('lost');
    expect(asideUnread(log, another)).toBeUndefined();
    await nameAsideWriter(log, another);
    expect(asideUnread(log, another)).toBeUndefined();
  }
  // One that was put aside before is of an older key, or was followed by one in which its ops read.
  expect(asideUnread(await anew(4, new Uint8Array(bytes.length), bytes), device)).toBeUndefined();
});

it('takes the newest of several logs, and none of another book', async () => {
  const whole = oldLog().bytes;
  expect(asideUnread(await anew(3, damagedAt(1), whole), device)).toBe('waits');
  expect(asideUnread(await anew(4, whole), device)).toBeUndefined();
  const foreign = createMemoryFile();
  const other = createFileLogStore(foreign);
  other.setMeta('book', 'c0'.repeat(32));
  other.append(records);
  expect(asideUnread(await anew(0, foreign.contents()), device)).toBeUndefined();
});
