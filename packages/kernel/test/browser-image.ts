// The image of rows in files of a browser. Runs in a worker of each browser that has them; see scripts/browsers.
import { type Book, openBook } from '@tallystick/kernel';
import { browserStore, openOpfsFile } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { SqlJsStatic } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { verbs } from './browser-shop.ts';

interface Opened {
  readonly book: Book<typeof verbs>;
  /** Ops that opening had to read. */
  readonly scanned: number;
}

export function browserImageSuite(sqlite: SqlJsStatic): void {
  let names = 0;
  const newName = (): string => `image-${(names += 1)}`;
  const open = async (name: string): Promise<Opened> => {
    const store = await browserStore(name, { sqlite, kind: 'opfs' });
    return { book: await openBook({ store, verbs }), scanned: store.log.scanned };
  };
  const move = async ({ book }: Opened, sku: string): Promise<void> => {
    expect((await book.commit('stock.move', { sku, quantity: 1 })).ok).toBe(true);
  };
  /** Opens a new book, with one op and an image of it. */
  const openSaved = async (name: string, sku = 'a'): Promise<Opened> => {
    const opened = await open(name);
    await move(opened, sku);
    await opened.book.saveImage();
    return opened;
  };
  /** Closes the book, opens it again, and sees that its rows are those of the log. */
  const openAgain = async (name: string, { book }: Opened): Promise<Opened> => {
    const { digest } = book.digest();
    await book.close();
    const again = await open(name);
    expect(again.book.digest().digest).toBe(digest);
    expect((await again.book.prove(sqljsStore({ sqlite }))).ok).toBe(true);
    return again;
  };
  const newest = async (name: string): Promise<string> => {
    const sizes = await Promise.all([0, 1].map(async (turn) => (await fileOf(`${name}.rows-${turn}`)).size));
    return `${name}.rows-${(sizes[0] as number) > 0 ? 0 : 1}`;
  };

  describe('image in files', () => {
    it('is begun from, and what came after it is folded on top', async () => {
      const name = newName();
      const first = await openSaved(name);
      await move(first, 'b');
      const second = await openAgain(name, first);
      expect(second.book.status().imageMisfit).toBeUndefined();
      expect(second.scanned).toBe(1);
      await move(second, 'c');
      await second.book.saveImage();
      const third = await openAgain(name, second);
      expect([third.book.status().imageMisfit, third.scanned]).toEqual([undefined, 0]);
      await third.book.close();
    });

    it('is waited for while the worker of a closed tab still holds its files', async () => {
      const name = newName();
      const first = await openSaved(name);
      await first.book.close();
      const held = await Promise.all(['rows-0', 'rows-1', 'log-index'].map((file) => openOpfsFile(`${name}.${file}`)));
      held.forEach((file, turn) => setTimeout(() => file.close(), 60 * (turn + 1)));
      const again = await open(name);
      expect([again.book.status().imageMisfit, again.scanned]).toEqual([undefined, 0]);
      await again.book.close();
    });

    it('is left alone when it was cut off, and the log is folded', async () => {
      const name = newName();
      const first = await openSaved(name);
      const { digest } = first.book.digest();
      await first.book.close();
      await edit(await newest(name), (bytes) => bytes.subarray(0, bytes.length - 9));
      const again = await open(name);
      expect(again.book.status().imageMisfit).toBe('none');
      expect(again.book.digest().digest).toBe(digest);
      await again.book.close();
    });

    it('of another book is left alone', async () => {
      const [one, other] = [newName(), newName()];
      for (const name of [one, other]) {
        const opened = await openSaved(name, name);
        await opened.book.close();
      }
      const bytes = new Uint8Array(await (await fileOf(await newest(one))).arrayBuffer());
      await edit(await newest(other), () => bytes);
      const again = await open(other);
      expect(again.book.status().imageMisfit).toBe('book');
      expect(again.book.query('SELECT sku FROM stock')).toEqual([{ sku: other }]);
      await again.book.close();
    });

    it('with a page that is damaged is not read, and not begun from twice', async () => {
      const name = newName();
      const first = await openSaved(name);
      const { digest } = first.book.digest();
      await first.book.close();
      await edit(await newest(name), (bytes) =>
        bytes.map((byte, at) => (at > 4096 && at < bytes.length / 2 && at % 4096 === 99 ? byte ^ 1 : byte)),
      );
      const again = await open(name);
      expect(again.book.status().imageMisfit).toBe('damaged');
      expect(again.book.digest().digest).toBe(digest);
      await again.book.close();
    });

    it('is not kept where there is no room, and the one before stays', async () => {
      const name = newName();
      const first = await openSaved(name);
      await move(first, 'b');
      const mend = fillDisk();
      const code = await first.book.saveImage().then(
        () => 'none',
        (error: { readonly code?: unknown }) => error.code,
      );
      mend();
      expect(code).toBe('kernel/storage');
      await move(first, 'c');
      const again = await openAgain(name, first);
      expect([again.book.status().imageMisfit, again.scanned]).toEqual([undefined, 2]);
      await again.book.close();
    });
  });
}

async function fileOf(path: string): Promise<File> {
  const folder = await navigator.storage.getDirectory();
  return (await folder.getFileHandle(path)).getFile();
}

async function edit(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const bytes = change(new Uint8Array(await (await fileOf(path)).arrayBuffer()));
  const folder = await navigator.storage.getDirectory();
  const writer = await (await folder.getFileHandle(path)).createWritable();
  await writer.write(bytes as Uint8Array<ArrayBuffer>);
  await writer.close();
}

/** Every write is cut short from here on, as on a full disk. Returns how to mend it. */
function fillDisk(): () => void {
  const { prototype } = Reflect.get(globalThis, 'FileSystemSyncAccessHandle') as {
    readonly prototype: Record<string, unknown>;
  };
  const real = prototype['write'];
  prototype['write'] = () => 0;
  return () => {
    prototype['write'] = real;
  };
}
