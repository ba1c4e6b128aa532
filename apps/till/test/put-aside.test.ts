// What is left where a damaged log cannot be put aside. The folder is a small one of our own, for a disk that is full at the right moment.
import { afterEach, expect, it, vi } from 'vitest';
import { putLogAside } from '../src/engine/put-aside.ts';

afterEach(() => vi.unstubAllGlobals());

/** Opens and makes files without content, and answers their names; nothing can be written. */
function fullFolder(names: Set<string>): void {
  const missing = (): Promise<never> => Promise.reject(new DOMException('no such file', 'NotFoundError'));
  const getDirectory = async () => ({
    getFileHandle: async (name: string, { create = false } = {}) => {
      if (!names.has(name) && !create) return missing();
      names.add(name);
      const full = new DOMException('the disk is full', 'QuotaExceededError');
      const createWritable = async () => new WritableStream({ write: () => Promise.reject(full) });
      return { getFile: async () => new Blob(['what reads']), createWritable };
    },
    removeEntry: async (name: string) => (names.delete(name) ? undefined : missing()),
  });
  vi.stubGlobal('navigator', { storage: { getDirectory } });
}

it('leaves everything as it was where there is no room for both', async () => {
  const names = new Set(['tallystick.log', 'tallystick.log-index', 'tallystick.rows-0']);
  fullFolder(names);
  await expect(putLogAside(7)).rejects.toThrow('the disk is full');
  expect([...names]).toEqual(['tallystick.log', 'tallystick.log-index', 'tallystick.rows-0']);
});

it('says that a log without a file cannot be put aside, and makes none', async () => {
  const names = new Set<string>();
  fullFolder(names);
  await expect(putLogAside(7)).rejects.toThrow('This browser keeps the log in no file of its own');
  expect(names.size).toBe(0);
});
