/**
 * Schedules: a trading day interleaved with everything that may happen between devices: files whole, in part, late, twice or damaged, syncs
 * over a network that loses requests and answers, restarts. Plain data again, so that a schedule that breaks something shrinks.
 */
import type { Verb } from '@tallystick/kernel';
import { RelayError } from '@tallystick/relay-protocol';
import fc from 'fast-check';
import { recutBookFile } from './book-file.ts';
import { anyStep, type Step } from './day.ts';
import { createDice, type Dice } from './dice.ts';
import { type Fleet, ofShop } from './fleet.ts';
import { cloneLastOp, createGuests } from './guests.ts';
import { type Crossing, perform } from './trader.ts';

export type Delivery =
  | { readonly kind: 'file'; readonly from: number; readonly to: number }
  /** Some of the frames, in any order, some of them twice. */
  | { readonly kind: 'part'; readonly from: number; readonly to: number; readonly seed: number }
  /** One of the files handed over before, once more. */
  | { readonly kind: 'again'; readonly to: number; readonly file: number }
  /** A file with one bit turned over on the way. */
  | { readonly kind: 'damaged'; readonly from: number; readonly to: number; readonly seed: number }
  | { readonly kind: 'sync'; readonly member: number; readonly lossy: boolean }
  | { readonly kind: 'push'; readonly member: number }
  | { readonly kind: 'reopen'; readonly member: number }
  /** Somebody who restored a backup of the member writes on, and another gets it first. */
  | { readonly kind: 'clone'; readonly member: number; readonly to: number }
  /** The member enrols a guest, whom others may be enrolling too, and another gets what the guest writes. */
  | { readonly kind: 'guest'; readonly member: number; readonly guest: number; readonly to: number };

export type Event = ({ readonly kind: 'trade' } & Step) | Delivery;

export interface ScheduleOptions {
  readonly members: number;
  readonly minEvents?: number;
  readonly maxEvents?: number;
  /** Which kinds of delivery there are; all when left out. */
  readonly deliveries?: readonly Delivery['kind'][];
}

const seed = fc.nat({ max: 0xffff_ffff });

/** Any interleaving of work and deliveries among `members` devices. */
export function anySchedule({
  members,
  minEvents = 1,
  maxEvents = 30,
  deliveries = ['file', 'part', 'again', 'damaged', 'sync', 'push', 'reopen', 'clone', 'guest'],
}: ScheduleOptions): fc.Arbitrary<readonly Event[]> {
  const member = fc.nat({ max: members - 1 });
  const from = member;
  const to = member;
  const arbitraries: { readonly [Kind in Delivery['kind']]: fc.Arbitrary<Delivery> } = {
    file: fc.record({ kind: fc.constant('file' as const), from, to }),
    part: fc.record({ kind: fc.constant('part' as const), from, to, seed }),
    again: fc.record({ kind: fc.constant('again' as const), to, file: fc.nat({ max: 100 }) }),
    damaged: fc.record({ kind: fc.constant('damaged' as const), from, to, seed }),
    sync: fc.record({ kind: fc.constant('sync' as const), member, lossy: fc.boolean() }),
    push: fc.record({ kind: fc.constant('push' as const), member }),
    reopen: fc.record({ kind: fc.constant('reopen' as const), member }),
    clone: fc.record({ kind: fc.constant('clone' as const), member, to }),
    guest: fc.record({ kind: fc.constant('guest' as const), member, guest: fc.nat({ max: 1 }), to }),
  };
  const trade: fc.Arbitrary<Event> = anyStep(members).map((step) => ({ kind: 'trade' as const, ...step }));
  const event = fc.oneof(
    { arbitrary: trade, weight: 6 },
    ...deliveries.map((kind) => ({ arbitrary: arbitraries[kind] as fc.Arbitrary<Event>, weight: 1 })),
  );
  return fc.array(event, { minLength: minEvents, maxLength: maxEvents, size: 'max' });
}

/** What runs a schedule; it keeps the files that were handed over. */
export interface Play {
  /** Does one event and answers which member's book it may have changed. */
  next(event: Event): Promise<number>;
}

export function play<V extends readonly Verb[]>(played: Fleet<V>, crossing: Crossing): Play {
  const fleet = ofShop(played);
  const files: Uint8Array[] = [];
  const guests = createGuests(fleet);
  const hand = async (to: number, file: Uint8Array): Promise<number> => {
    files.push(file);
    await fleet.book(to).import(file);
    return to;
  };
  return {
    async next(event) {
      switch (event.kind) {
        case 'trade':
          fleet.clock.advance(event.afterMs);
          await perform(fleet.trader(event.device, crossing), event.action);
          return event.device;
        case 'file':
          return hand(event.to, await fleet.book(event.from).export());
        case 'part':
          return hand(event.to, cutFile(await fleet.book(event.from).export(), createDice(event.seed)));
        case 'again': {
          const file = files[event.file % Math.max(1, files.length)];
          if (file !== undefined) await fleet.book(event.to).import(file);
          return event.to;
        }
        case 'damaged':
          await fleet.book(event.to).import(damageFile(await fleet.book(event.from).export(), createDice(event.seed)));
          return event.to;
        case 'sync':
          await syncOver(fleet, event.member, event.lossy);
          return event.member;
        case 'push':
          await fleet.sync(event.member, { pull: false });
          return event.member;
        case 'reopen':
          await fleet.reopen(event.member);
          return event.member;
        case 'clone':
        case 'guest': {
          const file =
            event.kind === 'clone'
              ? await cloneLastOp(fleet, event.member)
              : await guests.visit(event.member, event.guest);
          return file === undefined ? event.member : hand(event.to, file);
        }
      }
    },
  };
}

/** A network that loses everything for long enough ends a sync in `relay/unreachable`, which is nobody's fault. */
async function syncOver(fleet: Fleet, member: number, lossy: boolean): Promise<void> {
  try {
    await fleet.sync(member, lossy ? { losses: { requests: 4, answers: 4 } } : {});
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'relay/unreachable' || !lossy) throw error;
  }
}

/** A part of a book file: each frame kept or not, some twice, in any order or in its own. */
export function cutFile(file: Uint8Array, dice: Dice): Uint8Array {
  const keepOneIn = 1 + dice.below(3);
  const shuffled = dice.chance(2);
  return recutBookFile(file, (frames) => {
    const kept = frames.filter(() => keepOneIn === 1 || !dice.chance(keepOneIn));
    const doubled = kept.flatMap((frame) => (dice.chance(4) ? [frame, frame] : [frame]));
    return shuffled ? dice.shuffle(doubled) : doubled;
  });
}

/** A book file with one bit of one of its records turned over. */
export function damageFile(file: Uint8Array, dice: Dice): Uint8Array {
  return recutBookFile(file, (frames) => {
    const broken = dice.below(frames.length);
    return frames.map((frame, index) => (index === broken ? flipBit(frame, dice) : frame));
  });
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, dice: Dice): Uint8Array {
  const flipped = bytes.slice();
  const at = dice.below(flipped.length);
  flipped[at] = (flipped[at] as number) ^ (1 << dice.below(8));
  return flipped;
}
