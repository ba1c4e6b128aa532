/** What happens in a simulated fleet, as plain data out of one seed: work, deliveries, faults of network, disk and clock, and programs of two releases. */
import { createDice, type Dice } from './dice.ts';
import { drawStep } from './draw.ts';
import type { Event } from './schedule.ts';

export type WorldEvent =
  | Event
  /** What is cut stays cut until another such event. */
  | { readonly kind: 'cut'; readonly member: number; readonly requests: boolean; readonly answers: boolean }
  | { readonly kind: 'weather'; readonly member: number; readonly oneIn: number }
  | { readonly kind: 'late'; readonly member: number }
  /** The power is cut at one of the next storage calls. */
  | { readonly kind: 'crash'; readonly member: number; readonly calls: number }
  | { readonly kind: 'clock'; readonly member: number; readonly skewMs: number }
  /** The member gets the newer release; the office adopts what only that has. */
  | { readonly kind: 'upgrade'; readonly member: number }
  | { readonly kind: 'adopt' }
  | { readonly kind: 'note'; readonly member: number; readonly shelf: number }
  | { readonly kind: 'rotate'; readonly member: number }
  | { readonly kind: 'attest'; readonly member: number }
  /** The office revokes the device of a member, who may not know it for long. */
  | { readonly kind: 'revoke'; readonly member: number }
  /** The member goes on as another device, which the office enrols, and adopts what the one before did without effect. */
  | { readonly kind: 'renew'; readonly member: number }
  /** The member keeps its rows for the next opening, where they live in memory. */
  | { readonly kind: 'image'; readonly member: number }
  /** The member archives what is settled of its scope, and its log begins later from then on. */
  | { readonly kind: 'archive'; readonly member: number }
  /** The member gets a new machine, which starts from a snapshot that another makes. */
  | { readonly kind: 'replace'; readonly member: number; readonly from: number };

export interface Trace {
  /** Of the shop, the keys, the network's dice and the disks'. */
  readonly seed: number;
  readonly events: readonly WorldEvent[];
}

/** How many members a simulated fleet has; see simulate.ts. */
export const memberCount = 4;

/** Events of `ops` things that members do, with what happens between them. */
export function drawTrace(seed: number, ops: number): Trace {
  const dice = createDice(seed);
  const events: WorldEvent[] = [];
  let done = 0;
  while (done < ops) {
    const isWork = !dice.chance(7);
    events.push(isWork ? drawWork(dice) : drawFault(dice));
    if (isWork) done += 1;
  }
  return { seed, events };
}

function drawWork(dice: Dice): WorldEvent {
  if (dice.chance(8)) return { kind: 'note', member: dice.below(memberCount), shelf: dice.below(3) };
  return { kind: 'trade', ...drawStep(dice, memberCount) };
}

type Draw = (dice: Dice) => WorldEvent;
const member = (dice: Dice): number => dice.below(memberCount);
const seed = (dice: Dice): number => dice.below(2 ** 32);

/** Faults and deliveries, and how often each is drawn. Files are whole books, so they are rarer than syncs. */
const faults: readonly (readonly [weight: number, draw: Draw])[] = [
  [45, (dice) => ({ kind: 'sync', member: member(dice), lossy: false })],
  [12, (dice) => ({ kind: 'push', member: member(dice) })],
  [6, (dice) => ({ kind: 'file', from: member(dice), to: member(dice) })],
  [5, (dice) => ({ kind: 'part', from: member(dice), to: member(dice), seed: seed(dice) })],
  [4, (dice) => ({ kind: 'again', to: member(dice), file: dice.below(100) })],
  [3, (dice) => ({ kind: 'damaged', from: member(dice), to: member(dice), seed: seed(dice) })],
  [3, (dice) => ({ kind: 'reopen', member: member(dice) })],
  [1, (dice) => ({ kind: 'clone', member: member(dice), to: member(dice) })],
  [2, (dice) => ({ kind: 'guest', member: member(dice), guest: dice.below(2), to: member(dice) })],
  [6, (dice) => ({ kind: 'cut', member: member(dice), ...dice.pick(cuts) })],
  [6, (dice) => ({ kind: 'weather', member: member(dice), oneIn: dice.pick([0, 0, 3, 10]) })],
  [4, (dice) => ({ kind: 'late', member: member(dice) })],
  [5, (dice) => ({ kind: 'crash', member: member(dice), calls: 1 + dice.below(dice.pick([4, 40, 400])) })],
  [4, (dice) => ({ kind: 'clock', member: member(dice), skewMs: dice.pick(skewsMs) })],
  [3, (dice) => ({ kind: 'upgrade', member: member(dice) })],
  [2, () => ({ kind: 'adopt' })],
  [2, (dice) => ({ kind: 'rotate', member: member(dice) })],
  [2, (dice) => ({ kind: 'attest', member: member(dice) })],
  [2, (dice) => ({ kind: 'revoke', member: 1 + dice.below(memberCount - 1) })],
  [2, (dice) => ({ kind: 'renew', member: 1 + dice.below(memberCount - 1) })],
  [3, (dice) => ({ kind: 'image', member: member(dice) })],
  [2, (dice) => ({ kind: 'archive', member: member(dice) })],
  [1, (dice) => ({ kind: 'replace', member: member(dice), from: member(dice) })],
];
const cuts = [
  { requests: false, answers: false },
  { requests: false, answers: false },
  { requests: true, answers: false },
  { requests: false, answers: true },
] as const;
const skewsMs = [0, 90_000, -3_600_000, 2 * 86_400_000, -400 * 86_400_000] as const;
const wholeWeight = faults.reduce((sum, [weight]) => sum + weight, 0);

function drawFault(dice: Dice): WorldEvent {
  let left = dice.below(wholeWeight);
  for (const [weight, draw] of faults) {
    if (left < weight) return draw(dice);
    left -= weight;
  }
  throw new RangeError('the weights do not add up');
}
