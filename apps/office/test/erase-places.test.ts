// Where a person is looked for besides the directory: a bucket and a mailbox on real servers.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  credentials,
  hasMail,
  startBuckets,
  startMail,
  stopServers,
} from '../../../packages/recovery/test/place-servers.ts';
import { openPlace, placeSettings } from '../src/backup-settings.ts';
import { describePerson } from '../src/describe-person.ts';
import { homeAt } from '../src/home.ts';
import { findPlaces } from '../src/places.ts';
import { needlesOf } from '../src/raw-search.ts';
import { openDesk } from '../src/subjects.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const dataDir = join(folder, 'office');
const home = homeAt(dataDir);
const name = 'Anna Nowak of Vine Street';
let relay: RunningRelay;
let office: RunningOffice;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
  office = await startOffice({ dataDir, relayUrl: relay.url, tillDist: join(folder, 'none') });
  const desk = await openDesk(office.book, home);
  await describePerson(office.book, desk, 'C-17', new Map([['name', name]]));
  await office.sync();
});
afterAll(async () => {
  await office?.close();
  await relay?.close();
  await stopServers();
});

describe('a place that is reached by a network', () => {
  async function search(settings: object): Promise<unknown> {
    const file = join(folder, 'place.json');
    writeFileSync(file, JSON.stringify(settings));
    const place = openPlace(placeSettings(file));
    await place.save('backup.age', new Uint8Array(70_000));
    mkdirSync(join(dataDir, 'backup'), { recursive: true });
    const saved = { version: 1, recipients: [], places: [settings] };
    writeFileSync(join(dataDir, 'backup', 'settings.json'), JSON.stringify(saved));
    const look = async () => {
      const places = await findPlaces({ book: office.book, home, erasure: undefined, needles: needlesOf([name]) });
      const found = places.find(({ kind }) => kind === 'backup');
      return found && [found.state, found.words.replace(/^.*; /, ''), found.found];
    };
    const before = await look();
    await place.save('customers.age', Buffer.from(`beside the backups: ${name}`, 'utf16le'));
    return [before, await look()];
  }
  const expected = [
    ['clean', '1 files searched', []],
    ['found', '2 files searched', ['customers.age']],
  ];

  it('is searched: a bucket', async () => {
    expect(await search({ kind: 'bucket', url: `${await startBuckets()}/backups`, ...credentials })).toEqual(expected);
  });

  it.skipIf(!hasMail())('is searched: a mailbox', async () => {
    const { imap, smtp, auth } = await startMail();
    const server = { host: '127.0.0.1', secure: false, plain: true };
    const reading = { ...server, port: imap, user: auth.user, password: auth.pass };
    const settings = { smtp: { ...server, port: smtp }, imap: reading, from: 'till@shop.test', to: 'owner@shop.test' };
    expect(await search({ kind: 'mailbox', ...settings })).toEqual(expected);
  });

  it('keeps what was found there before it stopped answering', async () => {
    const real = new URL(await startBuckets());
    // Whoever asks for the last of the files is cut off.
    const cut = createServer((asked, answer) => {
      if (asked.method === 'GET' && asked.url?.includes('zz.age')) return void asked.socket.destroy();
      const { method, url: path, headers } = asked;
      const options = { host: real.hostname, port: real.port, method, path, headers };
      asked.pipe(request(options, (got) => got.pipe(answer.writeHead(got.statusCode ?? 500, got.headers))));
    });
    await new Promise<void>((resolve) => cut.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = cut.address() as AddressInfo;
      const settings = { kind: 'bucket', url: `http://127.0.0.1:${port}${real.pathname}/cut`, ...credentials };
      const file = join(folder, 'place.json');
      writeFileSync(file, JSON.stringify(settings));
      const place = openPlace(placeSettings(file));
      await place.save('customers.age', Buffer.from(name));
      await place.save('zz.age', new Uint8Array(7));
      const saved = { version: 1, recipients: [], places: [settings] };
      writeFileSync(join(dataDir, 'backup', 'settings.json'), JSON.stringify(saved));
      const places = await findPlaces({ book: office.book, home, erasure: undefined, needles: needlesOf([name]) });
      expect(places.find(({ kind }) => kind === 'backup')).toMatchObject({
        state: 'found',
        words: expect.stringContaining('1 of 2 files searched') as string,
        found: ['customers.age'],
      });
    } finally {
      cut.closeAllConnections();
      cut.close();
    }
  });

  it('is not said to be clean where it does not answer', async () => {
    const settings = { kind: 'bucket', url: 'http://127.0.0.1:1/shop', ...credentials };
    const saved = { version: 1, recipients: [], places: [settings] };
    writeFileSync(join(dataDir, 'backup', 'settings.json'), JSON.stringify(saved));
    const places = await findPlaces({ book: office.book, home, erasure: undefined, needles: needlesOf([name]) });
    expect(places.find(({ kind }) => kind === 'backup')).toMatchObject({
      state: 'sealed',
      words: expect.stringContaining('does not answer') as string,
    });
  });
});
