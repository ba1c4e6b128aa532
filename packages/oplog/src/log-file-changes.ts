// What becomes of a log in a file when relays answer, others' ops come, or the log is cut at its begin: all that a device does not do which only writes ops of its own. And what becomes of its index.
import { opsOf } from './aside-key.ts';
import {
  type AsideEntry,
  type BeginEntry,
  encodePayload,
  type SettleEntry,
  type UnsettleEntry,
} from './file-log-state.ts';
import { encodeFileLogIndex } from './file-log-index-encode.ts';
import { frameKinds } from './frame.ts';
import { encodeHex } from './hex.ts';
import { checkBegin, checkSettle, checkUnsettle, hashesElsewhere } from './log-checks.ts';
import type { LogFile, LogFileChanges } from './log-file.ts';
import { trustedRecord } from './record.ts';
import { encodeRecords } from './record-frame.ts';

/** Each throws as `LogStore` says, before anything is written. */
export function logFileChanges({ log, parts }: LogFile): LogFileChanges {
  const { state, write, writeRecords } = parts;
  const { index } = state;
  return {
    replace: (records) => {
      for (const { hash, op, bytes } of records) {
        index.mustFind(hash, op.scope);
        trustedRecord(bytes, hash);
      }
      if (records.length > 0) write(frameKinds.replace, encodeRecords(records));
    },
    settle: (scope, from, ops, tip) => {
      const { fresh, ordinals } = checkSettle(index, scope, from, ops, tip);
      writeRecords(fresh);
      const entry: SettleEntry = { scope, ordinals, tip };
      write(frameKinds.settle, encodePayload(entry));
    },
    begin: (scope, base, note = '') => {
      const entry: BeginEntry = { scope, base, note };
      if (checkBegin(index, scope, base)) write(frameKinds.begin, encodePayload(entry));
    },
    unsettle: (scope, tip) => {
      checkUnsettle(scope, index.base(scope).size, index.tip(scope).size, tip);
      const entry: UnsettleEntry = { scope, tip, receiptedElsewhere: hashesElsewhere(log.receipts(scope), index) };
      write(frameKinds.unsettle, encodePayload(entry));
    },
    addReceipt: (receipt) => write(frameKinds.receipt, encodePayload(receipt)),
    setAside: (asides) => {
      if (asides.length === 0) return;
      const content = asides.map((aside): AsideEntry => ({ ...aside, bytes: encodeHex(aside.bytes) }));
      write(frameKinds.asides, encodePayload(content));
    },
    dropAsides: (hashes) => {
      if (state.asidesByKey.size === 0) return;
      const held = opsOf(state.asidesByKey.keys());
      const known = hashes.filter((hash) => held.has(hash));
      if (known.length > 0) write(frameKinds.dropAsides, encodePayload(known));
    },
    encodeIndex: () => {
      const last = parts.last();
      return last && encodeFileLogIndex({ state, last });
    },
  };
}
