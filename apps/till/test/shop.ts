// A shop for the end-to-end tests: a real relay behind a line that can fail, a real office behind it, some goods.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chart } from '@tallystick/retail';
import { type RunningOffice, startOffice } from '@tallystick-app/office';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import type { Page } from 'playwright-core';
import { freePorts } from '../../../scripts/free-ports.ts';
import { dist, tile } from './browser.ts';

/** `pass` it on, answer with an `error`, with `garbage`, or with nothing until the state changes: `silence`. */
export type LineState = 'pass' | 'error' | 'garbage' | 'silence';

/** A line to the relay that does what it is told. */
export interface Line {
  readonly url: string;
  state: LineState;
  /** Requests that came in since the state was set last. */
  requests: number;
  close(): Promise<void>;
}

const corsHeaders = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };

async function openLine(relayUrl: string): Promise<Line> {
  const state = { now: 'pass' as LineState, requests: 0 };
  const held = new Set<ServerResponse>();
  const server: Server = createServer((incoming, answer) => {
    state.requests += 1;
    // The browser's own question is let through, so that what fails is the exchange and not the permission to make it.
    if (state.now === 'pass' || incoming.method === 'OPTIONS') forward(relayUrl, incoming, answer);
    else if (state.now === 'silence') held.add(answer);
    else if (state.now === 'error') answer.writeHead(503, corsHeaders).end('{"code":"relay/busy","message":"full"}');
    else answer.writeHead(200, corsHeaders).end('<html>Sign in to the guest network</html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get state() {
      return state.now;
    },
    set state(next) {
      state.now = next;
      state.requests = 0;
      for (const answer of held) answer.destroy();
      held.clear();
    },
    get requests() {
      return state.requests;
    },
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

function forward(relayUrl: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url = '/' } = incoming;
  const outgoing = request(`${relayUrl}${url}`, { method, headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  incoming.pipe(outgoing);
}

export interface TestShop {
  readonly office: RunningOffice;
  readonly relay: RunningRelay;
  readonly line: Line;
  close(): Promise<void>;
}

/** `tillDist` is what the office serves as the till. */
export async function openTestShop(folder: string, tillDist: string = dist): Promise<TestShop> {
  // Ports that are still theirs after they were stopped for a while.
  const [relayPort = 0, port = 0, tillPort = 0] = await freePorts(3);
  const relay = await startRelay({ dataDir: join(folder, 'relay'), port: relayPort });
  const line = await openLine(relay.url);
  const office = await startOffice({
    dataDir: join(folder, 'office'),
    relayUrl: line.url,
    port,
    tillPort,
    tillDist,
    currency: 'GBP',
    syncEveryMs: 200,
  });
  await stockShop(office);
  const close = async (): Promise<void> => {
    await office.close();
    await line.close();
    await relay.close();
  };
  return { office, relay, line, close };
}

/** A chart of accounts, a flat white for £3.60 and twelve sourdough loaves for £4.80 each. */
export async function stockShop({ book, sync }: RunningOffice): Promise<void> {
  const terms = { taxRateBasisPoints: 0, unitScale: 0, negativeStock: 'allow', active: 1 } as const;
  const known = new Set(book.query('SELECT account FROM accounts').map((row) => row['account']));
  const accounts = chart.filter((args) => !known.has(args.account));
  const commits = await book.commitAll([
    ...accounts.map((args) => ({ verb: 'account.open' as const, args })),
    { verb: 'product.set', args: { sku: 'C02', name: 'Flat white', category: 'Coffee', ...terms } },
    { verb: 'product.set', args: { sku: 'B04', name: 'Sourdough', category: 'Bakery', ...terms } },
    { verb: 'price.set', args: { sku: 'C02', currency: 'GBP', unitPriceMilliMinor: 360_000 } },
    { verb: 'price.set', args: { sku: 'B04', currency: 'GBP', unitPriceMilliMinor: 480_000 } },
  ]);
  const lines = [{ sku: 'B04', name: 'Sourdough', quantity: 12, unitCostMilliMinor: 200_000 }];
  const received = await book.commit('stock.receive', { day: '2026-01-02', currency: 'GBP', lines, reference: 'DN 1' });
  for (const commit of [...commits, received])
    if (!commit.ok) throw new Error(`the shop was not stocked: ${commit.code}`);
  await sync();
}

/** Puts goods on sale, or changes their price; answers the id of the op with the price. */
export async function putOnSale(
  { book }: RunningOffice,
  sku: string,
  name: string,
  priceMinor: number,
): Promise<string> {
  const terms = { taxRateBasisPoints: 0, unitScale: 0, negativeStock: 'allow', active: 1 } as const;
  const product = await book.commit('product.set', { sku, name, category: 'Other', ...terms });
  const price = await book.commit('price.set', { sku, currency: 'GBP', unitPriceMilliMinor: priceMinor * 1_000 });
  if (!product.ok || !price.ok) throw new Error(`${name} was not put on sale`);
  return price.id;
}

/** Makes the page a till of the shop, whose key is not backed up. */
export async function joinShop(
  page: Page,
  office: RunningOffice,
  name: string,
  invitation: string = office.invite(),
): Promise<void> {
  await page.goto(invitation);
  await page.getByLabel('Name of this till').fill(name);
  await page.getByRole('button', { name: 'Join the shop' }).click();
  await page.getByRole('button', { name: 'Skip for now' }).click();
  await tile(page, 'Flat white').waitFor();
}

export function saleAt({ book }: RunningOffice, number: string): unknown {
  return book.query('SELECT totalMinor FROM documents WHERE number = ?', [number])[0]?.['totalMinor'];
}

/** What the office's page shows, as its web API hands it out. */
export async function officeShows(office: RunningOffice, number: string): Promise<unknown> {
  const state = (await (await fetch(`${office.url}/api/state`)).json()) as {
    readonly documents: readonly { readonly number: string; readonly totalMinor: number }[];
  };
  return state.documents.find((document) => document.number === number)?.totalMinor;
}
