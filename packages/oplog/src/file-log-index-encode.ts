// Writing the index that file-log-index.ts reads.
import { crc32c } from './crc32c.ts';
import { type FileLogIndexHeader, formatLine, headerAt, type IndexedPart } from './file-log-index.ts';

export function encodeFileLogIndex({ state, last }: IndexedPart): Uint8Array {
  const { hashes, scopes, receipted, receiptedElsewhere } = state.index.content();
  const stored: number[] = [];
  receipted.forEach((position, ordinal) => {
    if (position !== undefined) stored.push(ordinal, position);
  });
  const header: FileLogIndexHeader = {
    last,
    ops: state.bodies.length,
    scopes: scopes.map((scope) => ({ ...scope, settled: scope.settled.length, pending: scope.pending.length })),
    receipted: stored.length / 2,
    receiptedElsewhere: [...receiptedElsewhere],
    receipts: [...state.receiptsByScope],
    asides: [...state.asidesByKey],
    meta: [...state.metaByName],
  };
  const columns = [
    hashes,
    bytesOf(Float64Array.from(state.bodies, ({ at }) => at)),
    bytesOf(Uint32Array.from(state.bodies, ({ length }) => length)),
    ...scopes.flatMap(({ settled, pending }) => [
      bytesOf(Uint32Array.from(settled)),
      bytesOf(Uint32Array.from(pending)),
    ]),
    bytesOf(Uint32Array.from(stored)),
  ];
  return join(new TextEncoder().encode(JSON.stringify(header)), columns);
}

function join(header: Uint8Array, columns: readonly Uint8Array[]): Uint8Array {
  const size = columns.reduce((sum, column) => sum + column.length, headerAt + header.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(formatLine);
  view.setUint32(formatLine.length + 4, header.length);
  bytes.set(header, headerAt);
  let at = headerAt + header.length;
  for (const column of columns) {
    bytes.set(column, at);
    at += column.length;
  }
  view.setUint32(formatLine.length, crc32c(bytes.subarray(formatLine.length + 4)));
  return bytes;
}

function bytesOf({ buffer }: Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer);
}
