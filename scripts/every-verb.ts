// What the history of every verb comes to in this Node, for other engines and releases to be compared with.
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { liveEveryVerb } from '@tallystick/testkit';

export async function everyVerbDigest(seed: number): Promise<string> {
  const fleet = await liveEveryVerb({ seed, crypto: nodeCrypto, store: () => nodeStore(':memory:') });
  const { digest } = fleet.book(0).digest();
  await fleet.close();
  return digest;
}
