// Ways to a shop: the one this device already belongs to, one it joins by an invitation, one of its own.
import { openBook, type SnapshotSource, type SyncReport } from '@tallystick/kernel';
import type { BrowserLog } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { encodeHex, parseBookId, parseDeviceId, parseScope, type Scope } from '@tallystick/oplog';
import type { SqlJsStatic } from 'sql.js';
import { localDay } from '../model/business-day.ts';
import { newerLog } from '../model/log-faults.ts';
import { currencyDigits } from '../model/money.ts';
import type { Chosen, PartHead, RestoreOptions } from '@tallystick/recovery';
import { countOps, createTillBackup, noteKeyOpener, restoredNote } from './backup-life.ts';
import { createClockWatch } from './clock-watch.ts';
import { createPersons } from './persons.ts';
import { compareSealed, noteSealed } from './escrow-check.ts';
import { backupsOf } from './adopt-copied.ts';
import { asideUnread, nameAsideWriter } from './aside-unread.ts';
import { createKeyPlace } from './key-place.ts';
import { allHere } from './rows-here.ts';
import { type OpenShop, watchShop } from './open-shop.ts';
import type { Outcome } from './port.ts';
import type { JoinRequest, RestoreBackupRequest, RestoreRequest, StandaloneRequest } from './requests.ts';
import { encodeShopRecord, parseShopRecord, type ShopRecord, shopRecordName } from './shop-record.ts';
import type { OnLine, RelayLine } from './relay-line.ts';
import { createSyncLoop, type SyncLoop } from './sync-loop.ts';
import { noteTear } from './torn-log.ts';
import { addLookUps, type TillBook, tillCrypto, type TillVerbs, tillVerbs } from './till-book.ts';

/** The worker's own address: the hash of its code is part of it, but where it is served as it is written. */
const thisBuild = self.location.pathname;

export interface ShopPlace {
  readonly log: BrowserLog;
  readonly sqlite: SqlJsStatic;
  readonly onSync: (report: SyncReport | undefined) => void;
  /** A backup was made, or failed. */
  readonly onBackup: () => void;
  /** Rows that were still to come are here, or could not be had. */
  readonly onRows: () => void;
}

/** A backup that was looked at and may become this till. */
export interface Found {
  readonly chosen: Chosen;
  readonly note: { readonly relay: string; readonly office?: string };
}

/** The shop this device belongs to, or undefined on its first start. */
export async function openKnownShop(place: ShopPlace): Promise<OpenShop | undefined> {
  const text = place.log.meta(shopRecordName) ?? '';
  const record = parseShopRecord(text);
  // A first start in its place would write another shop over it.
  if (record === undefined && text !== '')
    throw Object.assign(new Error(`this version does not read: ${text}`), { code: newerLog });
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
  const { askToJoin } = await import('./join.ts');
  const asked = await askToJoin(request, joining, isMade ? backupsOf(request) : []);
  if (!asked.ok) return asked;
  const { book, scope, relay, bundle } = asked.value;
  const { aside } = request;
  if (aside !== undefined && (aside.book ?? book) === book)
    for (const note of aside.notes) await place.log.setMeta(...note);
  // A key made a moment ago has written nothing anywhere.
  const isNew = before === undefined || isMade;
  if (!isNew) await noteAsides(place, book);
  const record: ShopRecord = { book, scope, relay, own: undefined, office: request.office };
  await place.log.setMeta(shopRecordName, encodeShopRecord(record));
  const shop = await openShop(place, record);
  await shop.book.import(bundle);
  compareSealed(place.log, shop.book, keyId);
  await noteKeyOpener(shop, request.key);
  shop.progress.refresh();
  // An older one must first learn its own last op from the relay.
  if (isNew) await shop.book.anchor();
  return { ok: true, value: shop };
}

/** The key is back under its name; what this till wrote comes from the relay before it writes on. */
export async function restoreShop(place: ShopPlace, request: RestoreRequest): Promise<Outcome<OpenShop>> {
  const book = parseBookId(request.book);
  const scope = parseScope(request.scope);
  const device = parseDeviceId(request.device);
  if (book === undefined || scope === undefined || device === undefined)
    return { ok: false, code: 'till/office-answer', message: 'The office names no shop.' };
  const { relay, office } = request;
  await noteAsides(place, book);
  const record: ShopRecord = { book, scope, device, relay, own: undefined, office };
  await place.log.setMeta(shopRecordName, encodeShopRecord(record));
  const shop = await openShop(place, record);
  await shop.book.import(request.bundle);
  shop.progress.refresh();
  return { ok: true, value: shop };
}

/** Set while a backup is being put back, so that what an interrupted one left is not taken for a shop. */
export const restoringNote = 'till/restoring';

/** The rows of the backup stay on the device: the log here begins after them. The till writes nothing before it has met its relay. */
export async function restoreFromBackup(
  place: ShopPlace,
  found: Found | undefined,
  { book, number, hasKey, relay }: RestoreBackupRequest,
): Promise<Outcome<OpenShop>> {
  if (found === undefined || found.chosen.book !== book || found.chosen.number !== number)
    return { ok: false, code: 'till/no-backup', message: 'Look at the backup first.' };
  const { chosen, note } = found;
  const { header, sections } = chosen.whole;
  if (header.relay === '' || !URL.canParse(relay))
    return { ok: false, code: 'till/no-relay', message: 'The relay of the shop is not known.' };
  const { log } = place;
  if (log.images === undefined) return { ok: false, code: 'till/no-files', message: 'There are no files here.' };
  await log.setMeta(restoringNote, '1');
  await noteAsides(place, chosen.book);
  const { keepRestoredRows } = await import('./restored-rows.ts');
  await keepRestoredRows(sections);
  const device = hasKey ? chosen.device : undefined;
  const shared = { scope: header.scope, own: undefined, office: note.office, isRestored: true } as const;
  const record: ShopRecord = { ...shared, book: chosen.book, device, relay: { url: relay, vkey: header.relay } };
  let lost: readonly PartHead[] = [];
  const shop = await openShop(place, record, async (options) => {
    const { restoreBook } = await import('@tallystick/recovery');
    const restored = await restoreBook({ ...options, chosen });
    lost = restored.report.lost;
    return restored.book;
  });
  const seq = shop.book.log.head(chosen.device, header.scope)?.seq ?? 0;
  const ops = countOps(shop.book);
  await log.setMeta(restoredNote, JSON.stringify({ number, at: chosen.at, device: chosen.device, seq, ops, lost }));
  await log.setMeta(shopRecordName, encodeShopRecord(record));
  await log.setMeta(restoringNote, '');
  shop.progress.refresh();
  return { ok: true, value: shop };
}

/** What was written under this till's key, and is in a log that was put aside alone, is to be here before it writes on. */
async function noteAsides({ log }: ShopPlace, book: string): Promise<void> {
  const { asideLogs } = await import('./aside-files.ts');
  const asides = await asideLogs();
  if (asides.length > 0) await (await import('./aside-heads.ts')).noteAsides(log, book, asides);
}

type PutBack = (options: Omit<RestoreOptions<TillVerbs>, 'chosen'>) => Promise<TillBook>;

async function openShop(place: ShopPlace, record: ShopRecord, putBack?: PutBack): Promise<OpenShop> {
  const { log, sqlite, onSync, onBackup, onRows } = place;
  const { book: id, scope, relay, own } = record;
  const { images } = import.meta.env.DEV ? { images: undefined } : log;
  const store = sqljsStore({ sqlite, log, release: thisBuild, ...(images === undefined ? {} : { images }) });
  const keys = createKeyPlace(log, record.device);
  const opened: { book?: TillBook } = {};
  const lacksOwn = (): boolean => asideUnread(log, opened.book?.device) !== undefined;
  const shared = { store, keys, verbs: tillVerbs, crypto: await tillCrypto(), scope, lacksOwn };
  const rest = record.isRestored === true ? await import('./later-rows.ts') : undefined;
  const book: TillBook =
    putBack === undefined
      ? await openBook({
          ...shared,
          // A till of a branch also reads where it was let in, such as `claims`; one of hq could read every branch, and needs none.
          replicate: scope === 'hq' ? 'own' : 'all',
          ...(id === undefined ? {} : { book: id }),
          ...(relay === undefined ? {} : { relayKey: relay.vkey }),
          ...(own === undefined ? {} : { name: own.shop, deviceName: own.till }),
          ...(rest === undefined ? {} : { snapshot: { from: await restoredRows(), hotBytes: rest.hotBytes } }),
        })
      : await putBack({ ...shared, hotBytes: rest?.hotBytes ?? 0 });
  opened.book = book;
  await nameAsideWriter(log, book.device);
  await rest?.loadNeeded(book);
  addLookUps(store);
  if (own !== undefined) await fillOnce(book, own.currency);
  const clock = createClockWatch();
  const persons = createPersons({ book, log, record, keys });
  const shop = { book, log, record, keys, clock, persons, later: rest?.createLaterRows(book, onRows) ?? allHere };
  if (relay === undefined) return watchShop({ ...shop, sync: undefined });
  await noteTear(log);
  // Without files of its own there is no place for the parts.
  if (log.images === undefined) return watchShop({ ...shop, sync: startSync(shop, relay.url, onSync) });
  const backup = createTillBackup(shop, onBackup, async (...asked) =>
    (await import('./backup-keeper.ts')).openTillKeeper(...asked),
  );
  return watchShop({ ...shop, sync: startSync(shop, relay.url, onSync), backup });
}

async function restoredRows(): Promise<SnapshotSource> {
  return (await import('./restored-rows.ts')).restoredRows();
}

async function fillOnce(book: TillBook, currency: string): Promise<void> {
  if (book.query('SELECT 1 FROM products LIMIT 1').length > 0) return;
  const { fillDemoShop } = await import('./demo-shop.ts');
  await fillDemoShop(book, currency, currencyDigits(currency), localDay(new Date()));
}

/** The line to the relay is fetched beside the work: goods show before it is there. */
function startSync(shop: OnLine, url: string, onChange: ShopPlace['onSync']): SyncLoop {
  const listening = new AbortController();
  const state = { isHeard: false };
  let line: Promise<RelayLine> | undefined;
  const openLine = (): Promise<RelayLine> => {
    line ??= loadLine(shop, url);
    // A file that could not be fetched is asked for again at the next exchange.
    line.catch(() => (line = undefined));
    return line;
  };
  const loop = createSyncLoop({
    exchange: async () => (await openLine()).exchange(),
    onChange,
    hasNetwork: () => navigator.onLine,
    now: Date.now,
    random: Math.random,
    isHeard: () => state.isHeard,
    onStop: () => listening.abort(),
  });
  const onHeard = (isOpen: boolean): void => {
    if (state.isHeard && !isOpen) loop.nudge();
    state.isHeard = isOpen;
  };
  // Without it the till asks every few seconds, as before.
  const { signal } = listening;
  void openLine()
    .then(({ listen }) => listen({ signal, onHeard, onNews: loop.nudge }))
    .catch(() => undefined);
  return loop;
}

async function loadLine(shop: OnLine, url: string): Promise<RelayLine> {
  const { openRelayLine } = await import('./relay-line.ts').catch((cause: unknown) => {
    throw Object.assign(new Error('the till could not load its line to the relay', { cause }), {
      code: 'relay/unreachable',
    });
  });
  return openRelayLine(shop, url);
}
