// What relay, office and the command line say while people trade, in which nobody is: structured logs, metrics, traces at a collector, and what commands print.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { createFileKeyring } from '@tallystick/erasure/node';
import { encodeHex } from '@tallystick/oplog';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ShopBook } from '../src/book.ts';
import { describePerson } from '../src/describe-person.ts';
import { homeAt } from '../src/home.ts';
import { holdsOne, needlesOf } from '../src/raw-search.ts';
import { findPersons, keyringFolders, openDesk } from '../src/subjects.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const dataDir = join(folder, 'office');
const home = homeAt(dataDir);
const name = 'Anna Nowak of Vine Street';
const day = '2026-11-21';
/** Bodies as a collector gets them. */
const traced: Buffer[] = [];
const spoken: string[] = [];
const collector = createServer((request, response) => {
  void buffer(request).then((body) => {
    traced.push(body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});
let relay: RunningRelay;
let office: RunningOffice | undefined;

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const hear = (text: unknown): boolean => spoken.push(String(text)) > 0;
  vi.spyOn(process.stderr, 'write').mockImplementation(hear);
  vi.spyOn(process.stdout, 'write').mockImplementation(hear);
  const log = (entry: object): void => void spoken.push(JSON.stringify(entry));
  const tracing = { endpoint };
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0, metrics: { port: 0 }, log, tracing });
  office = await startOffice({ dataDir, relayUrl: relay.url, tillDist: join(folder, 'none') });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await office?.close();
  await relay?.close();
  collector.close();
});

/** On account, so that her number stands in the sale, and she owes. */
async function sellToHer(book: ShopBook): Promise<void> {
  const [customer, currency] = ['C-17', 'GBP'];
  const terms = { limitMinor: 1_000, overLimit: 'refuse', termsDays: 30, active: 1 } as const;
  expect(await book.commit('customer.set', { customer, currency, ...terms })).toMatchObject({ ok: true });
  const mug = { sku: 'A', name: 'Mug', quantity: 1, unitPriceMilliMinor: 250_000, taxRateBasisPoints: 2_000 };
  const tenders = [{ kind: 'account', amountMinor: 250 }] as const;
  const sale = { day, currency, taxIncluded: true, customer, lines: [mug], tenders } as const;
  expect(await book.commit('sale.complete', sale)).toMatchObject({ ok: true });
}

it('names nobody while persons are entered, sold to, looked up, handed out and forgotten', async () => {
  if (office === undefined) throw new Error('no office');
  const { book, url } = office;
  await describePerson(book, await openDesk(book, home), 'C-17', new Map([['name', name]]));
  const [row] = findPersons(book, 'C-17');
  if (row === undefined) throw new Error('she is not there');
  const { subject } = row;
  const [key] = await createFileKeyring(keyringFolders(home).keyring).keys(subject);
  if (key === undefined) throw new Error('the office has no key of her');
  await sellToHer(book);
  await office.sync();
  const headers = { 'content-type': 'application/json', origin: url };
  const post = async (path: string, body: object): Promise<string> =>
    (await fetch(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  // The page shows her, so the search below would find her there.
  expect(await post('persons', { who: 'C-17' })).toContain(name);
  expect(await post('person-file', { subject })).toContain(name);
  await post('persons', { who: name });
  await fetch(`${relay.url}/v1/books/${book.id}/keys/${subject}.1.${'0'.repeat(16)}`);
  await fetch(`${relay.url}/v1/nobody`);
  await office.sync();
  await office.close();
  office = undefined;
  const metrics = await (await fetch(`${relay.metricsUrl}/metrics`)).text();

  const needles = [...needlesOf([name, 'Nowak', 'Vine Street', encodeHex(key.key)]), Buffer.from(key.key)];
  const tally = async (...args: string[]) => {
    const { status, stdout, stderr } = await runTally(...args, '--data', dataDir);
    return { status, said: stdout + stderr };
  };
  // Who asks for her is told, and nobody else.
  const shown = await tally('person', 'C-17');
  expect(await holdsOne(Buffer.from(shown.said), needles)).toBe(true);
  const handed = join(folder, 'handed');
  mkdirSync(handed);
  const asides = [
    await tally('access', 'C-17', '--to', join(handed, 'anna.json')),
    await tally('sync'),
    await tally('status'),
    await tally('query', 'SELECT * FROM persons'),
    await tally('export', join(folder, 'books.tally')),
    await tally('erase', 'C-17'),
    await tally('erase', 'C-17', '--check'),
  ];
  await relay.close();
  const said = Buffer.from([...spoken, metrics, ...asides.map((one) => one.said)].join('\n'));
  const traces = Buffer.concat(traced);
  // Of each there is something to be searched.
  expect(said.toString()).toContain('listening');
  expect(metrics).toContain('tallystick_');
  expect(traces.toString()).toContain('"commit"');
  expect(asides.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 1, 0]);
  expect([await holdsOne(said, needles), await holdsOne(traces, needles)]).toEqual([false, false]);
  // Nor in any file of office or relay, but in what was handed out to her: that is what the erasure found.
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  const holding = await Promise.all(files.map((file) => holdsOne(readFileSync(join(folder, file)), needles)));
  expect(files.filter((_, index) => holding[index])).toEqual([join('handed', 'anna.json')]);
  writeFileSync(join(folder, 'spoken'), name);
  expect(await holdsOne(readFileSync(join(folder, 'spoken')), needles)).toBe(true);
}, 60_000);
