// Looking for a person at the office: by their number or subject, and with nothing of what is typed left in a URL or in the office's log.
import { findPersons, openDesk, type PersonRow } from '../src/subjects.ts';
import { orderShred } from '../src/forget.ts';
import { homeAt } from '../src/home.ts';
import { type PersonFile, personFileLines, readPersonFile } from '../src/person-file.ts';
import { bookFile, openRecords, parseHeader } from '@tallystick/kernel/backup';
import { certifyErasure, type Sealer, verifyByBook } from '@tallystick/kernel/subjects';
import type { OpRecord, Scope } from '@tallystick/oplog';
import { decodeBundle } from '@tallystick/oplog/transport';
import { nodeEd25519 } from '@tallystick/sign/node';
import { type ArchivedLog, isAbout, isOfErasure, readArchived, withArchived } from '../src/archived-log.ts';
import { shopCrypto } from '../src/book.ts';
import { keyInForce } from '../src/key-files.ts';
import { describePerson } from '../src/describe-person.ts';
import type { Place } from '../src/places.ts';
import type { ShownPerson } from '../src/web/persons.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { memoryArchive } from './memory-archive.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const dataDir = join(folder, 'office');
let relay: RunningRelay;
let office: RunningOffice;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
  office = await startOffice({ dataDir, relayUrl: relay.url, tillDist: join(folder, 'none') });
  const desk = await openDesk(office.book, homeAt(dataDir));
  for (const customer of ['C-1', 'C-2']) await describePerson(office.book, desk, customer, new Map([['name', 'Anna']]));
});
afterAll(async () => {
  await office?.close();
  await relay?.close();
});

function ask(who: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', origin: office.url };
  return fetch(`${office.url}/api/persons`, { method: 'POST', headers, body: JSON.stringify({ who }) });
}

it('finds a person by number and by subject, and nobody for a name', async () => {
  const found = async (who: string): Promise<readonly ShownPerson[]> =>
    ((await (await ask(who)).json()) as { persons: readonly ShownPerson[] }).persons;
  const [anna] = await found('C-1');
  expect(anna).toMatchObject({ customers: ['C-1'], text: 'Anna' });
  expect(await found(anna?.subject ?? '')).toEqual([anna]);
  expect(await found('')).toHaveLength(2);
  expect(await found('Anna')).toEqual([]);
});

it('records nothing where what is left out cannot be read here, and would be lost', async () => {
  const desk = await openDesk(office.book, homeAt(dataDir));
  await describePerson(office.book, desk, 'C-3', new Map([['name', 'Cleo']]));
  const [{ subject } = { subject: '' }] = findPersons(office.book, 'C-3');
  // Sealed for a field that it does not stand in: nobody can open it there.
  const sealer = (await desk.sealer(subject as PersonRow['subject'])) as Sealer;
  const said = await office.book.commit('person.describe', (place) => ({
    customer: 'C-3',
    subject,
    name: sealer.seal(place, 'name', 'Cleo'),
    phone: sealer.seal(place, 'note', '0151 777'),
  }));
  expect(said).toMatchObject({ ok: true });
  const [before] = findPersons(office.book, 'C-3');
  await expect(describePerson(office.book, desk, 'C-3', new Map([['name', 'Cleo Marsh']]))).rejects.toMatchObject({
    code: 'office/subject',
    message: expect.stringContaining('phone'),
  });
  expect(findPersons(office.book, 'C-3')).toEqual([before]);
  await describePerson(office.book, desk, 'C-3', new Map([['phone', '']]));
  expect(findPersons(office.book, 'C-3')).toMatchObject([{ phone: '', name: expect.stringMatching(/^env1/) }]);
});

it('says that an order is in an archive, where it cannot certify any more', async () => {
  const { subject } = findPersons(office.book, 'C-2')[0] as PersonRow;
  await orderShred(office.book, subject, 'request');
  await office.sync();
  const kept = new Map<string, Uint8Array>();
  await office.book.archive({ to: memoryArchive(kept) });
  const headers = { 'content-type': 'application/json', origin: office.url };
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${office.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answered = await post('/api/certificate', { subject });
  expect([answered.status, await answered.json()]).toEqual([
    409,
    { code: 'archive/missing', message: expect.stringContaining('a device that still has it can certify') },
  ]);
  // What was sealed in those ops it hands out from the rows, and says that there may be more.
  const { subject: anna } = findPersons(office.book, 'C-1')[0] as PersonRow;
  const handed = await post('/api/person-file', { subject: anna });
  const file = (await handed.json()) as PersonFile;
  expect(file.begins).toEqual({ hq: office.book.log.base('hq' as Scope).size });
  const texts = file.texts.map(({ verb, field, reading }) => [verb, field, reading.state === 'shown' && reading.text]);
  expect(texts).toEqual([['person.describe', 'name', 'Anna']]);
  expect(Math.abs((file.texts[0]?.at ?? 0) - Date.now())).toBeLessThan(600_000);
  expect(personFileLines(file).join()).toContain('of hq are in an archive');
  // With the archive at hand it is whole, and the order is certified; with one that lacks an op, or has another one, it is as without.
  const files = [...kept].map(([, bytes]) => bytes);
  const deskNow = await openDesk(office.book, homeAt(dataDir));
  const all = await readArchived(office.book, files, isAbout(anna));
  const { texts: whole, begins } = await readPersonFile(office.book, deskNow, anna, all);
  expect(begins).toEqual({});
  expect(whole.map(({ verb, reading }) => [verb, reading.state === 'shown' && reading.text])).toEqual([
    ['person.describe@1', 'Anna'],
  ]);
  const key = await keyInForce(office.book, homeAt(dataDir));
  const text = await certifyErasure({
    book: withArchived(office.book, await readArchived(office.book, files, isAbout(subject))),
    subject,
    day: '2026-11-22',
    key,
  });
  const certificate = text ?? '';
  const check = (archived: ArchivedLog) => verifyByBook(certificate, withArchived(office.book, archived), nodeEd25519);
  expect(await check(await readArchived(office.book, files, isOfErasure))).toMatchObject({ ok: true, subject });
  expect(await check(await readArchived(office.book, [], isOfErasure))).toMatchObject({
    code: 'erasure/certificate-archived',
  });
  const lacking = await readArchived(office.book, files.map(withoutLast), isOfErasure);
  expect([lacking.recordsByScope.size, (await check(lacking)).ok]).toEqual([0, false]);
  // Put right, the old text is a row that was replaced, and the new one stands in the log and in the row: each is there once.
  const desk = await openDesk(office.book, homeAt(dataDir));
  await describePerson(office.book, desk, 'C-1', new Map([['name', 'Anna Nowak']]));
  const { texts: later } = await readPersonFile(office.book, desk, anna);
  expect(later.map(({ verb, reading }) => [verb, reading.state === 'shown' && reading.text])).toEqual([
    ['person.describe', 'Anna'],
    ['person.describe@1', 'Anna Nowak'],
  ]);
});

/** A book file that claims as many ops as it did, with another one in the place of the last. */
function withoutLast(file: Uint8Array): Uint8Array {
  const { header, offset } = parseHeader(file);
  const { frames } = decodeBundle(file.subarray(offset));
  const { records } = openRecords(frames, shopCrypto.hasher);
  return bookFile(header.book, header.scopes, [...records.slice(0, -1), records[0] as OpRecord]);
}

it('finds a name that somebody wrote as a code or into a memo, in whatever letters, and no other word', async () => {
  const look = async (text: string): Promise<Pick<Place, 'state' | 'found'>> => {
    const { subject } = findPersons(office.book, 'C-1')[0] as PersonRow;
    const headers = { 'content-type': 'application/json', origin: office.url };
    const body = JSON.stringify({ subject, text });
    const answered = await fetch(`${office.url}/api/person-places`, { method: 'POST', headers, body });
    const { places } = (await answered.json()) as { places: readonly Place[] };
    const { state, found } = places.find(({ kind }) => kind === 'books') as Place;
    return { state, found };
  };
  // What went into an archive in the test before is not here to be looked through.
  expect(await look('Zora Żuk')).toEqual({ state: 'open', found: [] });
  for (const [account, name] of [
    ['ZORA', 'Sundries'],
    ['zora-zuk', 'Wages'],
    ['zorazuk', 'Zorah'],
    ['6100', 'Paid to Mrs ŻUK'],
    ['6200', 'Zuker'],
  ] as const)
    expect(await office.book.commit('account.open', { account, kind: 'expense', name })).toMatchObject({ ok: true });
  expect(await look('Zora Żuk')).toEqual({
    state: 'look',
    found: [
      'account.open@1 account: ZORA',
      'account.open@1 account: zora-zuk',
      'account.open@1 account: zorazuk',
      'account.open@1 name: Paid to Mrs ŻUK',
    ],
  });
  // A name whose words are all short, and names in scripts that put no blank between words.
  for (const [account, name] of [
    ['6300', 'For Li Na'],
    ['6400', '\u4ed8\u7ed9\u674e\u5a1c'],
    ['6500', '\uae40\ucca0\uc218\uc5d0\uac8c'],
    ['6600', 'Li and Na'],
  ] as const)
    expect(await office.book.commit('account.open', { account, kind: 'expense', name })).toMatchObject({ ok: true });
  expect((await look('Li Na')).found).toEqual(['account.open@1 name: For Li Na']);
  expect((await look('\u674e\u5a1c')).found).toEqual(['account.open@1 name: \u4ed8\u7ed9\u674e\u5a1c']);
  expect((await look('\uae40\ucca0\uc218')).found).toEqual(['account.open@1 name: \uae40\ucca0\uc218\uc5d0\uac8c']);
  expect(await look('0151 555')).toEqual({ state: 'open', found: [] });
});

it('answers others while it searches a big directory for somebody, and finds what stands at its end', async () => {
  const big = join(dataDir, 'export.bin');
  // Without bytes on the disk: 200 MB of nothing, and then the name.
  writeFileSync(big, '');
  truncateSync(big, 200 << 20);
  appendFileSync(big, 'Anna Nowak');
  const { subject } = findPersons(office.book, 'C-1')[0] as PersonRow;
  const headers = { 'content-type': 'application/json', origin: office.url };
  const body = JSON.stringify({ subject, text: 'Anna Nowak' });
  const search = fetch(`${office.url}/api/person-places`, { method: 'POST', headers, body }).then(
    async (response) => (await response.json()) as { places: readonly Place[] },
  );
  let answered = 0;
  const next = async (): Promise<undefined> => {
    await (await fetch(`${office.url}/icon.svg`)).arrayBuffer();
    answered += 1;
    return undefined;
  };
  let done = await Promise.race([search, next()]);
  while (done === undefined) done = await Promise.race([search, next()]);
  const { places } = done;
  rmSync(big);
  expect(places.find(({ kind }) => kind === 'directory')).toMatchObject({ state: 'found', found: [big] });
  expect(answered).toBeGreaterThan(5);
});

it('shows a hold as long as it keeps anybody, which no clock ends', async () => {
  const { subject } = findPersons(office.book, 'C-1')[0] as PersonRow;
  const post = async (path: string, body: object): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', origin: office.url };
    const answered = await fetch(`${office.url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return answered.json();
  };
  expect(office.book.query("SELECT day FROM businessDays WHERE scope = 'hq'")).toEqual([]);
  await post('acts/person-hold', { subject, basis: 'tax-records', untilDay: '2020-01-01' });
  expect(await post('acts/person-forget', { subject })).toMatchObject({
    message: expect.stringContaining('erasure/held') as string,
  });
  expect(await post('persons', { who: subject })).toMatchObject({
    persons: [{ hold: { basis: 'tax-records', untilDay: '2020-01-01' } }],
  });
  await post('acts/person-release', { subject });
  expect(await post('persons', { who: subject })).toMatchObject({ persons: [{ hold: null }] });
});

it('leaves no name in its log where it cannot answer', async () => {
  const written: string[] = [];
  const log = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const query = vi.spyOn(office.book, 'query').mockImplementation(() => {
    throw new Error('the disk is gone');
  });
  const answered = await fetch(`${office.url}/api/document?scope=hq&id=Anna`);
  query.mockRestore();
  log.mockRestore();
  expect(answered.status).toBe(500);
  expect(written.join('')).toContain('/api/document: Error: the disk is gone');
});
