// What relays on one engine must keep of wrapped keys: one of them has them, no file of the engine ever does, and a file that was in force once is emptied.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../src/contract-case.ts';
import type { RelayStore } from '../src/index.ts';
import type { KeptKeysOptions } from '../src/kept-keys.ts';
import { createFleet, hq } from './fleet.ts';

type Open = (keys?: Pick<KeptKeysOptions, 'path' | 'takeOver'>) => Promise<RelayStore>;

const name = `${'5a'.repeat(16)}.1.${'0'.repeat(16)}`;

/** Whether a text stands in any file below a folder of the engine, its logs of writes included. */
function standsIn(folder: string, text: string): boolean {
  try {
    execFileSync('grep', ['-rqaF', '--', text, folder]);
    return true;
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error;
    return false;
  }
}

const fileHas = (path: string, text: string): boolean =>
  [path, `${path}-journal`].some((file) => existsSync(file) && readFileSync(file).includes(text));

/** `engineFolder` is where the engine has its files; `open` opens one more store on the same data. */
export function keptKeysContract(engine: string, engineFolder: () => string, open: Open): void {
  describe(`wrapped keys of relays on ${engine}`, () => {
    it('stand in no file of the engine, and in none of the relay once they are deleted', async () => {
      using files = createFiles();
      const { book, genesis, root } = createFleet(`${engine} raw keys`);
      const store = await open({ path: files.at('one') });
      const text = randomBytes(40).toString('hex');
      // The search finds what is there: the text of an op.
      const said = randomBytes(20).toString('hex');
      await store.append([batchOf(book, hq, 0, [genesis, root.write({ args: { said } })])]);
      expect(await store.keys.put(book, name, { device: root.key.device, text }, 1)).toBeUndefined();
      expect(fileHas(files.at('one'), text)).toBe(true);
      expect(await store.keys.delete(book, name, 2)).toBe(true);
      expect(fileHas(files.at('one'), text)).toBe(false);
      await store.close();
      expect(standsIn(engineFolder(), said)).toBe(true);
      expect(standsIn(engineFolder(), text)).toBe(false);
    });

    it('lie with one relay, and go over to another one by its word alone', async () => {
      using files = createFiles();
      const { book, root } = createFleet(`${engine} keeper`);
      const key = { device: root.key.device, text: randomBytes(40).toString('hex') };
      const refused = { code: 'relay/store' };
      const first = await open({ path: files.at('first') });
      await first.keys.put(book, name, key, 1);
      const none = await open();
      await expect(none.keys.ready?.()).rejects.toMatchObject(refused);
      const second = await open({ path: files.at('second') });
      await expect(second.keys.list(book)).rejects.toMatchObject(refused);
      expect(await first.keys.get(book, name)).toMatchObject(key);
      await second.close();
      // The first is lost, or so somebody says.
      const taker = await open({ path: files.at('second'), takeOver: true });
      expect(await taker.keys.list(book)).toEqual([]);
      // Nothing that was signed before comes in again, whatever the lost file had deleted.
      expect(await taker.keys.put(book, name, key, Math.floor(Date.now() / 1000))).toBeGreaterThan(0);
      const later = Math.floor(Date.now() / 1000) + 61;
      expect(await taker.keys.put(book, name, { ...key, text: 'wrapped anew' }, later)).toBeUndefined();
      expect(fileHas(files.at('first'), key.text)).toBe(true);
      // It is not: at its next question it is told, and has nothing any more.
      await expect(first.keys.get(book, name)).rejects.toMatchObject(refused);
      expect(fileHas(files.at('first'), key.text)).toBe(false);
      await first.close();
      // Nor does it take them back, so that two that both say so do not take turns.
      const again = await open({ path: files.at('first'), takeOver: true });
      await expect(again.keys.ready?.()).rejects.toMatchObject(refused);
      await taker.close();
      const reopened = await open({ path: files.at('second') });
      expect((await reopened.keys.get(book, name))?.text).toBe('wrapped anew');
      for (const store of [none, again, reopened]) await store.close();
    });
  });
}

function createFiles(): Disposable & { at(file: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'kept-keys-'));
  return {
    at: (file) => join(folder, `${file}.sqlite`),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
