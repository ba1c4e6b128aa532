// Names of customers at a till: sealed where they are entered, shown to whom holds the key, and erased at once where somebody is to be forgotten.
import { createMemoryKeyring, createReaderIdentity } from '@tallystick/erasure';
import { SubjectDesk } from '@tallystick/kernel/subjects';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPersonDesk } from '../src/engine/person-desk.ts';
import { createPersons, type Persons } from '../src/engine/persons.ts';
import { type Counter, openCounter } from './counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await openCounter();
});
afterEach(() => counter.close());

function personsWith(keyring = createMemoryKeyring()): Persons {
  return createPersons(counter.shop, (shop) => openPersonDesk(shop, keyring));
}

it('seals a name, shows it to whom has the key alone, and nothing once somebody is to be forgotten', async () => {
  const persons = personsWith();
  expect(await persons.name('K-17')).toEqual({ state: 'unknown' });
  expect(await persons.describe('K-17', 'Anna Nowak')).toEqual({ ok: true, value: undefined });
  expect(await persons.name('K-17')).toEqual({ state: 'shown', text: 'Anna Nowak' });
  const { book } = counter.shop;
  const [row] = book.query<{ name: string; subject: string }>("SELECT * FROM persons WHERE customer = 'K-17'");
  expect(row?.name).toMatch(/^env1\./);
  // Another one of the same shop, without the key.
  const other = personsWith();
  expect(await other.name('K-17')).toEqual({ state: 'no-key' });
  expect(await other.describe('K-17', 'Ben')).toMatchObject({ ok: false, code: 'till/person-known' });
  expect(await persons.describe('K-17', 'Anna Nowak-Bauer')).toMatchObject({ ok: true });
  expect(await persons.name('K-17')).toEqual({ state: 'shown', text: 'Anna Nowak-Bauer' });
  await book.commit('subject.shred', { subject: row?.subject ?? '', basis: 'request', day: '2026-01-02' });
  expect([await persons.name('K-17'), await other.name('K-17')]).toEqual([{ state: 'erased' }, { state: 'erased' }]);
});

it('shows nothing while it is in contact, and asks for no desk where it has never had to do with a name', async () => {
  let opened = 0;
  const persons = createPersons(counter.shop, (shop) => {
    opened += 1;
    return openPersonDesk(shop, createMemoryKeyring());
  });
  expect(await persons.exchange(() => Promise.resolve('none'))).toEqual({ value: 'none', isMore: false });
  expect(opened).toBe(0);
  await persons.describe('K-17', 'Anna Nowak');
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const contact = persons.exchange(async () => {
    begun.resolve();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    order.push('contact');
  });
  await begun.promise;
  const asked = persons.name('K-17').then(({ state }) => void order.push(state));
  // The pair of this till was said by an op, which is to be handed in.
  expect(await contact).toEqual({ value: undefined, isMore: true });
  await asked;
  expect([order, opened]).toEqual([['contact', 'shown'], 1]);
});

it('hands in what was sold where the keyring cannot be used', async () => {
  await personsWith().describe('K-17', 'Anna Nowak');
  const persons = createPersons(counter.shop, () => Promise.reject(new Error('the keyring is gone')));
  expect(await persons.exchange(() => Promise.resolve('sold'))).toEqual({ value: 'sold', isMore: false });
});

it('keeps what else is known of somebody whose name is entered', async () => {
  const keyring = createMemoryKeyring();
  const persons = personsWith(keyring);
  const { book } = counter.shop;
  const desk = new SubjectDesk({
    book,
    keyring,
    reader: await createReaderIdentity(),
    blobs: [],
    day: () => '2026-01-02',
  });
  const sealer = await desk.open('customer');
  if (!('seal' in sealer)) throw new Error(sealer.code);
  await book.commit('person.describe', (place) => ({
    customer: 'K-18',
    subject: sealer.subject,
    phone: sealer.seal(place, 'phone', '0151 555'),
  }));
  expect(await persons.describe('K-18', 'Ben Okri')).toMatchObject({ ok: true });
  const [row] = book.query<Record<string, string>>("SELECT * FROM persons WHERE customer = 'K-18'");
  const { scope = '', device = '', op: id = '', phone = '' } = row ?? {};
  expect(await desk.read(phone, { scope, device, id, field: 'phone' })).toEqual({ state: 'shown', text: '0151 555' });
});
