/** A relay in this process, reached through its `fetch`, that can be restarted over the same store or over an empty one. */
import type { NoteSigner } from '@tallystick/chain';
import type { CryptoProvider } from '@tallystick/kernel';
import {
  createMemoryRelayStore,
  createRelay,
  createRelayClient,
  type Relay,
  type RelayClient,
  type RelayStore,
} from '@tallystick/relay-protocol';
import { createDice, type Dice } from './dice.ts';
import { createSeededKeys } from './keys.ts';
import { GZIP_FROM_BYTES, type Losses, lossyFetch } from './network.ts';

export interface LocalRelay {
  readonly vkey: string;
  /** How devices reach it; the address stays the same over restarts. */
  fetch(request: Request): Promise<Response>;
  client(network?: { readonly dice: Dice; readonly losses: Losses }): RelayClient;
  /** Stops it and starts it again, over its own store or over another. */
  restart(store?: RelayStore): Promise<void>;
  close(): Promise<void>;
}

export interface LocalRelayOptions {
  readonly crypto: CryptoProvider;
  readonly name?: string;
  readonly store?: RelayStore;
  nowMs?(): number;
  /** Default `public`: in most histories the dismissed and outsiders look on too. */
  readonly reads?: 'devices' | 'public';
}

export async function createLocalRelay(options: LocalRelayOptions): Promise<LocalRelay> {
  const { crypto, name = 'relay.test', nowMs, reads = 'public' } = options;
  const key = await createSeededKeys(name, crypto).create('relay');
  const signer: NoteSigner = { name, publicKey: key.publicKey, sign: (message) => key.sign(message) };
  let store = options.store ?? createMemoryRelayStore();
  const start = (): Relay =>
    createRelay({ store, signer, ...crypto, reads, ...(nowMs === undefined ? {} : { now: nowMs }) });
  let relay = start();
  const fetch = (request: Request): Promise<Response> => relay.fetch(request);
  return {
    vkey: relay.vkey,
    fetch,
    client: ({ dice, losses } = { dice: createDice(0), losses: { requests: 0, answers: 0 } }) =>
      createRelayClient({
        url: 'http://relay.test',
        fetch: lossyFetch(fetch, dice, losses),
        retry: { attempts: 8, baseMs: 1, random: () => 0 },
        gzipFromBytes: GZIP_FROM_BYTES,
      }),
    async restart(next = store) {
      await relay.close();
      store = next;
      relay = start();
    },
    close: () => relay.close(),
  };
}
