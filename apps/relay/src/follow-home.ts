// A relay that follows a home relay (docs/federation.md): its key to read with, the key of the home relay, and the outbox, all in the data folder.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NoteKey, parseVerifierKey } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { type BookId, encodeHex } from '@tallystick/oplog';
import {
  createRelayClient,
  type Relay,
  RelayError,
  relayIdOf,
  type RelayOptions,
  signReads,
} from '@tallystick/relay-protocol';
import { createFollowingRelay, type HomeLink, type HomeLinkEvent } from '@tallystick/relay-protocol/federation';
import { createSqliteOutbox } from '@tallystick/relay-protocol/node';
import { createFileKeyStore } from '@tallystick/sign/node';
import { errorToFields, type Log } from './log.ts';

export interface HomeOptions {
  readonly url: string;
  /** Its verifier key. Without it the first answer is believed, once, and kept. */
  readonly vkey?: string;
  readonly books: readonly BookId[];
}

export interface FollowHomeOptions extends Omit<RelayOptions, 'signer' | 'home' | 'books'> {
  readonly dataDir: string;
  readonly home: HomeOptions;
  /** What this relay calls itself. Default: `near-` and 16 digits of its key id. */
  readonly name?: string;
  readonly log: Log;
}

export interface FollowedHome {
  readonly relay: Relay;
  readonly link: HomeLink;
  readonly name: string;
  /** Begins to follow; `stop` ends that, and closes the outbox. */
  start(): void;
  stop(): Promise<void>;
}

const keyFile = 'home.vkey';
const homeTimeoutMs = 30_000;

export async function followHome(options: FollowHomeOptions): Promise<FollowedHome> {
  const { dataDir, home, log, ...ofRelay } = options;
  const keys = createFileKeyStore(dataDir);
  const key = (await keys.load('reader')) ?? (await keys.create('reader'));
  const mirror = options.name ?? `near-${key.keyId.slice(0, 16)}`;
  const stopping = new AbortController();
  // The link tries again by itself, and knows when not to.
  const retry = { attempts: 1, timeoutMs: homeTimeoutMs };
  const client = createRelayClient({ url: home.url, retry, signal: stopping.signal });
  const vkey = await pinHome(dataDir, home, async () => (await client.info()).vkey);
  const reader = { device: key.device, sign: key.sign.bind(key), relay: relayIdOf(vkey.key, nodeHasher) };
  const outbox = createSqliteOutbox(join(dataDir, 'outbox.sqlite'));
  const { relay, link } = createFollowingRelay({
    ...ofRelay,
    client: signReads(client, [reader]),
    home: vkey.key,
    mirror,
    books: home.books,
    node: mirror,
    outbox,
    onHome: (event) => logHome(log, event),
  });
  const { device } = key;
  // As `tally enrol` takes it.
  const keyText = `tallystick-device-1:${encodeHex(key.publicKey)}`;
  log({ level: 'info', event: 'following', home: home.url, vkey: vkey.text, device, key: keyText });
  let running: Promise<void> | undefined;
  return {
    relay,
    link,
    name: mirror,
    start: () =>
      void (running = link.run(stopping.signal).catch((error: unknown) => {
        log({ level: 'error', event: 'failed', ...errorToFields(error) });
      })),
    async stop() {
      stopping.abort();
      await running;
      await outbox.close();
    },
  };
}

/** The key that was given, else the one that was kept, else the one that the home relay says, which is kept. Throws `relay/identity` where two of them differ. */
async function pinHome(
  dataDir: string,
  { vkey: given }: HomeOptions,
  ask: () => Promise<string>,
): Promise<{ readonly key: NoteKey; readonly text: string }> {
  const path = join(dataDir, keyFile);
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
  const text = given ?? kept ?? (await ask());
  if (kept !== undefined && kept !== text)
    throw new RelayError('relay/identity', `this folder follows ${kept}, and not ${text}`);
  const parsed = parseVerifierKey(text, nodeHasher);
  if (!parsed.ok) throw new RelayError('relay/identity', `not the key of a relay: ${text}`);
  if (kept === undefined) writeFileSync(path, `${text}\n`);
  return { key: parsed.value, text };
}

function logHome(log: Log, event: HomeLinkEvent): void {
  if (event.kind === 'trouble') {
    const { book, scope, error } = event;
    log({
      level: 'error',
      event: 'home-trouble',
      book,
      ...(scope === undefined ? {} : { scope }),
      ...errorToFields(error),
    });
    return;
  }
  const { kind, ...fields } = event;
  const isAway = kind === 'home' && event.state === 'away';
  log({ level: isAway ? 'warn' : 'info', event: kind === 'home' ? 'home-relay' : kind, ...fields });
}
