// What the fuzzer starts from: every string of the vectors, bundles of their records, and what a relay and a log file make of those.
import { readdirSync, readFileSync } from 'node:fs';
import { type NoteSigner, openRecord } from '@tallystick/chain';
import { nodeHasher as hasher } from '@tallystick/chain/node';
import {
  type AppendFile,
  encodeCanonical,
  encodeHex,
  encodeRecord,
  type Op,
  type OpRecord,
  parseKeyId,
} from '@tallystick/oplog';
import { parseOp } from '@tallystick/oplog/strict';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createMemoryRelayStore, createRelay, relayIdOf } from '@tallystick/relay-protocol';
import { createMemoryKeyStore, type DeviceKey, encodeKeyText, signOp } from '@tallystick/sign';
import { nodeEd25519 as ed25519 } from '@tallystick/sign/node';

const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const pair = await ed25519.fromSeed(seed);
/** Signs the notes of the vectors too. */
export const relayOfVectors: NoteSigner = { name: 'relay.example', ...pair };

const hexPattern = /^(?:[0-9a-f]{2})+$/;
const longest = 5000;

interface Found {
  readonly strings: Set<string>;
  readonly bundles: Uint8Array[];
}

/** Texts, and hex decoded; of ops also the args, of signatures key and message too, of lists of records the bundle. */
export async function readSeeds(): Promise<readonly Uint8Array[]> {
  const root = new URL('../fixtures/', import.meta.url);
  const found: Found = { strings: new Set(), bundles: [] };
  for (const folder of ['op', 'chain', 'sign', 'token', 'custody']) {
    for (const file of readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.json'))) {
      collect(JSON.parse(readFileSync(new URL(`${folder}/${file}`, root), 'utf8')), found);
    }
  }
  found.strings.add(encodeKeyText(seed, pair.publicKey));
  const texts = [...found.strings].filter((text) => text.length < longest);
  const bytes = texts.flatMap((text) => (hexPattern.test(text) ? [text, Buffer.from(text, 'hex')] : [text]));
  const opened = bytes.map((one) => (typeof one === 'string' ? undefined : openRecord(one, hasher)));
  const records = opened.flatMap((one) => (one?.ok ? [one.value] : []));
  const made = [...found.bundles, logFile(records.slice(0, 3)), ...(await answersOf(records)), ...(await requests())];
  return [...bytes.map((one) => Buffer.from(one)), ...made];
}

function collect(value: unknown, found: Found): void {
  if (typeof value === 'string') {
    found.strings.add(value);
    const op = parseOp(value);
    if (op.ok) found.strings.add(encodeCanonical(op.value.args));
  } else if (Array.isArray(value)) {
    collectBundle(value, found);
    for (const item of value) collect(item, found);
  } else if (typeof value === 'object' && value !== null) {
    const { key, signature, message, wallet, claim } = value as Record<string, unknown>;
    if (typeof signature === 'string') found.strings.add(`${key}${signature}${message}`);
    collectBundle([wallet, claim], found);
    for (const item of Object.values(value)) collect(item, found);
  }
}

/** Records in hex, or canonical texts, which get a signature of zeros. */
function collectBundle(items: readonly unknown[], { bundles }: Found): void {
  const records = items.map((item) => {
    if (typeof item !== 'string') return undefined;
    if (hexPattern.test(item))
      return openRecord(Buffer.from(item, 'hex'), hasher).ok ? Buffer.from(item, 'hex') : undefined;
    const op = parseOp(item);
    const keyId = op.ok ? parseKeyId(op.value.device) : undefined;
    return keyId && encodeRecord(keyId, new Uint8Array(64), item);
  });
  const whole = records.filter((record) => record !== undefined);
  if (whole.length > 0 && whole.length === items.length) bundles.push(encodeBundle(whole.map((bytes) => ({ bytes }))));
}

/** A file with a frame of every kind. */
function logFile(records: readonly OpRecord[]): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  const file: AppendFile = {
    size: () => bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    write: (offset, part) => void (bytes = Buffer.concat([bytes.subarray(0, offset), part])),
    flush: () => undefined,
    truncate: (size) => void (bytes = bytes.subarray(0, size)),
    close: () => undefined,
  };
  const store = createFileLogStore(file);
  const [first] = records as [OpRecord];
  const { hash, op, bytes: kept } = first;
  store.append(records);
  store.settle(op.scope, 0, [hash], { size: 1, frontier: [hash], note: 'note\n' });
  store.addReceipt({ scope: op.scope, note: 'note\n', lines: [{ position: 0, hash }] });
  store.setAside([{ hash, scope: op.scope, code: 'chain/gap', message: 'an op before it is missing', bytes: kept }]);
  store.setMeta('name', 'value');
  store.replace([first]);
  store.dropAsides([hash]);
  return bytes;
}

/** When the requests among the seeds are signed. */
export const requestMs = 1_764_500_000_000;

/** A book and its root key, always the same. */
export async function requestBook(): Promise<{ key: DeviceKey; genesis: OpRecord }> {
  const key = await createMemoryKeyStore(ed25519, hasher).import('root', new Uint8Array(32).fill(5));
  const args = { key: encodeHex(key.publicKey), name: 'shop', verbs: [] };
  const [id, scope, verb] = ['019ad1e0-0000-7000-8000-000000000001', 'hq', 'book.open@1'] as never[];
  const op = { args, at: requestMs, device: key.device, id, scope, seq: 1, verb } as unknown as Op;
  return { key, genesis: await signOp(op, key, undefined, hasher) };
}

/** By the text of the spec, and with a nonce that is the same in every run. */
async function signedHeaders(key: DeviceKey, target: string): Promise<string[]> {
  const { pathname, search } = new URL(target, 'http://relay.example');
  const relay = relayIdOf(relayOfVectors, hasher);
  const nonce = hasher.sha256Hex(Buffer.from(target)).slice(0, 32);
  const created = requestMs / 1000;
  const params = `("@method" "@authority" "@path" "@query" "tallystick-relay");created=${created};expires=${created + 60};nonce="${nonce}";keyid="${key.device}";tag="tallystick"`;
  const parts = [`"@method": GET`, `"@authority": relay.example`, `"@path": ${pathname}`, `"@query": ${search || '?'}`];
  const base = [...parts, `"tallystick-relay": ${relay}`, `"@signature-params": ${params}`].join('\n');
  const signature = Buffer.from(await key.sign(Buffer.from(base))).toString('base64');
  const named = {
    'tallystick-relay': relay,
    'signature-input': `tallystick=${params}`,
    signature: `tallystick=:${signature}:`,
  };
  return Object.entries(named).map(([name, value]) => `${name}:${value}`);
}

/** Whole requests, signed ones among them. */
async function requests(): Promise<Uint8Array[]> {
  const { key, genesis } = await requestBook();
  const book = `/v1/books/${genesis.hash}`;
  const texts = [`POST ${book}/scopes/hq/ops\ncontent-type:application/octet-stream\n\n`];
  for (const path of ['/scopes?known=1:hq', '/tail', '/scopes/hq/ops?from=0', '/scopes/hq/tile/0/000.p/1']) {
    texts.push([`GET ${book}${path}`, ...(await signedHeaders(key, `${book}${path}`))].join('\n'));
  }
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

/** The requests that a relay knows, and its answers to them. */
async function answersOf(records: readonly OpRecord[]): Promise<Uint8Array[]> {
  const relay = createRelay({
    store: createMemoryRelayStore(),
    signer: relayOfVectors,
    hasher,
    ed25519,
    reads: 'public',
  });
  const isGenesis = ({ prev }: Op): boolean => prev === undefined;
  const seeds: Uint8Array[] = [];
  for (const genesis of records.filter(({ op }) => isGenesis(op)).slice(0, 3)) {
    const scope = `/v1/books/${genesis.hash}/scopes/hq`;
    const body = Uint8Array.from(encodeBundle([genesis]));
    const paths = ['ops?from=0', 'checkpoint', 'proof/inclusion?index=0&size=1', 'proof/consistency?first=1&second=1'];
    const tiles = ['tile/0/000.p/1', 'tile/entries/000.p/1', 'tile/0/x001/000'];
    const reads = [...paths, ...tiles].map((path) => `${scope}/${path}`);
    const requests: [string, RequestInit][] = [[`${scope}/ops`, { method: 'POST', body }]];
    for (const path of ['/v1/info', `/v1/books/${genesis.hash}/scopes`, ...reads]) requests.push([path, {}]);
    for (const [path, init] of requests) {
      const answer = await relay.fetch(new Request(`http://relay.example${path}`, init));
      const bytes = Buffer.from(await answer.arrayBuffer());
      seeds.push(Buffer.from(path), bytes);
      if (init.method === 'POST')
        seeds.push(Buffer.from((JSON.parse(bytes.toString()) as { receipt: string }).receipt));
    }
    const unpushed = {
      protocols: { from: 1, to: 1 },
      epoch: 0,
      reads: 'public',
      hash: encodeHex(new Uint8Array(32)),
      results: [],
      size: 0,
      checkpoint: '',
      receipt: '',
    };
    seeds.push(Buffer.from(JSON.stringify(unpushed)));
  }
  return seeds;
}
