// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Appointment", and docs/spec/relay.md, "Epochs", read once more: which relay a book is appointed to, epoch by epoch.
import { refuse } from './bytes.mjs';

export class Appointments {
  /** { epoch, rank, hash } of the one in force. */
  #last = { epoch: 0 };

  /** Those that had effect. */
  had = [];

  appoint({ args, hash, scope }, role, rank) {
    const { epoch } = args;
    if (scope !== 'hq') refuse('sign/scope');
    if (role !== 'owner') refuse('sign/role');
    const isHigher = rank < this.#last.rank || (rank === this.#last.rank && hash < this.#last.hash);
    const isNext = epoch === this.#last.epoch + 1;
    if (!isNext && !(epoch === this.#last.epoch && isHigher)) refuse('sign/epoch');
    this.#last = { epoch, rank, hash };
    this.had.push({ ...args, hash });
  }
  /** What a relay is for the book: the epoch it signs in, the op that gave it that, and whether another one took its place. */
  tenureOf(vkey) {
    const inForce = this.had.at(-1);
    const own = this.had.findLast(({ relay }) => relay === vkey);
    const wasHome = own !== undefined || this.had.some(({ from }) => from === vkey);
    return { epoch: own?.epoch ?? 0, hash: own?.hash, isRetired: wasHome && inForce.relay !== vkey };
  }
  /** Whether so much of a log may be of a relay before. */
  mayBeEarlier(of, size) {
    const listed = ({ logs }) => logs.find(({ scope }) => scope === of)?.size ?? 0;
    return this.had.some((one) => size > listed(one));
  }
}
