// Hashes by their values against a Map, with some that meet in one slot whatever the factors are.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OpHash } from '@tallystick/oplog';
import { HashTable } from '../src/hash-table.ts';

/** The words that choose the slot are few, so that many hashes meet. */
const hash = fc
  .tuple(fc.nat(2), fc.nat(300))
  .map(([slot, rest]) => `0${slot + 1}`.repeat(8).concat(rest.toString(16).padStart(48, '0')) as OpHash);

it('finds what was added and not dropped, also after it was read back (property)', () => {
  fc.assert(
    fc.property(fc.uniqueArray(hash, { maxLength: 400 }), fc.array(fc.nat(399)), (hashes, drops) => {
      let table = new HashTable();
      const ordinalByHash = new Map<OpHash, number>();
      for (const [at, one] of hashes.entries()) {
        expect(table.ordinalOf(one)).toBeUndefined();
        expect(table.add(one)).toBe(at);
        ordinalByHash.set(one, at);
      }
      for (const drop of drops) {
        if (drop >= hashes.length) continue;
        table.drop(drop);
        ordinalByHash.delete(hashes[drop] as OpHash);
      }
      for (const _ of [0, 1]) {
        expect(table.size).toBe(hashes.length);
        for (const [at, one] of hashes.entries()) {
          expect(table.ordinalOf(one)).toBe(ordinalByHash.get(one));
          expect(table.isDropped(at)).toBe(!ordinalByHash.has(one));
          if (ordinalByHash.has(one)) expect(table.at(at)).toBe(one);
        }
        table = new HashTable(table.bytes());
      }
    }),
    { numRuns: 50 },
  );
});
