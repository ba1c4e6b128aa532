// The front ends that a drill's claims go to: relays of one name and key over stores of one engine, any of which can be replaced.
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeHasher } from '@tallystick/chain/node';
import { createRelay, type Relay, type RelayEvent, type RelayStore } from '@tallystick/relay-protocol';
import { createMemoryKeyStore } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import type { Engine, Send } from './engine.ts';

export interface FrontEnds extends Pick<Engine, 'relay'> {
  readonly sends: readonly Send[];
  /** Closes the store of one in the middle of its work, after another relay over a new store took its place. */
  replace(index: number): Promise<void>;
  close(): Promise<void>;
}

interface FrontEnd {
  readonly relay: Relay;
  readonly store: RelayStore;
}

/** Two, each over a store of its own. */
export async function openFrontEnds(
  openStore: () => Promise<RelayStore>,
  onEvent: (event: RelayEvent) => void = () => undefined,
): Promise<FrontEnds> {
  const key = await createMemoryKeyStore(nodeEd25519, nodeHasher).create('relay');
  const signer = { name: 'relay.drill', publicKey: key.publicKey, sign: (text: Uint8Array) => key.sign(text) };
  const open = async (): Promise<FrontEnd> => {
    const store = await openStore();
    const common = { signer, hasher: nodeHasher, ed25519: nodeEd25519, reads: 'public', onEvent } as const;
    return { store, relay: createRelay({ ...common, store }) };
  };
  const fronts = [await open(), await open()];
  return {
    relay: signer,
    sends: [0, 1].map(
      (index): Send =>
        (request) =>
          Promise.race([(fronts[index] as FrontEnd).relay.fetch(request), whenGivenUp(request.signal)]),
    ),
    async replace(index) {
      const old = fronts[index] as FrontEnd;
      fronts[index] = await open();
      await old.store.close();
    },
    async close() {
      for (const { store } of fronts) await store.close();
    },
  };
}

/** As a connection does that whoever asks has closed: no answer is waited for any more. */
function whenGivenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

/** A server that does not answer for a while, though its connections stand. */
export async function pauseFor(server: { pause(): void; resume(): void } | undefined, pauseMs: number): Promise<void> {
  server?.pause();
  await sleep(pauseMs);
  server?.resume();
}
