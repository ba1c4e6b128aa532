// What is on the disk of a real browser after a shred: its whole profile is searched, byte by byte.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { chromiumPath, isMissing } from '../../../scripts/test-environment.ts';

const source = fileURLToPath(new URL('../src/opfs-keyring.ts', import.meta.url));
const worker = `
  import { createOpfsKeyring } from ${JSON.stringify(source)};
  onmessage = async ({ data: { call, args } }) => {
    try {
      postMessage({ value: await createOpfsKeyring()[call](...args) });
    } catch (error) {
      postMessage({ code: error.code });
    }
  };`;

/** The files below a folder that hold the bytes. */
function filesWith(folder: string, bytes: Buffer): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  return files.filter((file) => {
    try {
      return statSync(file).isFile() && readFileSync(file).includes(bytes);
    } catch {
      return false;
    }
  });
}

it.skipIf(isMissing('Chromium', chromiumPath()))(
  'leaves no byte of a key in the profile of Chromium, nor in a copy from before that is started again',
  async () => {
    const bundled = await build({
      stdin: { contents: worker, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    });
    const script = bundled.outputFiles[0]?.text ?? '';
    const server = createServer((request, response) => {
      const type = request.url === '/worker.js' ? 'text/javascript' : 'text/html';
      response.writeHead(200, { 'content-type': type }).end(type === 'text/html' ? '<!doctype html>' : script);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const profile = mkdtempSync(join(tmpdir(), 'erasure-profile-'));
    const copy = `${profile}-copy`;
    const executablePath = chromiumPath();
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'];
    const open = (folder = profile) =>
      chromium.launchPersistentContext(folder, { args, ...(executablePath === undefined ? {} : { executablePath }) });
    const [one, other] = ['5a', 'a5'].map((byte) => byte.repeat(16)) as [string, string];
    const hex = [0x4b, 0x4c].map((byte) => Buffer.alloc(32, byte).toString('hex')) as [string, string];
    let browser = await open();
    try {
      const ask = async (call: string, ...given: readonly unknown[]): Promise<unknown> => {
        const [page = await browser.newPage()] = browser.pages();
        if (page.url() !== url) await page.goto(url);
        return page.evaluate(
          ([name, values]) =>
            new Promise((resolve) => {
              const asked = new Worker('/worker.js', { type: 'module' });
              asked.onmessage = ({ data }: MessageEvent<{ value?: unknown; code?: string }>) => {
                asked.terminate();
                resolve(data.code ?? data.value);
              };
              const keyed = values.map((value) =>
                typeof value === 'object'
                  ? { ...(value as object), key: new Uint8Array(32).fill((value as { key: number }).key) }
                  : value,
              );
              asked.postMessage({ call: name, args: keyed });
            }),
          [call, given] as const,
        );
      };
      await ask('put', { subject: one, generation: 1, key: 0x4b });
      await ask('put', { subject: other, generation: 1, key: 0x4c });
      expect(await ask('put', { subject: other, generation: 1, key: 0x4d })).toBe('erasure/key-exists');
      await browser.close();
      // The search finds what is there.
      expect(hex.map((text) => filesWith(profile, Buffer.from(text)).length)).toEqual([1, 1]);
      // A copy of the profile is kept, such as a backup of the machine makes.
      cpSync(profile, copy, { recursive: true });
      browser = await open();
      expect(await ask('subjects')).toEqual([one, other]);
      expect([await ask('shred', one), await ask('shred', one), await ask('forget', other)]).toEqual([1, 0, 1]);
      expect(await ask('put', { subject: one, generation: 1, key: 0x4b })).toBe('erasure/shredded');
      expect([await ask('isShredded', one), await ask('isShredded', other), await ask('subjects')]).toEqual([
        true,
        false,
        [],
      ]);
      await browser.close();
      const needles = [...hex.map((text) => Buffer.from(text)), Buffer.alloc(32, 0x4b), Buffer.alloc(32, 0x4c)];
      expect(needles.map((bytes) => filesWith(profile, bytes))).toEqual([[], [], [], []]);
      // Started later, it has both keys again, until its book tells it: then they go from there as they went here.
      browser = await open(copy);
      expect(await ask('subjects')).toEqual([one, other]);
      expect([await ask('shred', one), await ask('shred', other)]).toEqual([1, 1]);
      expect(await ask('put', { subject: one, generation: 1, key: 0x4b })).toBe('erasure/shredded');
      await browser.close();
      expect(needles.map((bytes) => filesWith(copy, bytes))).toEqual([[], [], [], []]);
    } finally {
      await browser.close();
      server.close();
      for (const folder of [profile, copy]) rmSync(folder, { recursive: true, force: true });
    }
  },
);
