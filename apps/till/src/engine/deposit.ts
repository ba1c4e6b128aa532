// The office as a place for this till's backups, which it cannot open: what is sent is signed, so that it takes them from tills of its book alone.
import type { Hasher } from '@tallystick/chain';
import { encodeHex } from '@tallystick/oplog';
import { type BackupPlace, RecoveryError } from '@tallystick/recovery';
import type { TillBook } from './till-book.ts';

const deadlineMs = 60_000;

export function officePlace(office: string, book: Pick<TillBook, 'sign'>, hasher: Hasher): BackupPlace {
  async function ask(method: 'GET' | 'PUT', name: string, body?: Uint8Array): Promise<Response> {
    const path = `/api/deposits/${name}`;
    const said = `${method} ${path} ${body === undefined ? '' : encodeHex(hasher.sha256(body))}`;
    const { device, signature } = await book.sign('deposit/1', said);
    const headers = {
      authorization: `Tallystick ${device} ${signature}`,
      ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
    };
    try {
      return await fetch(`${office}${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(deadlineMs),
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      });
    } catch (cause) {
      throw new RecoveryError('recovery/place', 'the office does not answer', { cause });
    }
  }

  async function answered(response: Response): Promise<Response> {
    if (response.ok) return response;
    const { code = '', message = '' } = (await response.json().catch(() => ({}))) as Readonly<Record<string, string>>;
    throw new RecoveryError(
      'recovery/place',
      `the office answers ${response.status}: ${message === '' ? code : message}`,
    );
  }

  return {
    name: 'the office',
    async list() {
      const { names } = (await (await answered(await ask('GET', ''))).json()) as { readonly names?: unknown };
      return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    },
    async load(name) {
      const response = await ask('GET', name);
      if (response.status === 404) return undefined;
      return new Uint8Array(await (await answered(response)).arrayBuffer());
    },
    save: async (name, bytes) => void (await answered(await ask('PUT', name, bytes))),
    // The office drops what is outlived by itself: whoever has this till's key must not be able to.
    drop: async () => undefined,
  };
}
