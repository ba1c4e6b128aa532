import { afterEach, describe, expect, it, vi } from 'vitest';
import { createIndexedDbKeyring, openBrowserKeyring } from '../src/index.ts';
import { describeKeyring } from './keyring-contract.ts';

describe('in IndexedDB', () => {
  let count = 0;
  describeKeyring(() => {
    count += 1;
    const database = `keyring-test-${count}`;
    return { keyring: createIndexedDbKeyring(database), reopen: () => createIndexedDbKeyring(database) };
  });
});

describe('of a browser', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is in files where they can be used', async () => {
    expect((await openBrowserKeyring()).kind).toBe('files');
  });

  it('is never in the database of Chromium because files cannot be used now', async () => {
    vi.spyOn(navigator.storage, 'getDirectory').mockRejectedValue(new DOMException('no room', 'UnknownError'));
    await expect(openBrowserKeyring()).rejects.toMatchObject({ code: 'erasure/store' });
    // Another engine's database forgets, which tests of whole profiles hold it to.
    vi.spyOn(navigator, 'userAgent', 'get').mockReturnValue('Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101');
    expect((await openBrowserKeyring()).kind).toBe('database');
  });

  it('stays where it was', async () => {
    expect((await openBrowserKeyring('database')).kind).toBe('database');
  });
});
