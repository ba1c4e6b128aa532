// What Firefox and WebKit leave on the disk of a key that was destroyed: the whole folder of the browser is searched, byte by byte, before and after.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { openInFirefox } from '../../../scripts/browsers/firefox.ts';
import { openInMiniBrowser } from '../../../scripts/browsers/webkit.ts';
import { createFolder } from '../../../scripts/browsers/owned.ts';
import {
  firefoxPath,
  isMissing,
  miniBrowserPath,
  webKitDriverPath,
  xvfbPath,
} from '../../../scripts/test-environment.ts';

/** Nothing that packing makes shorter, so that it stands in a file as it is. */
const secretOf = (name: string): string => createHash('sha256').update(name).digest('hex');
const kinds = ['files', 'database'] as const;
type Kind = (typeof kinds)[number];
/** One is there when the browser starts anew, the other is made and destroyed while it runs. */
const subjects = { kept: '5a'.repeat(16), brief: 'a5'.repeat(16) };

const worker = `
  import { createOpfsKeyring, createIndexedDbKeyring } from ${JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)))};
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
  const keyrings = { files: createOpfsKeyring(), database: createIndexedDbKeyring() };
  const work = {
    put: (keyring, put) => put(keyring, 'kept'),
    shred: async (keyring, put, { kept, brief }) => {
      await put(keyring, 'brief');
      await keyring.shred(kept);
      await keyring.shred(brief);
    },
  };
  onmessage = async ({ data: { act, subjects, secrets } }) => {
    const said = {};
    for (const [kind, keyring] of Object.entries(keyrings)) {
      const put = (to, name) => to.put({ subject: subjects[name], generation: 1, key: bytes(secrets[kind + name]) });
      try {
        await work[act](keyring, put, subjects);
        said[kind] = (await keyring.subjects()).length;
      } catch (error) {
        said[kind] = String(error.code ?? error);
      }
    }
    postMessage(said);
  };`;
const html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  const worker = new Worker('worker.js', { type: 'module' });
  const report = (said) => fetch('report', { method: 'POST', body: JSON.stringify(said) });
  worker.onmessage = ({ data }) => report(data);
  worker.onerror = ({ message }) => report({ failure: message });
  // No answer to a POST is kept by a browser, as a page with the keys in it is.
  const task = await fetch('task', { method: 'POST' });
  worker.postMessage({ act: location.hash.slice(1), ...(await task.json()) });
</script>`;

const secrets = Object.fromEntries(
  kinds.flatMap((kind) => Object.keys(subjects).map((name) => [kind + name, secretOf(kind + name)])),
);
const task = JSON.stringify({ subjects, secrets });

/** How many subjects have keys, or the code, of each kind of keyring. */
type Said = Readonly<Record<Kind, number | string>>;

/** Serves the page, and answers what it reported when a browser opened it for an act. */
async function createStage(stack: AsyncDisposableStack) {
  const bundled = await build({
    stdin: { contents: worker, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  });
  const script = bundled.outputFiles[0]?.text ?? '';
  let heard: (said: Said) => void = () => undefined;
  const server = createServer((request, response) => {
    if (request.url === '/task') return response.writeHead(200, { 'cache-control': 'no-store' }).end(task);
    if (request.method === 'POST') {
      void text(request).then((body) => heard(JSON.parse(body) as Said));
      return response.end();
    }
    const isWorker = request.url === '/worker.js';
    response.writeHead(200, { 'content-type': isWorker ? 'text/javascript' : 'text/html' });
    return response.end(isWorker ? script : html);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return async (act: string, open: (url: string) => Promise<AsyncDisposable>): Promise<Said> => {
    const { promise, resolve } = Promise.withResolvers<Said>();
    heard = resolve;
    await using _browser = await open(`${url}#${act}`);
    return await promise;
  };
}

/** Which kinds of keyring have left a key in a file below the folder, in bytes or in hex. */
function foundIn(folder: string): Kind[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
    const path = join(folder, file);
    return existsSync(path) && statSync(path).isFile() ? [readFileSync(path)] : [];
  });
  const holds = (secret: string): boolean =>
    [Buffer.from(secret, 'hex'), Buffer.from(secret), Buffer.from(secret, 'utf16le')].some((needle) =>
      files.some((bytes) => bytes.includes(needle)),
    );
  return kinds.filter((kind) => Object.keys(subjects).some((name) => holds(secretOf(kind + name))));
}

type Open = (url: string, folder: string) => Promise<AsyncDisposable>;

/** What stands on the disk before and after the shred, each while the browser has closed. */
async function playIn(open: Open) {
  await using stack = new AsyncDisposableStack();
  const folder = createFolder(stack);
  const ask = await createStage(stack);
  const put = await ask('put', (url) => open(url, folder));
  const before = foundIn(folder);
  const shred = await ask('shred', (url) => open(url, folder));
  return { put, before, shred, after: foundIn(folder) };
}

describe('a key that was destroyed', () => {
  const [firefox, driver, xvfb, miniBrowser] = [firefoxPath(), webKitDriverPath(), xvfbPath(), miniBrowserPath()];

  it.skipIf(isMissing('Firefox', firefox))(
    'is nowhere in the profile of Firefox, neither from files nor from a database',
    async () => {
      expect(await playIn((url, folder) => openInFirefox(firefox as string, url, folder))).toEqual({
        put: { files: 1, database: 1 },
        before: ['files', 'database'],
        shred: { files: 0, database: 0 },
        after: [],
      });
    },
    120_000,
  );

  it.skipIf(isMissing('WebKit with Xvfb', driver !== undefined && xvfb !== undefined && miniBrowser))(
    'is nowhere in the home of WebKit, which has no files',
    async () => {
      const paths = { browser: miniBrowser as string, xvfb: xvfb as string };
      expect(await playIn((url, folder) => openInMiniBrowser(paths, url, folder))).toEqual({
        put: { files: 'erasure/store', database: 1 },
        before: ['database'],
        shred: { files: 'erasure/store', database: 0 },
        after: [],
      });
    },
    120_000,
  );
});
