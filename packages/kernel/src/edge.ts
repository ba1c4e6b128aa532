/** Where the outside comes in: the clock and the dice of the device that writes an op. What they say is recorded in the op; nothing else reads them. */
import type { Edge } from './author.ts';

export const platformEdge: Edge = {
  now: () => Date.now(),
  random: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
  later: (work) => void setTimeout(work, 0),
};
