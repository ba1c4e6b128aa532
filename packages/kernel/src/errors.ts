/** The one error class of the kernel. Everything a caller must branch on in normal work is returned, not thrown. */

export type KernelErrorCode =
  | 'archive/marked'
  | 'archive/missing'
  | 'archive/range'
  | 'archive/unverified'
  | 'kernel/as-of'
  | 'kernel/bad-call'
  | 'kernel/bad-file'
  | 'kernel/bad-receipt'
  | 'kernel/bad-table'
  | 'kernel/bad-verb'
  | 'kernel/bad-effect'
  | 'kernel/bad-read'
  | 'kernel/bad-row'
  | 'kernel/closed'
  | 'kernel/foreign-book'
  | 'kernel/locked-elsewhere'
  | 'kernel/newer-kernel'
  | 'kernel/no-book'
  | 'kernel/needs-snapshot'
  | 'kernel/no-keys'
  | 'kernel/not-cloneable'
  | 'kernel/not-enrolled'
  | 'kernel/not-loaded'
  | 'kernel/not-resident'
  | 'kernel/query'
  | 'kernel/storage'
  | 'kernel/two-logs'
  | 'kernel/undeclared-text'
  | 'kernel/relay-key'
  | 'kernel/relay-log'
  | 'kernel/relay-moved'
  | 'kernel/invalid-log'
  | 'snapshot/foreign'
  | 'snapshot/format'
  | 'snapshot/log'
  | 'snapshot/shard'
  | 'snapshot/signature'
  | 'snapshot/tables'
  | 'snapshot/untrusted'
  | 'kernel/writer-gone';

export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
