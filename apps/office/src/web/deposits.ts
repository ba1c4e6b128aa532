// Backups that tills hand in, sealed to people and not to this office: it keeps files whose names and makers it knows, and nothing in them. A till may add,
// read and list its own; what is outlived goes by the office's own clock, so that a stolen key of a till cannot empty the place.
import { statementPreimage } from '@tallystick/kernel/backup';
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { type BackupPlace, parsePartName } from '@tallystick/recovery';
import { folderPlace } from '@tallystick/recovery/node';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ShopBook, shopCrypto } from '../book.ts';
import type { Home } from '../home.ts';
import { HttpRefusal, requireOrigin, sendJson } from './http.ts';

const maxFileBytes = 128 << 20;
/** Of one till: past it nothing more is taken, and nothing is dropped for it. */
const maxTillBytes = 1 << 30;
const maxTillFiles = 2_000;
/** A whole of a till's stays until two others have been here for so long. */
const keptMs = 3 * 24 * 3_600_000;
const keptWholes = 2;

export interface Deposits {
  /** Of all tills, for whoever carries them on. */
  readonly place: BackupPlace;
  /** Names of the files of a till. */
  list(device: string): Promise<readonly string[]>;
  load(name: string): Promise<Uint8Array | undefined>;
  /** Throws the HttpRefusal to answer with. */
  save(device: string, name: string, bytes: Uint8Array): Promise<void>;
  readonly book: ShopBook;
}

export function createDeposits(home: Home, book: ShopBook, now: () => number = Date.now): Deposits {
  const root = join(home.root, 'deposits');
  const place = folderPlace(root);
  const list = async (device: string): Promise<readonly string[]> =>
    (await place.list()).filter((name) => isOf(name, book.id, device));

  async function save(device: string, name: string, bytes: Uint8Array): Promise<void> {
    const before = await place.load(name);
    if (before !== undefined) {
      // Handed in again after an answer that was lost. Another file of the name would take the place of one that somebody may need.
      if (Buffer.compare(before, bytes) === 0) return;
      throw new HttpRefusal(409, 'office/deposit-taken', `${name} is here, and is another file`);
    }
    const names = await list(device);
    const heldBytes = names.reduce((sum, held) => sum + statSync(join(root, held)).size, 0);
    if (heldBytes + bytes.length > maxTillBytes || names.length >= maxTillFiles)
      throw new HttpRefusal(
        507,
        'office/deposit-full',
        `this till has ${names.length} files of ${heldBytes} bytes here`,
      );
    await place.save(name, bytes);
    // What outlives another must have lain here for days itself: wholes that a thief makes up are seen before they cost one that is true.
    for (const old of outlived(names.filter((one) => isOlder(join(root, one), now())))) await place.drop(old);
  }

  return { place, list, save, load: (name) => place.load(name), book };
}

/** Parts before the last but one whole; archives stay. */
function outlived(names: readonly string[]): readonly string[] {
  const parts = names.map((name) => ({ name, part: parsePartName(name) }));
  const wholes = parts.flatMap(({ part }) => (part?.kind === 'whole' ? [part.number] : [])).sort((a, b) => b - a);
  const oldest = wholes[keptWholes - 1] ?? 0;
  return parts.flatMap(({ name, part }) =>
    part !== undefined && part.kind !== 'log' && part.number < oldest ? [name] : [],
  );
}

function isOlder(path: string, nowMs: number): boolean {
  return existsSync(path) && nowMs - statSync(path).mtimeMs > keptMs;
}

function isOf(name: string, book: string, device: string): boolean {
  const part = parsePartName(name);
  return part !== undefined && book.startsWith(part.book) && device.startsWith(part.device);
}

interface DepositDesk {
  readonly deposits: Deposits;
  origins(): { readonly own: readonly string[]; readonly tills: readonly string[] };
}

/** `GET /api/deposits/` lists, `GET /api/deposits/NAME` reads, `PUT /api/deposits/NAME` adds. Each is signed by a device of the book. */
export async function answerDeposit(
  { deposits, origins }: DepositDesk,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { own, tills } = origins();
  const { origin } = request.headers;
  if (origin !== undefined && tills.includes(origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'GET, PUT');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
  }
  response.setHeader('vary', 'origin');
  requireOrigin(request, [...own, ...tills]);
  const { method = '' } = request;
  if (method === 'OPTIONS') return void response.writeHead(204, { 'access-control-max-age': '600' }).end();
  if (method !== 'GET' && method !== 'PUT')
    throw new HttpRefusal(405, 'office/method', 'GET and PUT are answered here');
  const body = method === 'PUT' ? await readBytes(request) : undefined;
  const device = await authorOf(deposits.book, request, url.pathname, body);
  const name = url.pathname.slice('/api/deposits/'.length);
  if (method === 'GET' && name === '') return sendJson(response, 200, { names: await deposits.list(device) });
  if (!isOf(name, deposits.book.id, device))
    throw new HttpRefusal(403, 'office/deposit-name', `${name} is none of yours`);
  if (body !== undefined) {
    await deposits.save(device, name, body);
    return sendJson(response, 200, {});
  }
  const bytes = await deposits.load(name);
  if (bytes === undefined) throw new HttpRefusal(404, 'office/not-found', `${name} is not here`);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }).end(bytes);
}

async function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxFileBytes)
      throw new HttpRefusal(413, 'office/bad-request', `a backup of more than ${maxFileBytes} bytes is not taken`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** The device that signed this request under its key in force, or a refusal. What is signed says the method, the path and the bytes. */
async function authorOf(
  book: ShopBook,
  request: IncomingMessage,
  path: string,
  body: Uint8Array | undefined,
): Promise<string> {
  const { ed25519, hasher } = shopCrypto;
  const [, device = '', signature = ''] =
    /^Tallystick ([0-9a-f]{64}) ([0-9a-f]{128})$/.exec(request.headers.authorization ?? '') ?? [];
  // A till of a branch stands in its branch's scope; `hq` may have revoked it in all of them.
  const [row] = book.query<{ key: string }>(
    `SELECT key FROM devices WHERE device = ? AND status = 'active'
       AND NOT EXISTS (SELECT 1 FROM devices WHERE device = ? AND status = 'revoked')
       AND NOT EXISTS (SELECT 1 FROM revocations WHERE device = ? AND status = 'revoked') LIMIT 1`,
    [device, device, device],
  );
  const said = `${request.method} ${path} ${body === undefined ? '' : encodeHex(hasher.sha256(body))}`;
  const preimage = statementPreimage('deposit/1', book.id, said, hasher);
  const isSigned = row !== undefined && (await ed25519.verify(decodeHex(row.key), preimage, decodeHex(signature)));
  if (!isSigned) throw new HttpRefusal(403, 'office/deposit-author', 'no device of this book in force signed this');
  return device;
}
