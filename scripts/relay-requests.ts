// Requests at a relay, made from a seed: of every kind that there is, with a part of each left out, changed or replaced by what nobody should send.
import { gzipSync } from 'node:zlib';
import { type OpRecord, parseScope, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { type Reader, relayIdOf } from '@tallystick/relay-protocol';
import { signedHeaders } from '../packages/relay-protocol/src/request-signature.ts';
import {
  createFleet,
  type Fleet,
  forge,
  hasher,
  relaySigner,
  type Writer,
} from '../packages/relay-protocol/test/fleet.ts';

export type Random = (below: number) => number;

/** The book that the requests are about. */
export interface Shop {
  readonly fleet: Fleet;
  /** Hands in nothing but what is its own, and reads. */
  readonly honest: Writer;
  /** What opens the book and lets its devices in. */
  readonly opening: readonly OpRecord[];
  readerOf(writer: Writer): Reader;
}

export interface Requests {
  readonly shop: Shop;
  next(): Promise<Request>;
}

export const origin = 'http://relay.test';
const claims = parseScope('claims') as Scope;
const nasty = [
  '',
  '0',
  '1',
  '-1',
  '007',
  '1e3',
  '0x10',
  '9007199254740993',
  '9'.repeat(400),
  'a'.repeat(3_000),
  "'); DROP TABLE entries; --",
  "\"; ATTACH DATABASE 'x' AS y; --",
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '%',
  '%2',
  '%00',
  '%ff%fe',
  '\u202e',
  '\ud800',
  '{"$ne":null}',
  'hq',
  'b/042',
  'known=1:hq',
];

/** xorshift32: the same requests for the same seed, everywhere. */
export function createRandom(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function openShop(): Shop & { readonly thief: Writer; readonly ops: readonly OpRecord[] } {
  const fleet = createFleet('fuzzed');
  const [thief, honest] = [fleet.enrol('thief'), fleet.enrol('honest')];
  const relay = relayIdOf(relaySigner(), hasher);
  const written = thief.writer.writeMany(40);
  const ahead = thief.writer.craft({ seq: 4, prev: written[1]?.hash as never, idMs: 2 ** 47 });
  const claim = (token: string): OpRecord => thief.writer.write({ scope: claims, args: { claim: token } });
  const strange = fleet.stranger('nobody').writeMany(3);
  const ops = [
    ...written,
    ahead,
    ...['a', 'b', 'a'].map(claim),
    ...strange,
    ...written.slice(0, 4).map(forge),
    fleet.genesis,
  ];
  return {
    fleet,
    honest: honest.writer,
    thief: thief.writer,
    ops,
    opening: [fleet.genesis, thief.enrolment, honest.enrolment],
    readerOf: ({ key }) => ({ device: key.device, sign: key.sign, relay }),
  };
}

export async function createRequests(random: Random, now: () => number): Promise<Requests> {
  const shop = openShop();
  const { fleet, thief, ops, readerOf } = shop;
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const number = (): string => (random(4) === 0 ? pick(nasty) : String(random(60)));
  const chance = (one: number): boolean => random(one) === 0;
  const scope = (): string => pick(['hq', 'hq', 'claims', 'b%2F042', pick(nasty)]);
  const log = (): string => `/v1/books/${chance(12) ? pick(nasty) : fleet.book}/scopes/${scope()}`;
  const paths: readonly (() => string)[] = [
    () => '/v1/info',
    () => `/v${number()}/info`,
    () => `/v1/books/${fleet.book}/scopes?known=${number()}:${pick(nasty)}`,
    () => `/v1/books/${fleet.book}/tail?known=${number()}:hq`,
    () => `${log()}/ops?from=${number()}`,
    () => `${log()}/checkpoint${chance(2) ? '' : `?cosigned=${number()}`}`,
    () => `${log()}/proof/consistency?first=${number()}&second=${number()}`,
    () => `${log()}/proof/inclusion?index=${number()}&size=${number()}`,
    () => `${log()}/tile/${number()}/${pick(['000', 'x001/234', pick(nasty)])}.p/${number()}`,
    () => `${log()}/tile/entries/000.p/${number()}`,
    () => `/${pick(nasty)}/${pick(nasty)}`,
  ];
  const bodies: readonly (() => Uint8Array)[] = [
    () => encodeBundle(Array.from({ length: random(8) }, () => pick(ops))),
    () => encodeBundle(ops.slice(random(30), 30 + random(20))),
    () => Buffer.from(pick(nasty)),
    () => Uint8Array.from({ length: random(300) }, () => random(256)),
    () => new Uint8Array(random(60) === 0 ? 200_000 : random(400)),
  ];

  function broken(bytes: Uint8Array): Uint8Array {
    const changed = Uint8Array.from(bytes);
    for (let changes = random(3); changes > 0 && changed.length > 0; changes--) {
      const at = random(changed.length);
      changed[at] = (changed[at] as number) ^ (1 << random(8));
    }
    return chance(3) ? changed.slice(0, random(changed.length + 1)) : changed;
  }

  function handedIn(): [string, RequestInit] {
    const plain = chance(3) ? broken(pick(bodies)()) : pick(bodies)();
    const isPacked = chance(4);
    const packed = isPacked ? gzipSync(plain) : plain;
    const body = isPacked && chance(3) ? broken(packed) : packed;
    const encoding = isPacked ? 'gzip' : chance(30) ? pick(['br', 'gzip', 'identity', '']) : undefined;
    const headers = encoding === undefined ? {} : { 'content-encoding': encoding };
    const rest = pick(['/ops', '/ops?checkpoint', '/claims', '/standing', `/cosignatures/${thief.key.device}`]);
    return [log() + rest, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> }];
  }

  async function read(): Promise<[string, RequestInit]> {
    const path = pick(paths)();
    const headers: Record<string, string> = chance(4)
      ? {}
      : await signedHeaders(
          URL.parse(origin + path)?.href ?? origin,
          readerOf(thief),
          now() + (chance(20) ? 400_000 : 0),
        );
    if (chance(6)) headers[pick(Object.keys(headers)) ?? 'signature'] = asciiOf(pick(nasty));
    if (chance(10)) headers['last-event-id'] = asciiOf(pick(nasty));
    return [path, { method: chance(20) ? pick(['PUT', 'DELETE', 'OPTIONS', 'HEAD']) : 'GET', headers }];
  }

  return {
    shop,
    async next() {
      for (;;) {
        const [path, init] = chance(2) ? handedIn() : await read();
        const request = tryRequest(path, init);
        if (request !== undefined) return request;
      }
    },
  };
}

const asciiOf = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');

/** Undefined for what no HTTP client could send. */
function tryRequest(path: string, init: RequestInit): Request | undefined {
  try {
    return new Request(origin + path, init);
  } catch {
    return undefined;
  }
}
