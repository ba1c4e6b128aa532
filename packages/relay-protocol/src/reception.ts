// Bodies of pushes on a thread before the relay's: the same bounds as in the relay, so that neither side of the border keeps more than a relay may.
import { receiveBody } from './incoming.ts';
import type { RelayLimits } from './limits.ts';
import type { PushRequest } from './push.ts';
import { createReceivers } from './receivers.ts';
import { createSlots } from './turns.ts';

export { type RelayCode, RelayError } from './errors.ts';

export type ReceptionLimits = Pick<
  RelayLimits,
  'maxReceiving' | 'maxPushesInFlight' | 'maxBytesInFlight' | 'maxBatchBytes'
>;

export interface Reception {
  /**
   * Runs `work` with the whole body, as sent; what it takes is free again when `work` is over. Throws what the relay answers of a body that is too long, too slow or
   * one too many, as a `RelayError`.
   */
  take<T>(push: PushRequest, work: (body: Uint8Array) => Promise<T>): Promise<T>;
  /** Bytes of bodies that are half read or at work. */
  bytes(): number;
}

/** For a server that reads requests on a thread of its own and hands each to a relay on another one, by `handIn`. */
export function createReception(limits: ReceptionLimits): Reception {
  const slots = createSlots(limits.maxPushesInFlight, limits.maxBytesInFlight);
  const receivers = createReceivers(limits.maxReceiving);
  return {
    take: (push, work) =>
      slots.use(async (slot) => {
        const body = await receiveBody(push, limits.maxBatchBytes, slot, { receivers });
        slot.enter();
        return work(body);
      }),
    bytes: () => slots.load().bytes,
  };
}
