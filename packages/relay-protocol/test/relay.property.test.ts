// However pushes are split, repeated, reordered, lost and raced: every op is stored once, every receipt holds, and every reader
// reaches the same root.
import { createTree, leafHash, verifyConsistency } from '@tallystick/chain';
import { type DeviceId, encodeHex, type OpHash, type OpRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PushAnswer, type RelayClient, verifyReceipt } from '../src/index.ts';
import { bodyOf, clientOf, type Desk, follow, followAll, openDesk, verifyNote } from './desk.ts';
import { createFleet, type Fleet, forge, hasher, hq, relaySigner, type Writer } from './fleet.ts';

/** One step of a hostile network: a slice of a chain, sent once or twice, its answer or itself perhaps lost. */
interface Step {
  readonly chain: number;
  readonly from: number;
  readonly count: number;
  readonly fault: 'none' | 'request lost' | 'answer lost' | 'sent twice' | 'forged copy first';
}

const step: fc.Arbitrary<Step> = fc.record({
  chain: fc.nat({ max: 3 }),
  from: fc.nat({ max: 11 }),
  count: fc.integer({ min: 1, max: 12 }),
  fault: fc.constantFrom('none', 'request lost', 'answer lost', 'sent twice', 'forged copy first'),
});

interface Shop {
  readonly fleet: Fleet;
  readonly opening: readonly OpRecord[];
  readonly chains: readonly (readonly OpRecord[])[];
  readonly all: readonly OpRecord[];
}

let shops = 0;
function openShop(lengths: readonly number[]): Shop {
  const fleet = createFleet(`shop ${shops++ % 7}`);
  const members = lengths.map((_, index) => fleet.enrol(`till ${index}`));
  const opening = [fleet.genesis, ...members.map(({ enrolment }) => enrolment)];
  const chains = members.map(({ writer }, index) => writer.writeMany(lengths[index] as number));
  return { fleet, opening, chains, all: [...opening, ...chains.flat()] };
}

async function runStep(
  desk: Desk,
  shop: Shop,
  { chain, from, count, fault }: Step,
  answers: PushAnswer[],
): Promise<void> {
  const records = (shop.chains[chain % shop.chains.length] as readonly OpRecord[]).slice(from, from + count);
  const fetch = async (request: Request): Promise<Response> => {
    const isPush = request.method === 'POST';
    if (isPush && fault === 'request lost') throw new TypeError('request lost');
    if (isPush && fault === 'sent twice') await desk.relay.fetch(request.clone());
    const response = await desk.relay.fetch(request);
    if (isPush && fault === 'answer lost') throw new TypeError('answer lost');
    return response;
  };
  const client = clientOf(desk.relay, { fetch, retry: { attempts: 2, baseMs: 0 } });
  const sent = fault === 'forged copy first' ? [...records.map(forge), ...records] : records;
  await client.push(shop.fleet.book, hq, sent).then(
    (answer) => answers.push(answer),
    (error: unknown) => expect(error).toMatchObject({ code: 'relay/unreachable' }),
  );
}

async function checkReceipts(
  shop: Shop,
  answers: readonly PushAnswer[],
  positions: ReadonlyMap<OpHash, number>,
): Promise<number> {
  const origin = `relay.test/${shop.fleet.book}/hq`;
  let lines = 0;
  for (const note of answers.flatMap(({ receipts }) => receipts)) {
    const receipt = await verifyReceipt(note, { key: relaySigner(), origin, verify: verifyNote, hasher });
    if (!receipt.ok) throw new Error(receipt.code);
    for (const { position, hash } of receipt.value.lines) expect(positions.get(hash)).toBe(position);
    lines += receipt.value.lines.length;
  }
  for (const { results } of answers) {
    for (const { hash, position } of results) if (position !== undefined) expect(positions.get(hash)).toBe(position);
  }
  return lines;
}

/** Every checkpoint of every answer is a prefix of the last one. */
async function checkCheckpoints(shop: Shop, client: RelayClient, answers: readonly PushAnswer[]): Promise<void> {
  const parse = async (note: string): Promise<{ size: number; root: Uint8Array }> => {
    const [, size, root] = (await bodyOf(note)).split('\n');
    return { size: Number(size), root: Buffer.from(root as string, 'base64') };
  };
  const last = await parse(await client.checkpoint(shop.fleet.book, hq));
  for (const note of new Set(answers.map(({ checkpoint }) => checkpoint))) {
    const { size, root } = await parse(note);
    const proof = await client.consistency(shop.fleet.book, hq, size, last.size);
    const check = { first: size, second: last.size, firstRoot: root, secondRoot: last.root, proof };
    expect(verifyConsistency(check, hasher)).toBe(true);
  }
}

function naiveRoot(records: readonly OpRecord[]): string {
  const tree = createTree(hasher);
  for (const { bytes } of records) tree.append(leafHash(bytes, hasher));
  return encodeHex(tree.root());
}

const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 });
const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 8 });

describe('whatever the network does', () => {
  it('every op is stored once, every receipt holds, every reader reaches the same root', async () => {
    let receipted = 0;
    await fc.assert(
      fc.asyncProperty(lengths, steps, fc.integer({ min: 1, max: 9 }), async (chainLengths, rounds, maxPageOps) => {
        const shop = openShop(chainLengths);
        const limits = { maxBatchOps: 24, maxPageOps };
        const desk = openDesk({ limits });
        const answers = [await desk.push(shop.fleet.book, shop.opening)];
        // The steps of a round race each other.
        for (const round of rounds) await Promise.all(round.map((one) => runStep(desk, shop, one, answers)));
        for (const chain of shop.chains) answers.push(await desk.push(shop.fleet.book, chain));

        const { records, tip } = await followAll(follow(desk.client, shop.fleet.book));
        expect(records.map(({ hash }) => hash).toSorted()).toEqual(shop.all.map(({ hash }) => hash).toSorted());
        for (const chain of shop.chains) {
          const device = chain[0]?.op.device;
          const seqs = records.filter(({ op }) => op.device === device).map(({ op }) => op.seq);
          expect(seqs).toEqual(chain.map(({ op }) => op.seq));
        }
        const positions = new Map(records.map(({ hash }, position) => [hash, position]));
        receipted += await checkReceipts(shop, answers, positions);
        await checkCheckpoints(shop, desk.client, answers);

        const wide = openDesk({ store: desk.store, limits: { maxPageOps: 10_000 } });
        const whole = await followAll(follow(wide.client, shop.fleet.book));
        expect(whole.tip).toEqual(tip);
        const [, , root] = (await bodyOf(tip.note)).split('\n');
        expect(Buffer.from(root as string, 'base64').toString('hex')).toBe(naiveRoot(records));
      }),
      { seed: 1, numRuns: 40 },
    );
    expect(receipted).toBeGreaterThan(0);
  });

  it('two pushers of the same chain and two of different ones end in one log', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), async (left, right) => {
        const shop = openShop([left, right]);
        const desk = openDesk({ limits: { maxBatchOps: 3 } });
        await desk.push(shop.fleet.book, shop.opening);
        const [first, second] = shop.chains as [OpRecord[], OpRecord[]];
        const answers = await Promise.all(
          [first, second, first, second].map((chain) => desk.push(shop.fleet.book, chain)),
        );
        const stored = answers.flatMap(({ results }) => results).filter(({ verdict }) => verdict === 'stored');
        expect(stored).toHaveLength(left + right);
        const { records } = await followAll(follow(desk.client, shop.fleet.book));
        expect(records).toHaveLength(shop.all.length);
      }),
      { numRuns: 20 },
    );
  });
});

/** A relay in twenty lines: one op after another, everything in a Map, no runs, no batches, no signatures. */
function createNaiveRelay(
  opening: readonly OpRecord[],
  enrolments: ReadonlyMap<DeviceId, OpHash>,
): (record: OpRecord) => string {
  const log = new Map<OpHash, OpRecord>(opening.map((record) => [record.hash, record]));
  const heads = new Map<DeviceId, OpHash>();
  return (record) => {
    const { op, hash } = record;
    if (log.has(hash)) return 'exists';
    const before = log.get(op.prev as OpHash)?.op;
    const isFirst = op.seq === 1 && op.prev === enrolments.get(op.device);
    if (!isFirst && !(before?.device === op.device && before.seq === op.seq - 1)) return 'gap';
    if (!(op.seen?.heads ?? []).every((head) => log.has(head))) return 'basis';
    log.set(hash, record);
    const head = heads.get(op.device);
    if (isFirst ? head !== undefined : head !== op.prev) return 'fork';
    heads.set(op.device, hash);
    return 'stored';
  };
}

/** Three chains of six ops, each with a twin branch that leaves it after its second op; every fourth op builds on a neighbour's. */
function fillPool(writers: readonly Writer[]): OpRecord[] {
  const starts = writers.map((writer) => writer.writeMany(3));
  return writers.flatMap((writer, index) => {
    const start = starts[index] as OpRecord[];
    const neighbour = (starts[(index + 1) % starts.length] as OpRecord[])[1] as OpRecord;
    const twin = writer.craft({ seq: 3, prev: (start[1] as OpRecord).hash, args: { note: 'twin' } });
    const twinNext = writer.craft({ seq: 4, prev: twin.hash });
    const rest = [writer.write({ seen: { heads: [neighbour.hash] } }), ...writer.writeMany(2)];
    return [...start, ...rest, twin, twinNext];
  });
}

describe('the gate', () => {
  it('gives the verdicts of a naive relay that looks at one op after another', async () => {
    const poolSize = 3 * 8;
    const slice = fc.tuple(fc.nat({ max: poolSize - 1 }), fc.integer({ min: 1, max: 8 }));
    const pushes = fc.array(fc.array(slice, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 });
    const given = new Set<string>();
    await fc.assert(
      fc.asyncProperty(pushes, async (plan) => {
        const fleet = createFleet();
        const members = ['one', 'two', 'three'].map((name) => fleet.enrol(name));
        const opening = [fleet.genesis, ...members.map(({ enrolment }) => enrolment)];
        const pool = fillPool(members.map(({ writer }) => writer));
        const enrolments = new Map(members.map(({ writer, enrolment }) => [writer.key.device, enrolment.hash]));
        const naive = createNaiveRelay(opening, enrolments);
        const desk = openDesk();
        await desk.push(fleet.book, opening);
        for (const slices of plan) {
          const records = slices.flatMap(([from, count]) => pool.slice(from, from + count));
          const { results } = await desk.push(fleet.book, records);
          const verdicts = results.map(({ verdict }) => verdict);
          expect(verdicts).toEqual(records.map(naive));
          for (const verdict of verdicts) given.add(verdict);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
    expect([...given].toSorted()).toEqual(['basis', 'exists', 'fork', 'gap', 'stored']);
  });
});
