/** What is asked of the kernel without a book: `verifyLog` checks a log, `replay` folds it, `loadParts` brings what they and books need later. */
import type { LogStore } from '@tallystick/oplog';
import type { CryptoProvider } from './admitter.ts';
import { useLateFiles } from './late-files.ts';
import { loadSeldom } from './parts.ts';
import type { Replayed, ReplayOptions } from './replay.ts';
import type { LogToVerify, VerifyReport } from './verify.ts';

/** Checks a whole stored log without folding it. */
export async function verifyLog(log: LogStore, crypto: CryptoProvider, options?: LogToVerify): Promise<VerifyReport> {
  useLateFiles();
  return (await loadSeldom()).verifyLog(log, crypto, options);
}

/** Folds what verifies of a log from nothing into an empty database. */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  useLateFiles();
  return (await loadSeldom()).replay(options);
}

/**
 * Loads now what would be loaded when it is first asked for: for a program that runs on while its files may be replaced, such as a server, or a till
 * whose service worker takes up a new version. Throws `kernel/not-loaded`; what is asked for later is tried again.
 */
export async function loadParts(): Promise<void> {
  useLateFiles();
  await loadSeldom();
}
