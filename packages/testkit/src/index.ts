// @tallystick/testkit: arbitraries, simulated fleets and fault injection for code built on the kernel.
export { type Audited, auditShop, type Finding } from './audit.ts';
export { framesOf, recutBookFile } from './book-file.ts';
export { type CrashPoint, crashingStore, createCrashPoint, createMemoryFile, type MemoryFile } from './crash.ts';
export {
  type Action,
  anyAction,
  anyDay,
  anyStep,
  type DayOptions,
  type Payment,
  type Picked,
  type Step,
} from './day.ts';
export {
  checkBook,
  type CheckBookOptions,
  checkDeterminism,
  type DeterminismOptions,
  type DeterminismReport,
  type Occurred,
  type Stores,
} from './determinism.ts';
export { type Clock, createClock, createDice, createEdge, type Dice, openingMs } from './dice.ts';
export { TestkitError, type TestkitErrorCode } from './errors.ts';
export { everyVerb, type EveryVerbOptions, liveEveryVerb } from './every-verb.ts';
export {
  createFleet,
  type Fleet,
  type FleetBook,
  type FleetOptions,
  type Member,
  type MemberOptions,
} from './fleet.ts';
export { createSeededKeys } from './keys.ts';
export { type Fetch, type Losses, lossyFetch } from './network.ts';
export { holdRealm, type OnImpure, pureVerbs } from './realm.ts';
export { createLocalRelay, type LocalRelay, type LocalRelayOptions } from './relay.ts';
export {
  anySchedule,
  cutFile,
  damageFile,
  type Delivery,
  type Event,
  flipBit,
  type Play,
  play,
  type ScheduleOptions,
} from './schedule.ts';
export { anyShop, priceSetArgs, productSetArgs, type Shop, type ShopProduct } from './shop.ts';
export { type Crossing, perform, type ShopBook, shopVerbs, stockShelves, type Trader } from './trader.ts';
export { bookFileOf, createWriter, type HandWritten, type Writer, type WriterOptions } from './writer.ts';
