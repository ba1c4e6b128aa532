import { createIdMint, type OpId, parseOpId } from '@tallystick/oplog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opId } from './arbitraries.ts';
import { refusal } from './contract.ts';

const day = 86_400_000;
const start = 1_764_500_000_000;
const zeros = (n: number): Uint8Array => new Uint8Array(n);

/** Steps a clock may take: on, back, far off, or none. */
const clock = fc.oneof(
  fc.integer({ min: -5, max: 50 }),
  fc.constantFrom(0, 0, day, -day, 400 * day, -400 * day, -10_000_000_000_000),
);
const noise = fc.infiniteStream(fc.integer({ min: 0, max: 255 }));

function randomFrom(stream: Iterable<number>): (n: number) => Uint8Array {
  const iterator = stream[Symbol.iterator]();
  return (n) => Uint8Array.from({ length: n }, () => iterator.next().value as number);
}

function msOf(id: OpId): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
}

/** The first id of a millisecond, and the last. */
function idAt(ms: number, tail = '7000-8000-000000000000'): OpId {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail}` as OpId;
}
const lastTail = '7fff-bfff-ffffffffffff';

describe('id mint', () => {
  it('puts the clock, a counter and 32 random bits into a UUIDv7', () => {
    const { mint } = createIdMint({ now: () => start, random: (n) => new Uint8Array(n).fill(0xab) });
    expect(mint()).toBe('019ad465-4d00-76ae-abab-abababababab');
  });

  it('counts up within a millisecond', () => {
    const { mint } = createIdMint({ now: () => start, random: zeros });
    expect([mint(), mint(), mint()].map((id) => id.slice(13))).toEqual([
      '-7000-8000-000000000000',
      '-7000-8000-000100000000',
      '-7000-8000-000200000000',
    ]);
  });

  it('goes on from its own last id, however wrong the clock was then', () => {
    const last = idAt(start + 400 * day);
    const { mint } = createIdMint({ now: () => start, random: zeros, last });
    expect(mint() > last).toBe(true);
  });

  it('takes notice of an id up to 24 hours ahead and of none beyond', () => {
    const { mint, observe } = createIdMint({ now: () => start, random: zeros });
    expect(observe(idAt(start + day + 1))).toBe('clock-ahead');
    expect(msOf(mint())).toBe(start);
    expect(observe(idAt(start + day))).toBe('seen');
    expect(msOf(mint())).toBe(start + day);
    expect(observe(idAt(start - 5))).toBe('seen');
    expect(msOf(mint())).toBe(start + day);
  });

  it('moves on a millisecond when the counter is full', () => {
    const { mint, observe } = createIdMint({ now: () => start, random: zeros });
    observe(idAt(start, lastTail));
    expect(mint()).toBe(idAt(start + 1));
  });

  it('refuses when no greater id exists, or the clock gives no number', async () => {
    const last = idAt(2 ** 48 - 1, lastTail);
    expect(await refusal(createIdMint({ now: () => start, random: zeros, last }).mint)).toBe('id/exhausted');
    expect(await refusal(createIdMint({ now: () => Number.NaN, random: zeros }).mint)).toBe('id/clock');
  });

  it('mints on a clock before 1970, after the year 10889 or between two ms', () => {
    for (const now of [-1, Number.NEGATIVE_INFINITY, 1.9, 2 ** 49, Number.POSITIVE_INFINITY]) {
      expect(parseOpId(createIdMint({ now: () => now, random: zeros }).mint())).toBeDefined();
    }
  });

  it('is monotone under clocks that jump, stop and run backwards (property)', () => {
    fc.assert(
      fc.property(fc.array(clock, { maxLength: 60 }), noise, (steps, stream) => {
        let now = start;
        const { mint } = createIdMint({ now: () => now, random: randomFrom(stream) });
        let last = '';
        for (const step of steps) {
          now += step;
          const id = mint();
          expect(parseOpId(id)).toBe(id);
          expect(id > last).toBe(true);
          last = id;
        }
      }),
    );
  });

  it('mints greater than every id it took notice of, and never moves past 24 hours ahead (property)', () => {
    const near = fc
      .tuple(fc.integer({ min: -2 * day, max: 2 * day }), opId)
      .map(([offset, id]) => idAt(start + offset, id.slice(14)));
    fc.assert(
      fc.property(fc.array(fc.oneof(near, opId), { maxLength: 30 }), noise, (ids, stream) => {
        const { mint, observe } = createIdMint({ now: () => start, random: randomFrom(stream) });
        for (const id of ids) {
          const verdict = observe(id);
          expect(verdict).toBe(msOf(id) > start + day ? 'clock-ahead' : 'seen');
          const minted = mint();
          if (verdict === 'seen') expect(minted > id).toBe(true);
          expect(msOf(minted)).toBeLessThanOrEqual(start + day + 1);
        }
      }),
    );
  });

  it('lets one wrong clock move nobody else (property)', () => {
    const offsets = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 5 });
    const turns = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        offsets,
        turns,
        fc.integer({ min: 2 * day, max: 10_000 * day }),
        noise,
        (clocks, order, wrong, stream) => {
          let now = start;
          const random = randomFrom(stream);
          const honest = clocks.map((offset) => createIdMint({ now: () => now + offset, random }));
          const broken = createIdMint({ now: () => now + wrong, random });
          for (const turn of order) {
            now += 7;
            const isBroken = turn >= honest.length;
            const id = (isBroken ? broken : (honest[turn] as typeof broken)).mint();
            for (const mint of honest) expect(mint.observe(id)).toBe(isBroken ? 'clock-ahead' : 'seen');
            broken.observe(id);
            if (!isBroken) expect(Math.abs(msOf(id) - now)).toBeLessThanOrEqual(2_000);
          }
        },
      ),
    );
  });
});
