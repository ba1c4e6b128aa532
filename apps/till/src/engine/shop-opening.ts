// Ways to a shop: the one this device already belongs to, one it joins by an invitation, one of its own.
import { acknowledgeShreds } from '@tallystick/kernel/subjects';
import { openBook, type SyncReport } from '@tallystick/kernel';
import type { BrowserLog } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex, parseBookId, parseDeviceId, parseScope, type Scope } from '@tallystick/oplog';
import { createRelayClient, type RelayClient } from '@tallystick/relay-protocol/client';
import type { SqlJsStatic } from 'sql.js';
import { localDay } from '../model/business-day.ts';
import { currencyDigits } from '../model/money.ts';
import { createClockWatch } from './clock-watch.ts';
import { fillDemoShop } from './demo-shop.ts';
import { compareSealed, noteSealed } from './escrow-check.ts';
import { askToJoin } from './join.ts';
import { adoptCopied, backupsOf } from './key-life.ts';
import { createKeyPlace } from './key-place.ts';
import { type OpenShop, watchShop } from './open-shop.ts';
import type { JoinRequest, Outcome, RestoreRequest, StandaloneRequest } from './port.ts';
import { encodeShopRecord, parseShopRecord, type ShopRecord, shopRecordName } from './shop-record.ts';
import { createSyncLoop, type SyncLoop } from './sync-loop.ts';
import { noteTear, tearIsMended } from './torn-log.ts';
import { addLookUps, type TillBook, tillCrypto, tillVerbs } from './till-book.ts';

/** The worker's own address: the hash of its code is part of it, but where it is served as it is written. */
const thisBuild = self.location.pathname;

export interface ShopPlace {
  readonly log: BrowserLog;
  readonly sqlite: SqlJsStatic;
  readonly onSync: (report: SyncReport | undefined) => void;
}

/** The shop this device belongs to, or undefined on its first start. */
export async function openKnownShop(place: ShopPlace): Promise<OpenShop | undefined> {
  const record = parseShopRecord(place.log.meta(shopRecordName));
  return record === undefined ? undefined : openShop(place, record);
}

/** A new book on this device alone. The record is written first, so a crash half-way is gone on with at the next start. */
export async function openOwnShop(place: ShopPlace, request: StandaloneRequest): Promise<OpenShop> {
  const scope = parseScope('hq') as Scope;
  const record: ShopRecord = { book: undefined, scope, relay: undefined, own: request };
  await place.log.setMeta(shopRecordName, encodeShopRecord(record));
  return openShop(place, record);
}

/** Asks the office, remembers its answer, and opens the book with the records that came with it. */
export async function joinShop(place: ShopPlace, request: JoinRequest): Promise<Outcome<OpenShop>> {
  const keys = createKeyPlace(place.log, undefined);
  const before = await keys.load('device');
  const { device, keyId, publicKey } = before ?? (await keys.create('device'));
  const isMade = request.key?.keyId === keyId;
  const joining = { device, key: encodeHex(publicKey) };
  noteSealed(place.log, request.key);
  const asked = await askToJoin(request, joining, isMade ? backupsOf(request) : []);
  if (!asked.ok) return asked;
  const { book, scope, relay, bundle } = asked.value;
  const record: ShopRecord = { book, scope, relay, own: undefined };
  await place.log.setMeta(shopRecordName, encodeShopRecord(record));
  const shop = await openShop(place, record);
  await shop.book.import(bundle);
  compareSealed(place.log, shop.book, keyId);
  shop.progress.refresh();
  // A key made a moment ago has written nothing anywhere. An older one must first learn its own last op from the relay.
  if (before === undefined || isMade) await shop.book.anchor();
  return { ok: true, value: shop };
}

/** The key is back under its name; what this till wrote comes from the relay before it writes on. */
export async function restoreShop(place: ShopPlace, request: RestoreRequest): Promise<Outcome<OpenShop>> {
  const book = parseBookId(request.book);
  const scope = parseScope(request.scope);
  const device = parseDeviceId(request.device);
  if (book === undefined || scope === undefined || device === undefined)
    return { ok: false, code: 'till/office-answer', message: 'The office names no shop.' };
  const record: ShopRecord = { book, scope, device, relay: request.relay, own: undefined };
  await place.log.setMeta(shopRecordName, encodeShopRecord(record));
  const shop = await openShop(place, record);
  await shop.book.import(request.bundle);
  shop.progress.refresh();
  return { ok: true, value: shop };
}

async function openShop({ log, sqlite, onSync }: ShopPlace, record: ShopRecord): Promise<OpenShop> {
  const { book: id, scope, relay, own } = record;
  const { images } = import.meta.env.DEV ? { images: undefined } : log;
  const store = sqljsStore({ sqlite, log, release: thisBuild, ...(images === undefined ? {} : { images }) });
  const keys = createKeyPlace(log, record.device);
  const book: TillBook = await openBook({
    store,
    keys,
    verbs: tillVerbs,
    crypto: await tillCrypto(),
    scope,
    ...(id === undefined ? {} : { book: id }),
    ...(relay === undefined ? {} : { relayKey: relay.vkey }),
    ...(own === undefined ? {} : { name: own.shop, deviceName: own.till }),
  });
  addLookUps(store);
  if (own !== undefined) await fillOnce(book, own.currency);
  const clock = createClockWatch();
  const shop = { book, log, record, keys, clock };
  if (relay === undefined) return watchShop({ ...shop, sync: undefined });
  await noteTear(log);
  return watchShop({ ...shop, sync: startSync(shop, relay.url, onSync) });
}

async function fillOnce(book: TillBook, currency: string): Promise<void> {
  if (book.query('SELECT 1 FROM products LIMIT 1').length > 0) return;
  await fillDemoShop(book, currency, currencyDigits(currency), localDay(new Date()));
}

const exchangeTimeoutMs = 15_000;
/** From hearing of news to asking for them, at least. */
const newsMs = 250;

function startSync(
  { book, log, clock }: Pick<OpenShop, 'book' | 'log' | 'clock'>,
  url: string,
  onChange: ShopPlace['onSync'],
): SyncLoop {
  const plain = createRelayClient({ url, retry: { attempts: 1, timeoutMs: exchangeTimeoutMs } });
  const client: RelayClient = {
    ...plain,
    push: async (...handedIn) => {
      const answer = await plain.push(...handedIn);
      clock.heard(answer.results);
      return answer;
    },
  };
  const listening = new AbortController();
  let isHeard = false;
  const loop = createSyncLoop({
    exchange: async () => {
      const report = await book.sync(client);
      await tearIsMended(log);
      // A till keeps no keys of persons, and says so of each who is to be forgotten.
      const { acknowledged } = await acknowledgeShreds({ book, day: () => localDay(new Date()) });
      // What is adopted or said now is handed in at once.
      return (await adoptCopied(book)) || acknowledged > 0 ? book.sync(client) : report;
    },
    onChange,
    hasNetwork: () => navigator.onLine,
    now: Date.now,
    random: Math.random,
    isHeard: () => isHeard,
    onStop: () => listening.abort(),
  });
  const { signal } = listening;
  const fetchNews = ({ scope, size }: { scope: Scope; size: number }): void => {
    // What this till has just handed in is no news to it.
    if (!signal.aborted && book.log.tip(scope).size < size) loop.nudge();
  };
  const heard = book.listen(plain, {
    signal,
    // A fleet that hears the same does not ask at the same moment.
    onNews: (news) => setTimeout(fetchNews, newsMs * (1 + Math.random()), news),
    onState(isOpen) {
      if (isHeard && !isOpen) loop.nudge();
      isHeard = isOpen;
    },
  });
  // Without it the till asks every few seconds, as before.
  heard.catch(() => undefined);
  return loop;
}
