/** @tallystick/kernel/backup: what keeping a book outside its stores, and putting it back, needs of the kernel. Used by @tallystick/recovery. */
export { openRecords } from './admit.ts';
export { packed, unpacked } from './gzip.ts';
export { provenKeys } from './snapshot-trust.ts';
export { type SignedStatement, statementPreimage } from './statement.ts';
export { META_UNANCHORED } from './status.ts';
export { bookFile, type FileScope, parseHeader } from './transfer.ts';
