// The back office as a web server on loopback: the page with its live state, invitations, the door for new tills, and the built
// till on a port of its own (another origin, so that neither can read the other's storage).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadParts } from '@tallystick/kernel';
import { createRelayClient } from '@tallystick/relay-protocol';
import { openOrCreateOffice, type ShopBook } from '../book.ts';
import { homeAt, readSettings, takeHome, writeSettings } from '../home.ts';
import { escrowRecipients } from '../escrow.ts';
import { type Listener, listen } from './http.ts';
import { createDeposits } from './deposits.ts';
import { watchBackups } from '../backup-watch.ts';
import { createInvitations } from './invitations.ts';
import type { Place } from './join.ts';
import { createLiveFeed, type LiveFeed } from './live-feed.ts';
import { handOutPerson, readArchives, readCertificate, readPlaces } from './person-papers.ts';
import { enterPerson, readPersons } from './persons.ts';
import { createRelayLink } from './relay-link.ts';
import { readRetention } from './retention.ts';
import { createRouter, type Desk } from './routes.ts';
import { syncWithDesk } from '../subjects.ts';
import { staticFiles } from './static-files.ts';

export interface StartOfficeOptions {
  /** Holds the office's database and keys; a new book is opened when there is none. */
  readonly dataDir: string;
  readonly relayUrl: string;
  /** Preferred ports; another free one is taken when they are not. 0 (the default) takes any. */
  readonly port?: number;
  readonly tillPort?: number;
  /** A loopback address (default 127.0.0.1): the office has no log-in. */
  readonly host?: string;
  /** Name and currency of a new book. */
  readonly name?: string;
  readonly currency?: string;
  /** Folder of the built till (default apps/till/dist); nothing is served when it is not there. */
  readonly tillDist?: string;
  /** Another origin that tills may join from, such as a development server's. */
  readonly tillOrigin?: string;
  /** Pause between exchanges with the relay (default 1000). */
  readonly syncEveryMs?: number;
}

export interface RunningOffice {
  readonly url: string;
  /** Where the built till is served, if it is. */
  readonly tillUrl: string | undefined;
  readonly book: ShopBook;
  /** A link that lets one new till join, once; in the place of a device or in a branch, where one is named. */
  invite(lifetimeMs?: number, place?: Place): string;
  /** A link by which the wiped browser of a device asks for its key, once. */
  giveBack(device: string): string;
  /** Resolves when everything committed here has been offered to the relay and news from there is folded. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const requestTimeoutMs = 10_000;
const hourMs = 3_600_000;
const builtTill = fileURLToPath(new URL('../../../till/dist/', import.meta.url));

/** Starts the office on a data directory, which it holds alone until it is closed. */
export async function startOffice(options: StartOfficeOptions): Promise<RunningOffice> {
  const home = homeAt(options.dataDir);
  const lock = takeHome(home);
  const opened: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const release of opened.splice(0).reverse()) await release();
  };
  try {
    const known = readSettings(home);
    const currency = known?.currency ?? options.currency ?? 'GBP';
    const book = await openOrCreateOffice(home, options.name ?? 'Shop');
    opened.push(() => book.close());
    // The office runs for weeks, and its files may be replaced meanwhile.
    await loadParts();
    writeSettings(home, {
      version: 1,
      tills: known?.tills ?? 0,
      book: book.id,
      currency,
      relay: { kind: 'url', url: options.relayUrl },
    });
    return await serve(options, book, currency, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function serve(
  options: StartOfficeOptions,
  book: ShopBook,
  currency: string,
  opened: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<RunningOffice> {
  const { relayUrl, host = '127.0.0.1', port = 0, tillPort = 0, syncEveryMs = 1_000 } = options;
  // One try an exchange: the link comes back by itself. A relay that never answers holds up neither the next one nor the stop.
  const stop = new AbortController();
  const client = createRelayClient({
    url: relayUrl,
    signal: stop.signal,
    retry: { attempts: 1, timeoutMs: requestTimeoutMs },
  });
  const feed = createLiveFeed();
  const home = homeAt(options.dataDir);
  const followed = syncWithDesk(book, home);
  const link = createRelayLink(followed, client, syncEveryMs, () => {
    const { state, syncedAtMs, message } = link.health();
    feed.send('beat', { state, syncedAtMs, message });
  });
  opened.push(
    () => {
      stop.abort();
      return link.close();
    },
    () => feed.close(),
    announceChanges(book, feed),
  );
  const deposits = createDeposits(home, book);
  const backups = watchBackups({ home, book, deposits: deposits.place, onChange: () => feed.send('changed', {}) });
  opened.push(() => backups.close());
  const dist = options.tillDist ?? builtTill;
  const till = existsSync(dist) ? await listen(host, tillPort, true, staticFiles(dist)) : undefined;
  if (till !== undefined) opened.push(() => till.close());
  // By name: a passkey belongs to a name and never to an address.
  const tillUrl = till?.origin.replace('//127.0.0.1', '//localhost') ?? options.tillOrigin;
  const invitations = createInvitations<Place>();
  const restorations = createInvitations();
  // Filled in when the listener has its port; no request can come before that.
  const office: { listener?: Listener } = {};
  const ownOrigin = (): string => office.listener?.origin ?? '';
  const desk: Desk = {
    book,
    invitations,
    link,
    feed,
    deposits,
    backups,
    currency,
    relay: { url: relayUrl, vkey: async () => book.status().relayKey ?? (await client.info()).vkey },
    sync: () => link.sync(),
    origins: () => ({ own: sameMachine(ownOrigin()), tills: [till?.origin, options.tillOrigin].flatMap(sameMachine) }),
    invite: (lifetimeMs, place) => {
      const secret = invitations.invite(lifetimeMs, place);
      const escrow = escrowRecipients(book);
      return linkTo(tillUrl, 'join', { office: ownOrigin(), secret, ...(escrow.length === 0 ? {} : { escrow }) });
    },
    restorations,
    waiting: new Map(),
    changed: () => feed.send('changed', {}),
    persons: {
      read: (body) => readPersons(book, followed.desk, body),
      places: (body) => readPlaces(book, home, body),
      archives: () => readArchives(book, home),
      certificate: (body) => readCertificate(book, home, body),
      enter: (body) => enterPerson(book, followed.desk, body),
      handOut: (body) => handOutPerson(book, home, followed.desk, body),
      retention: () => readRetention(book, followed.desk),
    },
    giveBack: (device) =>
      linkTo(tillUrl, 'restore', { office: ownOrigin(), secret: restorations.invite(hourMs, device) }),
  };
  const listener = await listen(host, port, true, createRouter(desk));
  office.listener = listener;
  opened.push(() => listener.close());
  return {
    url: listener.origin,
    tillUrl,
    book,
    invite: (lifetimeMs = 24 * hourMs, place) => desk.invite(lifetimeMs, place),
    giveBack: (device) => desk.giveBack(device),
    sync: () => link.sync(),
    close,
  };
}

/** Tells the pages when something they show has changed, and not merely been looked at. */
function announceChanges(book: ShopBook, feed: LiveFeed): () => void {
  let shown = '';
  return book.subscribe(() => {
    const { scopes } = book.status();
    const now = JSON.stringify(scopes.map(({ scope, settled, pending }) => [scope, settled, pending]));
    if (now === shown) return;
    shown = now;
    feed.send('changed', {});
  });
}

/** A browser may call the same listener by either of its loopback names; they are different origins to it. */
function sameMachine(origin: string | undefined): string[] {
  if (origin === undefined || origin === '') return [];
  const other = origin.includes('//127.0.0.1')
    ? origin.replace('//127.0.0.1', '//localhost')
    : origin.replace('//localhost', '//127.0.0.1');
  return [...new Set([origin, other])];
}

/** The code stands after the #, so no server and no log on the way ever sees it. */
function linkTo(
  tillUrl: string | undefined,
  kind: 'join' | 'restore',
  what: Readonly<Record<string, unknown>>,
): string {
  const code = Buffer.from(JSON.stringify(what)).toString('base64url');
  return `${tillUrl === undefined ? '' : `${tillUrl}/`}#${kind}=${code}`;
}
