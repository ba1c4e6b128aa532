// Reading what a relay answers. A relay is an untrusted pipe: whatever is not exactly as specified is `relay/bad-answer`.
import {
  type ChainHead,
  decodeHex,
  type OpHash,
  parseDeviceId,
  parseOpHash,
  parseRootHash,
  parseScope,
  type RootHash,
} from '@tallystick/oplog';
import { parseAnswerCode, type ProtocolRange, RelayError } from './errors.ts';
import { chooseProtocol, protocols as spoken } from './protocols.ts';
import { type Reply, retryAfterMs } from './retry.ts';
import type { Holder, ScopeSize } from './store.ts';
import { type PushResult, verdicts, type Warning, warnings } from './verdict.ts';

export interface RelayInfo {
  /** The versions that the relay speaks. */
  readonly protocols: ProtocolRange;
  /** Whether reads must be signed by a device of the book. */
  readonly reads: 'devices' | 'public';
  readonly name: string;
  /** As the relay says it. Pin the one you were given when the book was set up, never this one. */
  readonly vkey: string;
  /** What it calls itself, of one that follows the relay whose name and key these are. */
  readonly mirror?: string;
  readonly limits: { readonly maxBatchOps: number; readonly maxBatchBytes: number };
}

/** Where a book stands at a relay, as far as the asker may read it. Unsigned: what it says counts once a checkpoint says it too. */
export interface Handshake {
  /** Of the book's origins: 0 for the relay that the book began with. */
  readonly epoch: number;
  /** The position in `hq` of the op that appointed this relay; absent in epoch 0. */
  readonly appointed?: number;
  /** Sorted by name. */
  readonly scopes: readonly ScopeStanding[];
}

export interface ScopeStanding extends ScopeSize {
  /** The root of the log at the size that the asker knows; absent where the log is shorter. */
  readonly rootAtKnown?: RootHash;
}

/** The answer to one request of a push. */
export interface BatchAnswer {
  readonly size: number;
  readonly checkpoint: string;
  readonly receipt: string;
  readonly results: readonly PushResult[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Throws what the relay refused with: its own code if it is one we know, `relay/refused` otherwise. */
export function checkStatus(reply: Reply): void {
  if (reply.status >= 200 && reply.status < 300) return;
  const { code, message, nowMs, address } = tryJson(new TextDecoder().decode(reply.bytes)) ?? {};
  const known = parseAnswerCode(code) ?? 'relay/refused';
  const text = typeof message === 'string' ? message.slice(0, 500) : `the relay answered ${reply.status}`;
  const afterMs = retryAfterMs(reply);
  const details = {
    ...(isCount(nowMs) ? { nowMs } : {}),
    ...(typeof address === 'string' ? { address } : {}),
    ...(afterMs > 0 ? { retryAfterSeconds: afterMs / 1000 } : {}),
  };
  throw new RelayError(known, text, { status: reply.status, details });
}

export function parseInfo({ bytes }: Reply): RelayInfo {
  const { protocols, name, vkey, mirror, reads, limits } = parseFields(bytes);
  const { from, to } = isFields(protocols) ? protocols : {};
  if (!isCount(from) || !isCount(to) || to < from) throw badAnswer('range of protocols');
  if (chooseProtocol(spoken, { from, to }) === undefined) {
    const message = `the relay speaks versions ${from} to ${to}, this program ${spoken.from} to ${spoken.to}`;
    throw new RelayError('relay/protocol', message, { details: { protocols: { from, to } } });
  }
  const { maxBatchOps, maxBatchBytes } = isFields(limits) ? limits : {};
  if (reads !== 'devices' && reads !== 'public') throw badAnswer('kind of reads');
  const isNamed =
    typeof name === 'string' && typeof vkey === 'string' && ['undefined', 'string'].includes(typeof mirror);
  if (!isNamed) throw badAnswer('relay info');
  if (!isCount(maxBatchOps) || !isCount(maxBatchBytes) || maxBatchOps < 1) throw badAnswer('relay limits');
  const follows = typeof mirror === 'string' ? { mirror } : {};
  return { protocols: { from, to }, name, vkey, ...follows, reads, limits: { maxBatchOps, maxBatchBytes } };
}

/** `hashes` are those of the ops that were sent, in order. */
export function parseBatchAnswer({ bytes }: Reply, hashes: readonly OpHash[]): BatchAnswer {
  const { size, checkpoint, receipt, results } = parseFields(bytes);
  if (!isCount(size) || typeof checkpoint !== 'string' || typeof receipt !== 'string' || !Array.isArray(results)) {
    throw badAnswer('answer to a push');
  }
  if (results.length !== hashes.length) throw badAnswer('number of results');
  const parsed = results.map(parseResult);
  if (parsed.some(({ hash }, index) => hash !== hashes[index])) throw badAnswer('order of results');
  return { size, checkpoint, receipt, results: parsed };
}

/** The checkpoint that another device cosigned, or ''. */
export function parseCosigned({ bytes }: Reply): string {
  const { checkpoint } = parseFields(bytes);
  if (typeof checkpoint !== 'string') throw badAnswer('answer to a cosignature');
  return checkpoint;
}

export function parseHandshake({ bytes }: Reply): Handshake {
  const { epoch, appointed, scopes } = parseFields(bytes);
  if (!isCount(epoch) || !(appointed === undefined || isCount(appointed))) throw badAnswer('epoch');
  if (!Array.isArray(scopes)) throw badAnswer('list of scopes');
  return { epoch, ...(appointed === undefined ? {} : { appointed }), scopes: scopes.map(parseStanding) };
}

function parseStanding(item: unknown): ScopeStanding {
  const { scope, size, rootAtKnown } = isFields(item) ? item : {};
  const name = parseScope(scope);
  const root = parseRootHash(rootAtKnown);
  if (name === undefined || !isCount(size)) throw badAnswer('scope');
  if (rootAtKnown !== undefined && root === undefined) throw badAnswer('root');
  return { scope: name, size, ...(root === undefined ? {} : { rootAtKnown: root }) };
}

export function parseProof({ bytes }: Reply): Uint8Array[] {
  const { proof } = parseFields(bytes);
  if (!Array.isArray(proof) || proof.length > 128) throw badAnswer('proof');
  return proof.map((node: unknown) => {
    const hex = parseOpHash(node);
    if (hex === undefined) throw badAnswer('hash in a proof');
    return decodeHex(hex);
  });
}

export function parseKeyNames({ bytes }: Reply): string[] {
  const { names } = parseFields(bytes);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw badAnswer('list of wrapped keys');
  return names;
}

export function parseWrappedKey({ bytes }: Reply): string {
  const { text } = parseFields(bytes);
  if (typeof text !== 'string') throw badAnswer('wrapped key');
  return text;
}

export function parseKeyDeleted({ bytes }: Reply): boolean {
  const { deleted } = parseFields(bytes);
  if (typeof deleted !== 'boolean') throw badAnswer('answer to a deletion');
  return deleted;
}

function parseResult(item: unknown): PushResult {
  const { hash, verdict, position, warnings: warned, message, head, holder } = isFields(item) ? item : {};
  const name = parseOpHash(hash);
  const known = verdicts.find((candidate) => candidate === verdict);
  if (name === undefined || known === undefined) throw badAnswer('verdict');
  if (position !== undefined && !isCount(position)) throw badAnswer('position');
  if (position === undefined && (known === 'stored' || known === 'exists'))
    throw badAnswer('verdict without a position');
  const isSaid =
    warned === undefined || (Array.isArray(warned) && warned.every((warning) => typeof warning === 'string'));
  if (!isSaid || (message !== undefined && typeof message !== 'string')) throw badAnswer('warning or message');
  return {
    hash: name,
    verdict: known,
    ...(position === undefined ? {} : { position }),
    ...(warned === undefined ? {} : { warnings: warned.filter(isWarning) }),
    ...(message === undefined ? {} : { message }),
    ...(holder === undefined ? {} : { holder: parseHolder(holder) }),
    ...(head === undefined ? {} : { head: parseHead(head) }),
  };
}

function parseHead(item: unknown): ChainHead {
  const { seq, hash } = isFields(item) ? item : {};
  const name = parseOpHash(hash);
  if (name === undefined || !isCount(seq)) throw badAnswer('head');
  return { seq, hash: name };
}

function parseHolder(item: unknown): Holder {
  const { hash, device, position } = isFields(item) ? item : {};
  const [name, author] = [parseOpHash(hash), parseDeviceId(device)];
  if (name === undefined || author === undefined || !isCount(position)) throw badAnswer('holder');
  return { hash: name, device: author, position };
}

function isWarning(item: unknown): item is Warning {
  return warnings.some((warning) => warning === item);
}

/** Throws `relay/bad-answer`. */
export function parseFields(bytes: Uint8Array): Fields {
  return readFields(new TextDecoder().decode(bytes));
}

/** Throws `relay/bad-answer`. */
export function readFields(text: string): Fields {
  const fields = tryJson(text);
  if (fields === undefined) throw badAnswer('JSON object');
  return fields;
}

function tryJson(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function badAnswer(what: string): RelayError {
  return new RelayError('relay/bad-answer', `the relay's answer has a wrong ${what}`);
}
