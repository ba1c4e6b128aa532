/** What a log alone is good for, without a book on it: `verifyLog` checks it, `replay` folds it. */
import type { LogStore } from '@tallystick/oplog';
import type { CryptoProvider } from './admitter.ts';
import { loadAudit } from './parts.ts';
import type { Replayed, ReplayOptions } from './replay.ts';
import type { LogToVerify, VerifyReport } from './verify.ts';

/** Checks a whole stored log without folding it. */
export async function verifyLog(log: LogStore, crypto: CryptoProvider, options?: LogToVerify): Promise<VerifyReport> {
  return (await loadAudit()).verifyLog(log, crypto, options);
}

/** Folds what verifies of a log from nothing into an empty database. */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  return (await loadAudit()).replay(options);
}
