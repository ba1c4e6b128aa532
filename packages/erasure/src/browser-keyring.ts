// Which keyring a browser gets: files that are zeroed in their place where it has such, and else its database, unless that keeps what it was told to forget.
import { createIndexedDbKeyring } from './indexed-db-keyring.ts';
import type { Keyring } from './keyring.ts';
import { createOpfsKeyring } from './opfs-keyring.ts';

export type BrowserKeyringKind = 'files' | 'database';

/**
 * In a worker. `chosen` is what it answered the first time, which stays: keys in two places would be forgotten in one. Throws `erasure/store` where the files cannot be used and the browser
 * is Chromium, whose database writes each record anew and keeps what it replaced until it compacts.
 */
export async function openBrowserKeyring(
  chosen?: BrowserKeyringKind,
): Promise<{ readonly kind: BrowserKeyringKind; readonly keyring: Keyring }> {
  const files = createOpfsKeyring();
  const kind = chosen ?? (await kindOf(files));
  return { kind, keyring: kind === 'files' ? files : createIndexedDbKeyring() };
}

async function kindOf(files: Keyring): Promise<BrowserKeyringKind> {
  try {
    await files.subjects();
    return 'files';
  } catch (error) {
    // Chromium, and what is built on its engine; those of iOS say another name.
    if (/Chrom(?:e|ium)\//.test(navigator.userAgent)) throw error;
    return 'database';
  }
}
