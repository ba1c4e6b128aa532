/**
 * The runnable proofs: `npm run witness [NAME...]`. One line a claim; exits non-zero on FAIL, on a name that is unknown, and when nothing ran.
 * `--break` plants each witness's fault, so that every claim about honesty must go red.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { nodeHasher } from '@tallystick/chain/node';
import { openRecord, verifyChain } from '@tallystick/chain';
import { encodeRecord, type OpRecord, type Scope, signatureOf, textOf } from '@tallystick/oplog';
import { createRecordVerifier } from '@tallystick/sign';
import { createLocalRelay } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { type Claims, createClaims } from './claim.ts';
import { exchange, memoryKeys, openShop, sell, type TwoDevices, verbs } from './shop.ts';
import { checkVectors } from './vectors-check.mjs';

const hq = 'hq' as Scope;
const asked = process.argv.slice(2);
const broken = asked.includes('--break');

async function vectors({ claim }: Claims): Promise<void> {
  for (const { file, cases, refused, wrong } of checkVectors(broken)) {
    claim('VECTORS', { file, cases, refused, wrong: wrong.length }, cases > 0 && wrong.length === 0);
  }
}

async function distributed({ claim }: Claims): Promise<void> {
  for (const crossing of [false, true]) {
    const shop = await openShop();
    for (let index = 1; index <= 10; index++) {
      await sell(shop.office, crossing ? 'apple' : `office-${index}`, index);
      await sell(shop.till, crossing ? 'apple' : `till-${index}`, index);
    }
    if (broken) await shop.till.import(await shop.office.export());
    else await exchange(shop);
    const [one, two] = [shop.office.digest().digest, shop.till.digest().digest];
    claim('distributed', { crossing, ops: shop.office.pendingOps().length, digest: one.slice(0, 12) }, one === two);
    await closeShop(shop);
  }
}

/** The till's chain as wire bytes, and how to check it. */
async function tillChain(shop: TwoDevices) {
  for (let index = 1; index <= 6; index++) await sell(shop.till, 'apple', index);
  const records = (await shop.till.log.pending(hq)).filter((record) => record.op.device === shop.till.device);
  const [row] = shop.till.query<{ key: string; enrolment: OpRecord['hash'] }>(
    'SELECT key, enrolment FROM devices WHERE device = ?',
    [shop.till.device],
  );
  if (row === undefined) throw new Error('the till is not enrolled');
  const publicKeyOf = (keyId: string) =>
    keyId === shop.till.device ? Uint8Array.from(Buffer.from(row.key, 'hex')) : undefined;
  const verify = createRecordVerifier({ book: shop.till.id, ed25519: nodeCrypto.ed25519, publicKeyOf });
  const check = (chain: readonly OpRecord[]) =>
    verifyChain(chain, { start: { enrolment: row.enrolment }, verify, hasher: nodeHasher, every: true });
  return { records, check };
}

async function chain({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  const { records, check } = await tillChain(shop);
  const clean = await check(records);
  claim('chain', { ops: records.length, altered: 0 }, clean.ok && records.length > 0);
  let named = 0;
  let altered = 0;
  for (const [index, record] of records.entries()) {
    for (let at = 0; at < record.bytes.length; at++) {
      const bytes = Uint8Array.from(record.bytes);
      if (!broken) bytes[at] = (bytes[at] as number) ^ 1;
      altered += 1;
      const opened = openRecord(bytes, nodeHasher);
      const verdict = opened.ok ? await check(records.with(index, opened.value)) : { ok: false as const, index };
      if (!verdict.ok && verdict.index === index) named += 1;
    }
  }
  claim('chain', { altered, named }, altered > 0 && named === altered);
  await closeShop(shop);
}

async function sign({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  const { records, check } = await tillChain(shop);
  const last = records.at(-1) as OpRecord;
  const other = (await shop.office.log.pending(hq))[0] as OpRecord;
  const forgeries: Readonly<Record<string, Uint8Array>> = {
    'forged-body': encodeRecord(last.keyId, signatureOf(last), textOf(last).replace('apple', 'grape')),
    'wrong-key': encodeRecord(last.keyId, signatureOf(other), textOf(last)),
    'null-signature': encodeRecord(last.keyId, new Uint8Array(64), textOf(last)),
  };
  for (const [fault, forged] of Object.entries(forgeries)) {
    const opened = openRecord(broken ? last.bytes : forged, nodeHasher);
    const verdict = opened.ok ? await check([...records.slice(0, -1), opened.value]) : opened;
    claim('sign', { fault, code: verdict.ok ? 'accepted' : verdict.code }, !verdict.ok);
  }
  await closeShop(shop);
}

async function replay({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  for (let index = 1; index <= 20; index++) await sell(shop.till, `sku-${index % 5}`, index);
  if (broken) editOutsideTheLog(shop);
  const fresh = nodeStore(':memory:');
  const honest = await shop.till.prove(fresh);
  await fresh.close();
  const inMemory = sqljsStore({ sqlite: await initSqlJs() });
  const other = await shop.till.replay(inMemory);
  claim(
    'replay',
    { ops: honest.ops, rows: honest.rows, problems: honest.problems.length },
    honest.ok && honest.ops > 0,
  );
  claim(
    'replay',
    { driver: 'sql.js', digest: other.digest.digest.slice(0, 12) },
    other.digest.digest === honest.digest,
  );
  editOutsideTheLog(shop);
  const second = nodeStore(':memory:');
  const edited = await shop.till.prove(second);
  await second.close();
  claim(
    'replay',
    { edited: 'stock', named: edited.problems[0]?.table ?? 'nothing' },
    !edited.ok && edited.problems[0]?.table === 'stock',
  );
  await closeShop(shop);
}

function editOutsideTheLog({ dir }: TwoDevices): void {
  const db = new Database(join(dir, 'till.db'));
  db.exec('UPDATE stock SET onHand = onHand + 1');
  db.close();
}

async function persist({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  for (let index = 1; index <= 20; index++) await sell(shop.till, 'apple', index);
  const file = await shop.till.export();
  const before = shop.till.digest().digest;
  const wiped = await openBook({
    store: nodeStore(join(shop.dir, 'again.db')),
    keys: memoryKeys(),
    verbs,
    book: shop.till.id,
  });
  const report = await wiped.import(broken ? file.subarray(0, file.length - 1) : file);
  claim('persist', { bytes: file.length, ops: report.added }, report.added > 20 && wiped.digest().digest === before);
  await wiped.close();
  await closeShop(shop);
}

async function relay({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  const server = await createLocalRelay({ crypto: nodeCrypto });
  for (let index = 1; index <= 10; index++) await sell(shop.till, 'apple', index);
  await shop.office.sync(server.client());
  await shop.till.sync(server.client(), { pull: false });
  const mine = shop.till.pendingOps().length === 0 ? await shop.till.log.settled(hq, 0, 1000) : [];
  const again = await server.client().push(shop.till.id, hq, mine);
  const repeated = again.results.filter((result) => result.verdict === 'exists').length;
  claim('relay', { pushedAgain: mine.length, existed: repeated }, mine.length > 0 && repeated === mine.length);
  await server.restart();
  if (broken) await sell(shop.till, 'late', 1);
  else for (const book of [shop.office, shop.till]) await book.sync(server.client());
  const size = shop.office.log.tip(hq).size;
  claim('relay', { restarted: true, size }, size > 0 && shop.office.digest().digest === shop.till.digest().digest);
  await server.close();
  await closeShop(shop);
}

async function rebuild({ claim }: Claims): Promise<void> {
  const shop = await openShop();
  const server = await createLocalRelay({ crypto: nodeCrypto });
  for (let index = 1; index <= 10; index++) await sell(shop.till, 'apple', index);
  for (let round = 0; round < 2; round++) for (const book of [shop.office, shop.till]) await book.sync(server.client());
  const before = shop.office.digest().digest;
  await server.close();
  const relayKey = shop.till.status().relayKey ?? '';
  const again = await openBook({
    store: nodeStore(join(shop.dir, 'rebuilt.db')),
    keys: memoryKeys(),
    verbs,
    book: shop.till.id,
    relayKey,
  });
  if (!broken) await again.import(await shop.till.export());
  const settled = again.status().scopes[0]?.settled ?? 0;
  claim(
    'rebuild',
    { relay: 'destroyed', settled, digest: before.slice(0, 12) },
    settled > 10 && again.digest().digest === before,
  );
  await again.close();
  await closeShop(shop);
}

async function closeShop({ office, till }: TwoDevices): Promise<void> {
  await office.close();
  await till.close();
}

const witnesses: Readonly<Record<string, (claims: Claims) => Promise<void>>> = {
  vectors,
  distributed,
  chain,
  sign,
  replay,
  persist,
  relay,
  rebuild,
};
const names = asked.filter((name) => !name.startsWith('--'));
const claims = createClaims((line) => console.log(line));
for (const name of names.length === 0 ? Object.keys(witnesses) : names) {
  const before = claims.passed + claims.failed;
  try {
    await witnesses[name]?.(claims);
  } catch (error) {
    claims.claim(name, { threw: JSON.stringify(String(error)) }, false);
  }
  if (claims.passed + claims.failed === before) claims.claim(name, { ran: false }, false);
}
console.log(`${claims.passed} passed, ${claims.failed} failed`);
process.exitCode = claims.failed === 0 ? 0 : 1;
