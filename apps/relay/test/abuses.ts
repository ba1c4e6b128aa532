// What somebody who means harm does to a relay on a port: each goes on for some hundred milliseconds, and says what it was answered otherwise than it should be.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type OpRecord, parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createRelayClient, type Reader } from '@tallystick/relay-protocol';
import { signedHeaders } from '../../../packages/relay-protocol/src/request-signature.ts';
import { createFleet, type Fleet, hq, type Writer } from '../../../packages/relay-protocol/test/fleet.ts';

export interface Target {
  readonly url: string;
  /** Its book is at the relay, with a thief's device and somebody else's. */
  readonly fleet: Fleet;
  readonly thief: Writer;
  readonly owner: Writer;
  readerOf(writer: Writer): Reader;
}

/** Answers it did not expect, none if all is well. */
export type Abuse = (target: Target) => Promise<readonly string[]>;

const claims = parseScope('claims') as Scope;
const holdMs = 300;
const sql = "'); DROP TABLE relay_claims; DELETE FROM entries; --";

const pathOf = ({ url, fleet }: Target, rest = '/scopes/hq/ops'): string => `${url}/v1/books/${fleet.book}${rest}`;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** The status, or `closed` where the relay hung up. */
async function statusOf(asked: Promise<Response>): Promise<string> {
  try {
    const answer = await asked;
    await answer.arrayBuffer();
    return String(answer.status);
  } catch (error) {
    if (error instanceof TypeError) return 'closed';
    throw error;
  }
}

const unless = (allowed: readonly string[], said: readonly string[]): string[] => [
  ...new Set(said.filter((one) => !allowed.includes(one))),
];

function socketTo({ url }: Target): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // A relay that hangs up in the middle of it is a relay that defends itself.
  return socket.on('error', () => undefined);
}

/** The status line's number for bytes as they are, or `closed`. */
async function rawStatus(target: Target, bytes: string): Promise<string> {
  const socket = socketTo(target)
    .setEncoding('latin1')
    .setTimeout(2_000, () => socket.destroy());
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.end(bytes, 'latin1');
  if (!socket.closed) await once(socket, 'close');
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'closed';
}

/** One step after the other in `lanes` at a time. */
async function inLanes<T>(lanes: number, count: number, step: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      done[index] = await step(index);
    }
  };
  await Promise.all(times(lanes, lane));
  return done;
}

async function slowLoris(target: Target): Promise<readonly string[]> {
  const head = `POST ${new URL(pathOf(target)).pathname} HTTP/1.1\r\nHost: relay\r\nContent-Length: 100000\r\n\r\n`;
  const sockets = times(300, () => socketTo(target));
  for (const [index, socket] of sockets.entries()) socket.write(index % 2 === 0 ? head.slice(0, 30) : head);
  for (let drip = 0; drip < 6; drip++) {
    await sleep(holdMs / 6);
    for (const socket of sockets) socket.write('x');
  }
  for (const socket of sockets) socket.destroy();
  return [];
}

async function giantBodies(target: Target): Promise<readonly string[]> {
  const chunk = new Uint8Array(1 << 20);
  const said = await Promise.all(
    times(24, () => {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => (sent++ < 32 ? controller.enqueue(chunk) : controller.close()),
      });
      return statusOf(fetch(pathOf(target), { method: 'POST', body, duplex: 'half' } as RequestInit));
    }),
  );
  return unless(['413', '503', 'closed'], said);
}

async function gzipBombs(target: Target): Promise<readonly string[]> {
  const body = gzipSync(new Uint8Array(64 << 20));
  const headers = { 'content-encoding': 'gzip' };
  const said = await inLanes(24, 48, () => statusOf(fetch(pathOf(target), { method: 'POST', headers, body })));
  return unless(['413', '503'], said);
}

async function tricks(target: Target): Promise<readonly string[]> {
  const { pathname } = new URL(pathOf(target));
  const get = (path: string, ...headers: readonly string[]): string =>
    [`GET ${path} HTTP/1.1`, 'Host: relay', 'Connection: close', ...headers, '', ''].join('\r\n');
  const post = (...headers: readonly string[]): string =>
    [`POST ${pathname} HTTP/1.1`, 'Host: relay', 'Connection: close', ...headers, '', '0', ''].join('\r\n');
  const requests = [
    get(`/${'a'.repeat(60_000)}`),
    get('/v1/info', `x: ${'y'.repeat(60_000)}`),
    get('/v1/info', ...times(3_000, (index) => `x${index}: y`)),
    get(`${pathname}/../../../../healthz/..%2f..%2fetc%2fpasswd`),
    get('http://other.example/v1/books/__proto__/scopes'),
    get('//v1/info'),
    get(`${pathname}?from=%00`),
    get('/v1/info\u0000'),
    get('/v1/books/%ff%fe/scopes'),
    post('Content-Length: 5', 'Transfer-Encoding: chunked'),
    post('Content-Length: 1', 'Content-Length: 2'),
    post('Content-Length: -1'),
    post('Transfer-Encoding: chunked, identity'),
    post('Content-Encoding: gzip, gzip'),
    `GET ${pathname}?from=0\r\n\r\n`,
    'BREW /v1/info HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n',
  ];
  const said = await inLanes(16, requests.length * 8, (index) =>
    rawStatus(target, requests[index % requests.length] as string),
  );
  return unless(['400', '401', '404', '405', '413', '415', '431', 'closed'], said);
}

async function sqlEverywhere(target: Target): Promise<readonly string[]> {
  const { fleet, thief, owner, readerOf } = target;
  const client = createRelayClient({ url: target.url });
  const token = sql.replaceAll(' ', '_');
  const ops = times(20, () => thief.write({ args: { note: sql, claim: token, [sql]: sql } }));
  const { results } = await client.push(fleet.book, hq, ops);
  const said = results.map(({ verdict }) => verdict);
  const reader = readerOf(owner);
  const page = await client.pull(fleet.book, hq, results[0]?.position ?? 0, reader);
  const isSame = ops.every(({ bytes }, index) => Buffer.from(bytes).equals(page.frames[index] ?? new Uint8Array(0)));
  const coded = encodeURIComponent(sql);
  const paths = [`/scopes/${coded}/ops?from=0`, `/tail?known=1:${coded}`, `/scopes/hq/cosignatures/${coded}`];
  const refused = await Promise.all(paths.map((path) => statusOf(fetch(pathOf(target, path)))));
  const headers = { 'tallystick-relay': sql, signature: sql, 'signature-input': sql, 'last-event-id': sql };
  const note = await statusOf(fetch(pathOf(target, '/scopes/hq/standing'), { method: 'POST', body: sql }));
  const signed = await statusOf(fetch(pathOf(target, '/scopes'), { headers }));
  return [
    ...unless(['stored'], said),
    ...(isSame ? [] : ['other bytes']),
    ...unless(['400', '404'], refused),
    ...unless(['401', '403'], [note, signed]),
  ];
}

async function replayed(target: Target): Promise<readonly string[]> {
  const { fleet, thief, readerOf } = target;
  const client = createRelayClient({ url: target.url });
  const other = createFleet('somebody else');
  await client.push(other.book, hq, [other.genesis]);
  const [mine, theirs] = [[thief.craft({})], other.root.writeMany(20)];
  const moved = [
    ...(await client.push(fleet.book, hq, theirs)).results,
    ...(await client.push(other.book, hq, mine)).results,
  ];
  const headers = await signedHeaders(pathOf(target, '/scopes'), readerOf(thief), Date.now());
  const elsewhere = `${target.url}/v1/books/${other.book}/scopes`;
  const said = await inLanes(8, 200, () => statusOf(fetch(elsewhere, { headers })));
  return [
    ...unless(
      ['unknown-device'],
      moved.map(({ verdict }) => verdict),
    ),
    ...unless(['401', '403'], said),
  ];
}

/** A signed request that was listened in on, and a token that somebody else has. */
async function stolen(target: Target): Promise<readonly string[]> {
  const { fleet, thief, owner, readerOf } = target;
  const client = createRelayClient({ url: target.url });
  const page = pathOf(target, '/scopes/hq/ops?from=0');
  const headers = await signedHeaders(page, readerOf(owner), Date.now());
  const first = await statusOf(fetch(page, { headers }));
  const again = await inLanes(8, 200, (index) =>
    statusOf(fetch(index % 2 === 0 ? page : pathOf(target, '/scopes/hq/checkpoint'), { headers })),
  );
  const claim = (by: Writer): OpRecord => by.write({ scope: claims, args: { claim: 'coupon-7' } });
  await client.claim(fleet.book, claims, [claim(owner)]);
  const taken = claim(thief);
  const held = await inLanes(8, 50, () => client.claim(fleet.book, claims, [taken]));
  return [
    ...unless(['200'], [first]),
    ...unless(['401'], again),
    ...unless(
      ['held'],
      held.map(({ results }) => results[0]?.verdict ?? ''),
    ),
  ];
}

async function clockAhead(target: Target): Promise<readonly string[]> {
  const { fleet, thief, readerOf } = target;
  const client = createRelayClient({ url: target.url });
  const aheadMs = Date.now() + 3_650 * 86_400_000;
  const { results } = await client.push(fleet.book, hq, thief.writeMany(50, { idMs: aheadMs }));
  const path = pathOf(target, '/scopes');
  const said = await inLanes(8, 200, async () =>
    statusOf(fetch(path, { headers: await signedHeaders(path, readerOf(thief), aheadMs) })),
  );
  return [
    ...unless(
      ['stored clock-ahead'],
      results.map(({ verdict, warnings }) => `${verdict} ${warnings?.join()}`),
    ),
    ...unless(['401'], said),
  ];
}

async function flood(target: Target): Promise<readonly string[]> {
  const { fleet, thief, readerOf } = target;
  const client = createRelayClient({ url: target.url });
  const ops = thief.writeMany(100);
  const path = pathOf(target, '/scopes');
  const reads = inLanes(32, 600, async () =>
    statusOf(fetch(path, { headers: await signedHeaders(path, readerOf(thief), Date.now()) })),
  );
  // Each of them again and again, as a program does that has lost its way.
  const pushes = inLanes(32, 150, (index) =>
    statusOf(
      fetch(pathOf(target), {
        method: 'POST',
        body: encodeBundle(ops.slice(index % 8)) as Uint8Array<ArrayBuffer>,
      }),
    ),
  );
  await client.push(fleet.book, hq, ops);
  return unless(['200', '429', '503'], [...(await reads), ...(await pushes)]);
}

export const abuses: Readonly<Record<string, Abuse>> = {
  'a slow loris': slowLoris,
  'giant bodies': giantBodies,
  'gzip bombs': gzipBombs,
  'path and header tricks': tricks,
  'SQL in every string': sqlEverywhere,
  'replay across books': replayed,
  'a stolen request and a stolen token': stolen,
  'a clock far ahead': clockAhead,
  'a flood from one device': flood,
};

/** The reader of a device, for the relay whose vkey that is. */
export function readerFor(vkey: string): (writer: Writer) => Reader {
  const relay = vkey.split('+', 2).join('+');
  return ({ key }) => ({ device: key.device, sign: key.sign, relay });
}
