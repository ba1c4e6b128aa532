// The relay a data directory works with: one inside this process with a database in the directory, or one at a URL.
import { type NoteSigner } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { createRelay, createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { createFileKeyStore, nodeEd25519 } from '@tallystick/sign/node';
import { mkdirSync } from 'node:fs';
import { messageOf, OfficeError } from './errors.ts';
import type { Home, Settings } from './home.ts';

const embeddedName = 'relay.embedded';
/** Never resolved: requests of an embedded relay's client are handed to its handler. */
const embeddedUrl = 'http://relay.embedded';

/** A relay ready for use. Closing it stops an embedded one. */
export interface OpenRelay {
  readonly client: RelayClient;
  close(): Promise<void>;
}

/** Opens the relay of the settings; undefined for a directory that has none. */
export async function openRelay(home: Home, settings: Settings['relay']): Promise<OpenRelay | undefined> {
  if (settings.kind === 'none') return undefined;
  if (settings.kind === 'embedded') return openEmbeddedRelay(home);
  const client = createRelayClient({ url: settings.url });
  await requireRelay(client, settings.url);
  return { client, close: async () => undefined };
}

/** Asks who is there before anything is begun: a wrong address must not be remembered. Throws `office/relay`. */
async function requireRelay(client: RelayClient, url: string): Promise<void> {
  try {
    await client.info();
  } catch (cause) {
    const why = messageOf(cause);
    throw new OfficeError('office/relay', `${url}: no relay answers there (${why})`, { cause });
  }
}

/** The relay core on SQLite, called directly: the same handler that serves HTTP elsewhere. */
export async function openEmbeddedRelay(home: Home): Promise<OpenRelay> {
  mkdirSync(home.relayFolder, { recursive: true });
  const store = createSqliteRelayStore(home.relayFile);
  // Nobody but this process can ask it.
  const relay = createRelay({
    store,
    signer: await relaySigner(home),
    hasher: nodeHasher,
    ed25519: nodeEd25519,
    reads: 'public',
  });
  return {
    client: createRelayClient({ url: embeddedUrl, fetch: (request) => relay.fetch(request) }),
    close: async () => {
      await relay.close();
      await store.close();
    },
  };
}

/** The relay's key outlives its database: what it signed before stays true of a relay that is refilled. */
async function relaySigner(home: Home): Promise<NoteSigner> {
  const keys = createFileKeyStore(home.relayFolder);
  const key = (await keys.load('relay')) ?? (await keys.create('relay'));
  return { name: embeddedName, publicKey: key.publicKey, sign: (message) => key.sign(message) };
}
