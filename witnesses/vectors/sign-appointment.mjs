// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Appointment", read once more: which relay a book is appointed to, epoch by epoch.
import { refuse } from './bytes.mjs';

export class Appointments {
  /** { epoch, rank, hash } of the one in force. */
  #last = { epoch: 0 };

  appoint({ args: { epoch }, hash, scope }, role, rank) {
    if (scope !== 'hq') refuse('sign/scope');
    if (role !== 'owner') refuse('sign/role');
    const isHigher = rank < this.#last.rank || (rank === this.#last.rank && hash < this.#last.hash);
    const isNext = epoch === this.#last.epoch + 1;
    if (!isNext && !(epoch === this.#last.epoch && isHigher)) refuse('sign/epoch');
    this.#last = { epoch, rank, hash };
  }
}
