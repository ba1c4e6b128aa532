/** What is lost when a device, a relay, a disk or all of the middle is lost: never more than was said to be only here. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '@tallystick/oplog';
import { createMemoryRelayStore } from '@tallystick/relay-protocol';
import { framesOf, recutBookFile } from '@tallystick/testkit';
import { nodeStore } from '@tallystick/kernel/node';
import { openBook } from '@tallystick/kernel';
import type { Witness } from './claim.ts';
import { count, type Device, memoryKeys, must, type Play, playsOf, sales } from './firm.ts';
import { rowsOf, saleOf, sell, sellMany, type ShopBook, short, verbs } from './shop.ts';

const BRANCHES = 50;
const NEWLINE = 0x0a;
/** Before each frame of a book file. */
const LENGTH_BYTES = 2;

/** The browser throws the till's files away; its key was backed up. The fault: the relay has lost its log as well. */
const evicted: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 12);
  await firm.meet(till.book);
  await sellMany(till.book, 8);
  const saidToBeHereAlone = till.book.pendingOps().filter(({ stage }) => stage === 'local').length;
  await wipe(till);
  if (broken) await firm.relay.restart(createMemoryRelayStore());
  const again = await firm.open(till);
  const tooEarly = await trySale(again);
  await firm.meet(again);
  const back = sales(again);
  const goesOn = await trySale(again);
  const forks = count(again, "SELECT count(*) AS n FROM refusals WHERE code = 'kernel/fork'");
  return {
    of: { sold: 20 },
    facts: { saidToBeHereAlone, back, lost: 20 - back, tooEarly, forks },
    holds: back + saidToBeHereAlone === 20 && tooEarly !== 'ok' && goesOn === 'ok' && forks === 0,
  };
};

/** A phone is lost with work on it, and its finder sells on. The fault: nobody revokes it. */
const lostPhone: Play = async (firm, broken) => {
  const phone = await firm.enlist('phone', 'van');
  await sellMany(phone.book, 3);
  await firm.meet(phone.book, firm.office);
  await sellMany(phone.book, 2);
  const own = new Set(phone.book.pendingOps().map(({ hash }) => hash));
  if (!broken) must(await firm.office.commit('device.revoke', { device: phone.book.device, reason: 'lost' }));
  await firm.meet(firm.office);
  await sell(phone.book, 'stolen', 9);
  await firm.meet(phone.book, firm.office);
  const waiting = firm.office.quarantine();
  for (const { hash } of waiting) {
    const verdict = own.has(hash)
      ? await firm.office.commit('device.recover', { op: hash })
      : await firm.office.commit('device.dismiss', { op: hash, reason: 'sold by the finder' });
    must(verdict);
  }
  const stolen = count(firm.office, "SELECT count(*) AS n FROM documentLines WHERE sku = 'stolen'");
  return {
    of: { sold: 5, waited: waiting.length },
    facts: { counted: sales(firm.office), stolen },
    holds: sales(firm.office) === 5 && stolen === 0 && waiting.length === 3,
  };
};

/** Relay and office burn while every branch still has sales that it told nobody. The fault: one branch lost its last sale. */
const blackout: Play = async (firm, broken) => {
  const tills: Device[] = [];
  for (let n = 1; n <= BRANCHES; n++)
    tills.push(await firm.enlist(`till-${n}`, 'till', { scope: `b/${String(n).padStart(3, '0')}` as Scope }));
  await firm.meet(firm.office);
  for (const { book } of tills) {
    await book.sync(firm.relay.client());
    await sellMany(book, 2, (sale) => `sku-${sale}`);
    await book.sync(firm.relay.client());
    await sell(book, 'after-hours', 1);
  }
  // What the office would have come to, had it lived: told by files, past the relay.
  await firm.meet(firm.office);
  const files = [];
  for (const { book } of tills) files.push(await book.export());
  for (const file of files) await firm.office.import(file);
  const { digest } = firm.office.digest();
  const rows = rowsOf(firm.office);
  await firm.relay.close();
  await firm.office.close();
  wipeFiles(join(firm.dir, 'office.db'));

  const startedMs = performance.now();
  const again = await firm.open({ path: join(firm.dir, 'office.db'), keys: memoryKeys(), replicate: 'all' });
  for (const [index, file] of files.entries())
    await again.import(broken && index === 7 ? recutBookFile(file, (frames) => frames.slice(0, -1)) : file);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const rebuilt = new Set(rowsOf(again));
  const difference = rows.filter((row) => !rebuilt.has(row)).length + Math.abs(rebuilt.size - rows.length);
  const same = again.digest().digest === digest;
  return {
    of: { branches: files.length, rows: rows.length, sold: sales(again) },
    facts: { difference, seconds, digest: short(digest) },
    holds: difference === 0 && same && sales(again) === BRANCHES * 3,
  };
};

/** A till's database is put back from a copy that is older than what the relay has. The fault: nobody adopts what then waits. */
const restoredBackup: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 2);
  await till.book.close();
  copyFileSync(till.path, `${till.path}.backup`);
  const live = await firm.open(till);
  await sellMany(live, 2);
  await firm.meet(live, firm.office);
  await live.close();
  wipeFiles(till.path);
  copyFileSync(`${till.path}.backup`, till.path);
  // It cannot know by itself: it sells on the places that the relay has given already.
  const restored = await firm.open(till);
  await sellMany(restored, 3);
  await firm.meet(restored);
  const stopped = await trySale(restored);
  const waiting = restored.quarantine().length;
  const { device, key, replaces } = await restored.renew();
  must(await firm.office.commit('device.enroll', { device, key, replaces, name: 'till again', role: 'till' }));
  await firm.meet(firm.office, restored);
  if (!broken) for (const commit of await restored.recoverAll()) must(commit);
  await firm.meet(restored, firm.office);
  return {
    of: { sold: 7, waited: waiting },
    facts: { counted: sales(firm.office), stopped },
    holds: sales(firm.office) === 7 && stopped === 'kernel/forked' && waiting === 3,
  };
};

/** A book file is torn at many places. The fault: what was torn off had not been missed. */
const tornFile: Play = async (firm, broken) => {
  await sellMany(firm.office, 6);
  const file = await firm.office.export();
  const frames = framesOf(file);
  const start = file.indexOf(NEWLINE) + 1;
  let torn = 0;
  let exact = 0;
  for (let at = start; at < file.length; at += 997) {
    torn += 1;
    const reader = await openBook({ store: nodeStore(':memory:'), keys: memoryKeys(), verbs, book: firm.office.id });
    const { added, tornAt } = await reader.import(broken ? file : file.subarray(0, at));
    const { whole, next } = framesBefore(frames, start, at);
    if (added === whole && (tornAt === undefined ? next === at : tornAt === next)) exact += 1;
    await reader.close();
  }
  return { of: { torn, frames: frames.length }, facts: { exact }, holds: exact === torn };
};

/** The disk fills up in the middle of a day. The fault: it does not. */
const diskFull: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await till.book.close();
  const store = nodeStore(till.path);
  const options = { keys: till.keys, verbs, book: firm.office.id };
  const book = await openBook({ store, ...options });
  const pages = Number(store.sql.query('PRAGMA page_count', [])[0]?.['page_count']);
  store.sql.exec(`PRAGMA max_page_count = ${pages + (broken ? 100_000 : 20)}`);
  let told = 0;
  let code = 'none';
  while (code === 'none' && told < 400)
    try {
      await sell(book, 'apple', 1);
      told += 1;
    } catch (error) {
      code = (error as { code?: string }).code ?? String(error);
    }
  store.sql.exec('PRAGMA max_page_count = 1000000');
  await sell(book, 'pear', 1);
  const kept = sales(book) - 1;
  await book.close();
  const again = await openBook({ store: nodeStore(till.path), ...options });
  const fresh = nodeStore(':memory:');
  const { ok } = await again.prove(fresh);
  await fresh.close();
  const holds = code === 'kernel/storage' && kept === told && ok && sales(again) === told + 1;
  await again.close();
  return { of: { told }, facts: { code, kept, proved: ok }, holds };
};

/** The relay comes back with an empty database. The fault: it comes back whole, so there is nothing to notice. */
const wipedRelay: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 5);
  await firm.meet(firm.office, till.book);
  if (!broken) await firm.relay.restart(createMemoryRelayStore());
  const noticed = await codeOf(() => till.book.sync(firm.relay.client()));
  const local = await trySale(till.book);
  return {
    of: { settled: till.book.status().scopes[0]?.settled ?? 0 },
    facts: { noticed, local, kept: sales(till.book) },
    holds: noticed === 'relay/rolled-back' && local === 'ok' && sales(till.book) === 6,
  };
};

/** How many frames are whole before a place in the file, and where the next one begins. */
function framesBefore(frames: readonly Uint8Array[], start: number, at: number): { whole: number; next: number } {
  let whole = 0;
  let next = start;
  for (const { length } of frames) {
    if (next + LENGTH_BYTES + length > at) break;
    whole += 1;
    next += LENGTH_BYTES + length;
  }
  return { whole, next };
}

/** `ok`, or the code of what did not let the sale be. */
async function trySale(book: ShopBook): Promise<string> {
  const commit = await book.commit('sale.complete', saleOf('pear', 1));
  return commit.ok ? 'ok' : commit.code;
}

/** `none`, or the code that the work ended with. */
async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function wipe({ book, path }: Device): Promise<void> {
  await book.close();
  wipeFiles(path);
}

function wipeFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

export const loss: Witness = playsOf('loss', {
  evicted,
  'lost-phone': lostPhone,
  blackout,
  'restored-backup': restoredBackup,
  'torn-file': tornFile,
  'disk-full': diskFull,
  'wiped-relay': wipedRelay,
});
