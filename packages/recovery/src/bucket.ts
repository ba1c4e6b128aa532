// A bucket of anything that speaks S3 as a place of backups, by requests that aws4fetch signs. In a page the bucket must allow the page's origin.
import { AwsClient } from 'aws4fetch';
import { RecoveryError } from './errors.ts';
import { joined } from './part.ts';
import type { BackupPlace } from './place.ts';

export interface BucketOptions {
  /** `https://s3.example/my-bucket`, or with a folder: `https://s3.example/my-bucket/backups`. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `us-east-1` when left out. */
  readonly region?: string;
  /** Of one request, 60,000 ms when left out. */
  readonly timeoutMs?: number;
  /** Of one file: 512 MiB when left out. What a bucket gives of a larger one is cut there, so that it fills no memory; it opens as no backup then. */
  readonly maxBytes?: number;
}

const defaultTimeoutMs = 60_000;
const defaultMaxBytes = 512 * 1024 * 1024;
/** A page of a list has a thousand names; a fault has a few lines. */
const maxPageBytes = 16 * 1024 * 1024;
const maxFaultBytes = 64 * 1024;
const retries = 3;
const maxPages = 1_000;

export function bucketPlace(options: BucketOptions): BackupPlace {
  const { url, region = 'us-east-1', accessKeyId, secretAccessKey } = options;
  const { timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = options;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries });
  const [, origin = '', bucket = '', folder = ''] = /^(https?:\/\/[^/]+)\/([^/]+)\/?(.*?)\/?$/.exec(url) ?? [];
  if (bucket === '') throw new RecoveryError('recovery/place', `${url} names no bucket`);
  const prefix = folder === '' ? '' : `${folder}/`;
  const keyUrl = (name: string): string => `${origin}/${bucket}/${prefix}${encodeURIComponent(name)}`;

  async function read(response: Response, most: number): Promise<Uint8Array> {
    try {
      return await bodyOf(response, most);
    } catch (cause) {
      throw new RecoveryError('recovery/place', `bucket ${url} broke off in its answer`, { cause });
    }
  }

  async function ask(address: string, init: RequestInit & { readonly fine?: readonly number[] }): Promise<Response> {
    const { fine = [200, 204], ...request } = init;
    let response: Response;
    try {
      response = await client.fetch(address, { ...request, signal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      throw new RecoveryError('recovery/place', `bucket ${url} does not answer`, { cause });
    }
    if (fine.includes(response.status)) return response;
    const said = /<Code>([^<]*)<\/Code>/.exec(new TextDecoder().decode(await read(response, maxFaultBytes)))?.[1] ?? '';
    throw new RecoveryError('recovery/place', `bucket ${url} answered ${response.status} ${said}`.trim());
  }

  async function list(): Promise<readonly string[]> {
    const names: string[] = [];
    let token = '';
    for (let page = 0; page < maxPages; page += 1) {
      const query = new URLSearchParams({ 'list-type': '2', prefix });
      if (token !== '') query.set('continuation-token', token);
      const bytes = await read(await ask(`${origin}/${bucket}?${query}`, { method: 'GET' }), maxPageBytes);
      // What was cut would be a shorter list, and names that nobody sees.
      if (bytes.length >= maxPageBytes)
        throw new RecoveryError('recovery/place', `bucket ${url} does not end a page of its list`);
      const text = new TextDecoder().decode(bytes);
      for (const [, key = ''] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) names.push(unescaped(key).slice(prefix.length));
      token = unescaped(/<NextContinuationToken>([^<]*)</.exec(text)?.[1] ?? '');
      if (token === '') return names;
    }
    throw new RecoveryError('recovery/place', `bucket ${url} does not end its list`);
  }

  return {
    name: `bucket ${url}`,
    list,
    async load(name) {
      const response = await ask(keyUrl(name), { method: 'GET', fine: [200, 404] });
      const bytes = await read(response, maxBytes);
      return response.status === 404 ? undefined : bytes;
    },
    async save(name, bytes) {
      if (bytes.length > maxBytes)
        throw new RecoveryError(
          'recovery/place',
          `bucket ${url} takes ${maxBytes} bytes, the file has ${bytes.length}`,
        );
      await ask(keyUrl(name), { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
    },
    async drop(name) {
      await ask(keyUrl(name), { method: 'DELETE', fine: [200, 204, 404] });
    },
  };
}

/** No more than `most` bytes of it. */
async function bodyOf(response: Response, most: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  for (let room = most; room > 0; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value.subarray(0, room));
    room -= value.length;
  }
  // Of what is left nobody asks.
  await reader.cancel().catch(() => undefined);
  return joined(chunks);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');
}
