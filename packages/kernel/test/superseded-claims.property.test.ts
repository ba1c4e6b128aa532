/** A relay and the kernel's fold read the same log of a branch: which op under which key owns a token there, whatever came in which order. */
import { parseCheckpoint } from '@tallystick/chain';
import { openBook } from '@tallystick/kernel';
import type { OpHash, Scope } from '@tallystick/oplog';
import { claimOf } from '@tallystick/relay-protocol';
import type { DeviceKey } from '@tallystick/sign';
import { proveRotation } from '@tallystick/sign/rotation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HQ } from './fleet.ts';
import { recordsOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';
import { play, type Stage } from './stage.ts';

const BRANCH = 'b/1' as Scope;
const tokens = ['coupon/1', 'coupon/2', 'coupon/3'] as const;

/** Devices 0 to 2 are of `hq`; 3 is one that never changes its key. `back` takes a mark from before the last rotations. */
type Step =
  | { readonly kind: 'rotate' | 'follow'; readonly by: number }
  | { readonly kind: 'mark'; readonly by: number; readonly back: number }
  | { readonly kind: 'claim'; readonly by: number; readonly token: number; readonly route: 'push' | 'claim' }
  | { readonly kind: 'restart' };

const by = fc.nat(2);
const token = fc.nat(tokens.length - 1);
const route = fc.constantFrom('push' as const, 'claim' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('rotate' as const), by }),
  fc.record({ kind: fc.constant('follow' as const), by }),
  fc.record({ kind: fc.constant('mark' as const), by: fc.nat(3), back: fc.nat(2) }),
  { arbitrary: fc.record({ kind: fc.constant('claim' as const), by, token, route }), weight: 3 },
  fc.constant({ kind: 'restart' as const }),
);

const rotates = (device: number): Step => ({ kind: 'rotate', by: device });
const marks = (device: number, back = 0): Step => ({ kind: 'mark', by: device, back });
const claims = (device: number, of: number, by: 'push' | 'claim' = 'push'): Step =>
  ({ kind: 'claim', by: device, token: of, route: by }) as const;
const restart: Step = { kind: 'restart' };
const examples: [Step[]][] = [
  // Before anybody in the branch knew of the rotation; then by whoever has the old key.
  [[claims(1, 0), rotates(1), claims(1, 1), marks(3), claims(1, 2), claims(2, 2)]],
  // The device marks by itself and goes on under its newer key.
  [[claims(1, 0), rotates(1), marks(1), { kind: 'follow', by: 1 }, claims(1, 1), restart, claims(1, 2, 'claim')]],
  // A mark of what was before the rotation, and one after it that goes back.
  [[rotates(1), marks(3, 1), claims(1, 0), marks(3), marks(3, 1), restart, claims(1, 1, 'claim'), claims(1, 1)]],
];

interface Head {
  readonly size: number;
  readonly root: string;
  /** Which key each device had in `hq` then. */
  readonly generations: readonly number[];
}

/** Each device signs in the branch by the key of its chain there, which it may have given up in `hq` long ago, or lost to a thief. */
class Table {
  readonly stage: Stage;
  readonly #heads: Head[] = [];
  #marked: Head | undefined;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  #device(index: number): string {
    return this.stage.actors[index]?.keys[0]?.device ?? '';
  }

  #keyOf(index: number, scope: Scope, generation = this.stage.generation(this.#device(index), scope)): DeviceKey {
    return this.stage.actors[index]?.keys[generation] as DeviceKey;
  }

  async noteHead(): Promise<void> {
    const note = await this.stage.client.checkpoint(this.stage.book, HQ);
    const checkpoint = parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1));
    if (!checkpoint.ok) throw new Error(checkpoint.message);
    const generations = [0, 1, 2].map((index) => this.stage.generation(this.#device(index), HQ));
    this.#heads.push({ ...checkpoint.value, generations });
  }

  async take(one: Step): Promise<void> {
    const { stage } = this;
    if (one.kind === 'restart') stage.restart();
    else if (one.kind === 'mark') await this.#mark(one.by, one.back);
    else if (one.kind === 'claim') {
      const args = { sku: 'tea', quantity: 1, claim: tokens[one.token] as string };
      const record = await stage.craft(this.#keyOf(one.by, BRANCH), 'stock.move@1', BRANCH, () => args);
      await stage.push(record, one.route);
    } else await this.#rotate(one.by, one.kind === 'rotate' ? HQ : BRANCH);
  }

  async #mark(index: number, back: number): Promise<void> {
    const head = this.#heads.at(-1 - Math.min(back, this.#heads.length - 1)) as Head;
    const { size, root } = head;
    const key = index === 3 ? this.stage.marker : this.#keyOf(index, BRANCH);
    await this.stage.write(key, 'hq.mark@1', BRANCH, () => ({ size, root }));
    if (size > (this.#marked?.size ?? 0)) this.#marked = head;
  }

  /** In the branch no further than the mark knows of: no kernel writes the rotation before the mark. */
  async #rotate(index: number, scope: Scope): Promise<void> {
    const next = this.stage.generation(this.#device(index), scope) + 1;
    const key = this.#keyOf(index, scope, next);
    if (key === undefined || (scope === BRANCH && next > (this.#marked?.generations[index] ?? 0))) return;
    await this.stage.write(this.#keyOf(index, scope), 'device.rotate@1', scope, async (prev: OpHash) => {
      return { ...(await proveRotation(prev, key)) };
    });
    if (scope === HQ) await this.noteHead();
  }
}

describe('an op under a key that hq superseded', () => {
  it('owns a token at the relay where the fold gives it effect, and nowhere else', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 20 }), async (steps) => {
        const table = new Table(await play([], false));
        const { stage } = table;
        await table.noteHead();
        for (const one of steps) await table.take(one);
        const options = { keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(5), book: stage.book };
        const book = await openBook({ store: stores['better-sqlite3'](), ...options, replicate: 'all' });
        await book.sync(stage.client);
        const idle = new Set(
          book.query("SELECT hash FROM refusals WHERE code = 'kernel/superseded'").map(({ hash }) => String(hash)),
        );
        const owners = new Map<string, string>();
        for (const { op, hash } of await recordsOf(book)) {
          const claimed = claimOf(op);
          if (claimed === undefined) continue;
          seen.add(idle.has(hash) ? 'idle' : owners.has(claimed) ? 'lost' : 'owns');
          if (!idle.has(hash) && !owners.has(claimed)) owners.set(claimed, hash);
        }
        const held = await stage.store.claims(stage.book, BRANCH, tokens);
        expect(new Map([...held].map(([name, { hash }]) => [name, String(hash)]))).toEqual(owners);
        await book.close();
      }),
      { numRuns: 20, seed: 1, examples },
    );
    expect([...seen].sort()).toEqual(['idle', 'lost', 'owns']);
  });
});
