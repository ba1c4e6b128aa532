/** Reading ops that nobody has checked: JSON, canonical form, members, and the record around them. */
import { textOf } from '@tallystick/oplog';
import { decodeRecord, parseCanonical, parseOp } from '@tallystick/oplog/strict';
import { countAllocations } from '../allocations.ts';
import { OP_BYTES, writeChain } from '../ops.ts';
import { type Case, mustBe, opsPerSecond, type Suite, timed } from '../suite.ts';

/** How often one run reads them all: a single time is over too soon to time. */
const PASSES = 5;
const COUNTED = 500;

export const parse: Suite = {
  name: 'parse',
  summary: 'ops of 450 bytes read strictly: canonical text, members, records',
  prepare: async (size) => {
    const { records } = await writeChain(size.ops);
    const texts = records.map(textOf);
    const bytes = records.map((record) => record.bytes);
    for (const text of texts) mustBe('bytes of an op', Math.abs(text.length - OP_BYTES) <= 4, true);
    return {
      cases: [
        parseCase('parse-canonical', texts, (text) => parseCanonical(text).ok, spaced),
        parseCase('parse-op', texts, (text) => parseOp(text).ok, spaced),
        parseCase(
          'parse-record',
          bytes,
          (record) => decodeRecord(record).ok,
          (record) => record.slice(0, -1),
        ),
      ],
      close: async () => undefined,
    };
  },
};

/** The same value, not in its canonical form. */
const spaced = (text: string): string => text.replace(',', ', ');

function parseCase<T extends string | Uint8Array>(
  name: string,
  inputs: readonly T[],
  accepts: (input: T) => boolean,
  spoil: (input: T) => T,
): Case {
  const readAll = (some: readonly T[]): number => {
    let accepted = 0;
    for (const input of some) if (accepts(input)) accepted += 1;
    return accepted;
  };
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const some = inputs.slice(0, COUNTED);
      const bytes = some.reduce((sum, { length }) => sum + length, 0) / some.length;
      return { bytes, ...(await countAllocations(some.length, () => readAll(some))) };
    },
    run: async () => {
      let accepted = 0;
      const { ms, cpuMs } = await timed(() => {
        for (let pass = 0; pass < PASSES; pass++) accepted += readAll(inputs);
      });
      mustBe('inputs accepted', accepted, PASSES * inputs.length);
      mustBe('spoilt inputs accepted', readAll(inputs.slice(0, COUNTED).map(spoil)), 0);
      return [opsPerSecond(accepted, ms), opsPerSecond(accepted, cpuMs)];
    },
  };
}
