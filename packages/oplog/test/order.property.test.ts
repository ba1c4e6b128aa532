import { type OpHash, type OpRecord, orderTail, unionRecords } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRecord, opId, sampleOp } from './arbitraries.ts';

/** Ops of a few devices that build on earlier ones, with ids in no helpful order. */
const tail: fc.Arbitrary<OpRecord[]> = fc
  .array(fc.tuple(opId, fc.nat(), fc.array(fc.nat(), { maxLength: 3 })), { maxLength: 25 })
  .map((plans) => {
    const made: OpRecord[] = [];
    plans.forEach(([id, prev, others], i) => {
      const pick = (n: number): OpHash | undefined => made[n % (i + 1)]?.hash;
      const heads = [...new Set(others.map(pick))].filter((hash) => hash !== undefined).sort();
      const parent = pick(prev);
      made.push(
        makeRecord(
          sampleOp({
            id,
            seq: i + 1,
            ...(parent === undefined ? {} : { prev: parent }),
            ...(heads.length === 0 ? {} : { seen: { heads } }),
          }),
        ),
      );
    });
    return made;
  });

function causesOf({ op }: OpRecord): OpHash[] {
  return [...(op.prev === undefined ? [] : [op.prev]), ...(op.seen?.heads ?? [])];
}

/** The rule as it is written: of the ops whose causes are out, the one with the smallest id, then hash. */
function naiveOrder(records: readonly OpRecord[]): OpRecord[] {
  const left = unionRecords(records);
  const order: OpRecord[] = [];
  while (left.length > 0) {
    const ready = left.filter((record) => !causesOf(record).some((cause) => left.some(({ hash }) => hash === cause)));
    ready.sort((a, b) => (`${a.op.id}${a.hash}` < `${b.op.id}${b.hash}` ? -1 : 1));
    const [next] = ready as [OpRecord];
    order.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return order;
}

const shuffledTail = tail.chain((records) =>
  fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
);
const hashesOf = (records: readonly OpRecord[]): OpHash[] => records.map(({ hash }) => hash);

describe('order of the pending tail', () => {
  it('is the rule as it is written (property)', () => {
    fc.assert(
      fc.property(shuffledTail, ([, records]) => {
        expect(hashesOf(orderTail(records))).toEqual(hashesOf(naiveOrder(records)));
      }),
    );
  });

  it('depends on the set alone (property)', () => {
    fc.assert(
      fc.property(shuffledTail, ([records, shuffled]) => {
        expect(hashesOf(orderTail([...shuffled, ...records]))).toEqual(hashesOf(orderTail(records)));
      }),
    );
  });

  it('puts causes first, also where some of the log is elsewhere (property)', () => {
    const part = tail.chain((records) => fc.shuffledSubarray(records));
    fc.assert(
      fc.property(part, (records) => {
        const order = orderTail(records);
        expect(new Set(order)).toEqual(new Set(records));
        const placeByHash = new Map(order.map(({ hash }, place) => [hash, place]));
        for (const record of order) {
          for (const cause of causesOf(record)) {
            const place = placeByHash.get(cause);
            if (place !== undefined) expect(place).toBeLessThan(placeByHash.get(record.hash) as number);
          }
        }
      }),
    );
  });

  it('goes by id where nothing else decides, then by hash', () => {
    const [a, b] = ['01', '02'].map((end) => sampleOp({ id: `019aa2c6-0000-7000-8000-0000000000${end}` as never }));
    const [first, second] = [a, b].map((op) => makeRecord(op as never));
    expect(orderTail([second, first] as OpRecord[])).toEqual([first, second]);
    const twins = [1, 2].map((n) => makeRecord(sampleOp({ args: { n } })));
    expect(hashesOf(orderTail(twins))).toEqual(hashesOf(twins).sort());
  });

  it('ends, and loses nothing, on links that form a circle', () => {
    const [a, b, c] = [1, 2, 3].map((n) => makeRecord(sampleOp({ args: { n } }))) as [OpRecord, OpRecord, OpRecord];
    const circle = [
      { ...a, op: { ...a.op, prev: b.hash } },
      { ...b, op: { ...b.op, prev: a.hash } },
      { ...c, op: { ...c.op, prev: c.hash } },
    ];
    expect(hashesOf(orderTail(circle)).sort()).toEqual(hashesOf(circle).sort());
  });

  it('orders a chain of 20,000 whose ids run backwards', () => {
    const records: OpRecord[] = [];
    let prev = 'a1'.repeat(32) as OpHash;
    for (let i = 20_000; i > 0; i--) {
      const id = `019aa2c6-0000-7000-8000-${i.toString(16).padStart(12, '0')}` as never;
      const hash = i.toString(16).padStart(64, '0') as OpHash;
      records.push({ op: sampleOp({ id, prev }), hash, keyId: '' as never, bytes: new Uint8Array(0) });
      prev = hash;
    }
    expect(hashesOf(orderTail(records.toReversed()))).toEqual(hashesOf(records));
  });
});

describe('union of logs', () => {
  const set = (...lists: (readonly OpRecord[])[]): Set<OpHash> => new Set(hashesOf(unionRecords(...lists)));
  const lists = tail.chain((records) => fc.tuple(...[1, 2, 3].map(() => fc.shuffledSubarray(records))));

  it('is idempotent, commutative and associative (property)', () => {
    fc.assert(
      fc.property(lists, ([a = [], b = [], c = []]) => {
        expect(unionRecords(a, a)).toEqual(a);
        expect(set(a, b)).toEqual(set(b, a));
        expect(hashesOf(unionRecords(unionRecords(a, b), c))).toEqual(hashesOf(unionRecords(a, unionRecords(b, c))));
        expect(hashesOf(orderTail(unionRecords(a, b)))).toEqual(hashesOf(orderTail(unionRecords(b, a))));
      }),
    );
  });

  it('keeps the first of two copies', () => {
    const record = makeRecord(sampleOp());
    const copy = { ...record, bytes: record.bytes.slice() };
    expect(unionRecords([record], [copy])[0]).toBe(record);
    expect(unionRecords()).toEqual([]);
  });
});
