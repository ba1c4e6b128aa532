// The desk for personal data of a till: its keyring in the browser, wrapped keys at the relay.
import { parseVerifierKey, portableHasher } from '@tallystick/chain';
import {
  type Blobs,
  type BrowserKeyringKind,
  createReaderIdentity,
  type Keyring,
  openBrowserKeyring,
  type ReaderIdentity,
  type SubjectId,
} from '@tallystick/erasure';
import { type Sealer, SubjectDesk, subjectStanding } from '@tallystick/kernel/subjects';
import { createRelayKeys } from '@tallystick/relay-protocol/keys';
import { relayIdOf } from '@tallystick/relay-protocol';
import { localDay } from '../model/business-day.ts';
import { readerNote, type PersonShop } from './persons.ts';
import type { CustomerName, Outcome } from './port.ts';

export interface PersonDesk {
  exchange<T>(contact: () => Promise<T>): Promise<T>;
  name(customer: string): Promise<CustomerName>;
  describe(customer: string, name: string): Promise<Outcome<void>>;
}

interface PersonRow {
  readonly scope: string;
  readonly subject: SubjectId;
  readonly device: string;
  readonly op: string;
  readonly name: string;
  readonly [column: string]: string;
}

export async function openPersonDesk(shop: PersonShop, given?: Keyring): Promise<PersonDesk> {
  const { book, log, record } = shop;
  const reader = await readerOf(log);
  const keyring = given ?? (await keyringOf(log));
  const desk = new SubjectDesk({
    book,
    keyring,
    reader,
    blobs: record.relay === undefined ? [] : [keysAtRelay(shop, record.relay.url)],
    day: () => localDay(new Date()),
    scope: record.scope,
  });
  const rowOf = (customer: string): PersonRow | undefined =>
    book.query<PersonRow>(`SELECT * FROM persons WHERE customer = ? ORDER BY scope = 'hq' LIMIT 1`, [customer])[0];

  async function sealerFor(
    subject: SubjectId | undefined,
  ): Promise<Sealer | { readonly ok: false; readonly code: string }> {
    const known = subject === undefined ? undefined : await desk.sealer(subject);
    if (known !== undefined) return known;
    // Whoever has the key says it anew; without it the old texts would be lost.
    if (subject !== undefined) return { ok: false, code: 'till/person-known' };
    return desk.open('customer');
  }

  /** What else is said of a person, which a description replaces; undefined where some of it cannot be read, and would be lost. */
  async function othersOf(row: PersonRow | undefined): Promise<ReadonlyMap<string, string> | undefined> {
    const texts = new Map<string, string>();
    if (row === undefined) return texts;
    const { scope, device, op: id } = row;
    for (const field of ['phone', 'email', 'note']) {
      const text = row[field] ?? '';
      if (text === '') continue;
      const read = await desk.read(text, { scope, device, id, field });
      if (read.state !== 'shown') return undefined;
      texts.set(field, read.text);
    }
    return texts;
  }

  let seen = '';

  return {
    exchange: (contact) =>
      desk.hold(async () => {
        if (subjectStanding(book) !== seen) await desk.place();
        const value = await contact();
        await desk.offer();
        const now = subjectStanding(book);
        if (now === seen) return value;
        const report = await desk.refresh().catch(() => undefined);
        // What is left somewhere, or could not be done, is done the next time, news or not.
        if (report?.unreachable.length === 0) seen = now;
        return value;
      }),
    async name(customer) {
      const row = rowOf(customer);
      if (row === undefined || row.name === '') return { state: 'unknown' };
      const { scope, device, op: id } = row;
      return desk.read(row.name, { scope, device, id, field: 'name' });
    },
    async describe(customer, name) {
      const known = rowOf(customer);
      const others = await othersOf(known);
      if (others === undefined) return { ok: false, code: 'till/person-known', message: customer };
      const sealer = await sealerFor(known?.subject);
      if (!('seal' in sealer)) return { ok: false, code: sealer.code, message: customer };
      const { subject } = sealer;
      const described = await book.commit('person.describe', (place) => ({
        customer,
        subject,
        ...Object.fromEntries([...others].map(([field, text]) => [field, sealer.seal(place, field, text)])),
        name: sealer.seal(place, 'name', name),
      }));
      return described.ok ? { ok: true, value: undefined } : { ok: false, code: described.code, message: customer };
    },
  };
}

const keyringNote = 'till/keyring';

async function keyringOf(log: PersonShop['log']): Promise<Keyring> {
  const chosen = log.meta(keyringNote) ?? '';
  const { kind, keyring } = await openBrowserKeyring(chosen === '' ? undefined : (chosen as BrowserKeyringKind));
  if (chosen === '') await log.setMeta(keyringNote, kind);
  return keyring;
}

async function readerOf(log: PersonShop['log']): Promise<ReaderIdentity> {
  const kept = log.meta(readerNote) ?? '';
  if (kept !== '') return JSON.parse(kept) as ReaderIdentity;
  const made = await createReaderIdentity();
  await log.setMeta(readerNote, JSON.stringify(made));
  return made;
}

/** For the relay whose key the book has pinned, under the key of this till that is in force. */
function keysAtRelay({ book, keys }: PersonShop, url: string): Blobs {
  const open = async (): Promise<Blobs> => {
    const relay = parseVerifierKey(book.status().relayKey ?? '', portableHasher);
    if (!relay.ok) throw new Error('no relay is pinned in this book yet');
    const [row] = book.query<{ keyId: string }>('SELECT keyId FROM devices WHERE device = ? LIMIT 1', [book.device]);
    for (let at = 1; ; at++) {
      const key = await keys.load(at === 1 ? 'device' : `device-${at}`);
      if (key === undefined) throw new Error('the key of this till is not here');
      if (String(key.keyId) !== row?.keyId) continue;
      const reader = {
        device: book.device,
        sign: (message: Uint8Array) => key.sign(message),
        relay: relayIdOf(relay.value, portableHasher),
      };
      // The one that this till was set up with may have been replaced.
      return createRelayKeys({ url: book.status().relayAddress ?? url, book: book.id, reader, hasher: portableHasher });
    }
  };
  return {
    get: async (name) => (await open()).get(name),
    put: async (name, text) => (await open()).put(name, text),
    delete: async (name) => (await open()).delete(name),
    names: async () => (await open()).names(),
  };
}
