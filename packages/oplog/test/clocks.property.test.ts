// A fleet whose clocks jump, stop, run backwards or differ by years: the order of the tail respects what each device knew, is the
// same wherever it is computed, and one wrong clock moves nobody else's ids.
import { createIdMint, type IdMint, type OpHash, type OpRecord, orderTail } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRecord, sampleOp } from './arbitraries.ts';

const startMs = 1_764_500_000_000;
const yearMs = 31_557_600_000;

/** How one device's clock goes on with each step, in ms. */
const clockStep = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.constant(0),
  fc.integer({ min: -3 * yearMs, max: 3 * yearMs }),
  fc.constantFrom(-86_400_000, 86_400_000),
);

interface Turn {
  readonly device: number;
  readonly step: number;
  /** Whether the device hears of all ops made so far before it writes. */
  readonly hears: boolean;
}

const turns: fc.Arbitrary<Turn[]> = fc.array(fc.record({ device: fc.nat(3), step: clockStep, hears: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
});

interface Device {
  readonly clock: { now: number };
  readonly mint: IdMint;
  readonly known: Map<OpHash, OpRecord>;
  last: OpRecord | undefined;
  seq: number;
}

function makeDevice(): Device {
  const clock = { now: startMs };
  const mint = createIdMint({ now: () => clock.now, random: (n) => new Uint8Array(n).fill(3) });
  return { clock, mint, known: new Map(), last: undefined, seq: 0 };
}

/** Heads of what a device knows: ops that nothing else it knows builds on. */
function headsOf(known: ReadonlyMap<OpHash, OpRecord>, own: OpHash | undefined): OpHash[] {
  const built = new Set([...known.values()].flatMap(({ op }) => [op.prev, ...(op.seen?.heads ?? [])]));
  return [...known.keys()]
    .filter((hash) => !built.has(hash) && hash !== own)
    .sort()
    .slice(0, 16);
}

function simulate(plan: readonly Turn[]): { made: OpRecord[]; knewByHash: Map<OpHash, Set<OpHash>> } {
  const devices = Array.from({ length: 4 }, makeDevice);
  const made: OpRecord[] = [];
  const knewByHash = new Map<OpHash, Set<OpHash>>();
  for (const { device: which, step, hears } of plan) {
    const device = devices[which] as Device;
    device.clock.now += step;
    if (hears) {
      for (const record of made) {
        if (!device.known.has(record.hash)) device.mint.observe(record.op.id);
        device.known.set(record.hash, record);
      }
    }
    const heads = headsOf(device.known, device.last?.hash);
    device.seq += 1;
    const record = makeRecord(
      sampleOp({
        id: device.mint.mint(),
        device: `d${which}`.padEnd(64, '0') as never,
        seq: device.seq,
        prev: device.last?.hash ?? (`e${which}`.padEnd(64, '0') as OpHash),
        ...(heads.length === 0 ? {} : { seen: { heads } }),
      }),
    );
    knewByHash.set(record.hash, new Set(device.known.keys()));
    device.known.set(record.hash, record);
    device.last = record;
    made.push(record);
  }
  return { made, knewByHash };
}

describe('a fleet with wrong clocks', () => {
  it('orders what a device knew before what it wrote, alike everywhere (property)', () => {
    fc.assert(
      fc.property(turns, fc.infiniteStream(fc.nat()), (plan, noise) => {
        const { made, knewByHash } = simulate(plan);
        const order = orderTail(made);
        const placeByHash = new Map(order.map(({ hash }, place) => [hash, place]));
        for (const [hash, knew] of knewByHash) {
          for (const cause of knew) {
            expect(placeByHash.get(cause)).toBeLessThan(placeByHash.get(hash) as number);
          }
        }
        const ranks = new Map(made.map((record) => [record, noise.next().value]));
        const shuffled = made.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
        expect(orderTail(shuffled).map(({ hash }) => hash)).toEqual(order.map(({ hash }) => hash));
      }),
    );
  });

  it('keeps honest ids at honest times, however wrong one clock is (property)', () => {
    const wrong = fc.integer({ min: 2, max: 30 }).map((years) => years * yearMs);
    fc.assert(
      fc.property(
        fc.array(fc.record({ device: fc.nat(3), hears: fc.boolean() }), { minLength: 5, maxLength: 40 }),
        wrong,
        (order, jump) => {
          // Device 0 jumps by years with its first op; the others go on second by second.
          let jumped = false;
          const plan = order.map(({ device, hears }) => {
            const step = device === 0 && !jumped ? jump : 1000;
            jumped ||= device === 0;
            return { device, hears, step };
          });
          const { made } = simulate(plan);
          const honest = made.filter(({ op }) => !op.device.startsWith('d0'));
          for (const { op } of honest) {
            const ms = Number.parseInt(op.id.slice(0, 8) + op.id.slice(9, 13), 16);
            expect(ms).toBeLessThanOrEqual(startMs + plan.length * 1000);
          }
        },
      ),
    );
  });

  it('would be moved by years if ids ahead of the clock were believed', () => {
    const mint = createIdMint({ now: () => startMs, random: (n) => new Uint8Array(n) });
    const wrong = createIdMint({ now: () => startMs + 5 * yearMs, random: (n) => new Uint8Array(n) }).mint();
    expect(mint.observe(wrong)).toBe('clock-ahead');
    expect(mint.mint() < wrong).toBe(true);
    const believer = createIdMint({ now: () => startMs, random: (n) => new Uint8Array(n), last: wrong });
    expect(believer.mint() > wrong).toBe(true);
  });
});
