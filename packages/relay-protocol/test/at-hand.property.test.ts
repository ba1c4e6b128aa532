// A relay answers the same whether its store and its signatures answer at once, by promises, or now so and now so.
import type { OpRecord, Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryRelayStore, type RelayStore } from '../src/index.ts';
import { type Desk, openDesk } from './desk.ts';
import { branch, createFleet, ed25519, type Fleet, forge, hq, type Writer } from './fleet.ts';

type IsLater = () => boolean;

/** Each function of it answers by a promise where `isLater` says so. */
function later<T extends object>(of: T, names: readonly (keyof T)[], isLater: IsLater): T {
  const changed = { ...of };
  for (const name of names) {
    const ask = of[name] as (...args: unknown[]) => unknown;
    changed[name] = ((...args: unknown[]) =>
      isLater() ? Promise.resolve().then(() => ask(...args)) : ask(...args)) as T[typeof name];
  }
  return changed;
}

const asked: readonly (keyof RelayStore)[] = [
  'log',
  'chains',
  'find',
  'claims',
  'tile',
  'records',
  'scopes',
  'enrolments',
];

interface Seen {
  readonly desk: Desk;
  checks: number;
}

function openSeen(isLater: IsLater): Seen {
  const store = later(createMemoryRelayStore(), asked, isLater);
  const verifier = later(ed25519, ['verify'], isLater);
  const seen: Seen = {
    checks: 0,
    desk: openDesk({
      store,
      ed25519: verifier,
      onEvent: (event) => void (seen.checks += event.kind === 'pushed' ? event.signaturesChecked : 0),
    }),
  };
  return seen;
}

interface Part {
  readonly writer: number;
  readonly scope: Scope;
  /** What becomes of each op of a stretch of the chain. */
  readonly ops: readonly ('whole' | 'forged' | 'left out' | 'claim' | 'twice' | 'fork')[];
  readonly isClaim: boolean;
}

const part: fc.Arbitrary<Part> = fc.record({
  writer: fc.nat({ max: 2 }),
  scope: fc.constantFrom(hq, branch),
  ops: fc.array(fc.constantFrom('whole', 'whole', 'forged', 'left out', 'claim', 'twice', 'fork'), {
    minLength: 1,
    maxLength: 6,
  }),
  isClaim: fc.boolean(),
});

function writePart({ writer: at, scope, ops }: Part, writers: readonly Writer[], tokens: { next: number }): OpRecord[] {
  const writer = writers[at % writers.length] as Writer;
  return ops.flatMap((kind): OpRecord[] => {
    if (kind === 'fork') return [writer.craft({ scope, args: { note: `fork ${tokens.next++}` } })];
    const claimed = kind === 'claim' ? { verb: 'test.claim@1', args: { claim: `token/${tokens.next++ % 3}` } } : {};
    const record = writer.write({ scope, ...claimed });
    if (kind === 'forged') return [forge(record)];
    return kind === 'left out' ? [] : kind === 'twice' ? [record, record] : [record];
  });
}

async function answersOf(
  { desk }: Seen,
  fleet: Fleet,
  pushes: readonly (readonly [Part, OpRecord[]])[],
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [{ scope, isClaim }, records] of pushes) {
    const answer = isClaim
      ? desk.client.claim(fleet.book, scope, records)
      : desk.client.push(fleet.book, scope, records);
    answers.push(
      await answer.then(
        ({ results, size }) => ({ results, size }),
        ({ code }: { code: unknown }) => ({ code }),
      ),
    );
  }
  return answers;
}

let shops = 0;
it('answers the same at once, by promises, and by either', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.boolean()),
      async (parts, mixed) => {
        const fleet = createFleet(`shop ${shops++ % 7}`);
        const made = ['one', 'two'].map((name) => fleet.enrol(name));
        const opening = [fleet.genesis, ...made.map(({ enrolment }) => enrolment)];
        const tokens = { next: 0 };
        const writers = [...made.map(({ writer }) => writer), fleet.stranger('nobody')];
        const pushes = parts
          .map((one) => [one, writePart(one, writers, tokens)] as const)
          .filter(([, records]) => records.length > 0);
        const ways = [() => false, () => true, () => mixed.next().value as boolean].map(openSeen);
        const all = [];
        for (const way of ways) {
          await way.desk.push(fleet.book, opening);
          all.push({ answers: await answersOf(way, fleet, pushes), checks: way.checks });
        }
        expect(all[1]).toEqual(all[0]);
        expect(all[2]).toEqual(all[0]);
      },
    ),
    { numRuns: 40 },
  );
});
