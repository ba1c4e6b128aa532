// Keeping the pages of paged-file.ts: loaded with the acts, for no opening, sale or question needs it.
import type { AppendFile } from '@tallystick/oplog';
import { crc32c } from '@tallystick/oplog/open-file';
import { clearedFile, FOOTER_BYTES, type Image, MAGIC, PAGE, type PagedFile, type PagedState } from './paged-file.ts';

/** Pages that did not change are copied so many at a time. */
const COPIED_AT_ONCE = 256;

/** Makes everything as it is now the newest image. Throws what the file throws; then the one before is still there. */
export function savePages({ state }: PagedFile, header: string): void {
  const file = clearedFile(state);
  const checksums = new Uint32Array(state.pages);
  for (const [page, checksum] of state.spilled) checksums[page] = checksum;
  for (const [page, bytes] of state.changed) {
    file.write(page * PAGE, bytes);
    checksums[page] = crc32c(bytes);
  }
  copyUnchanged(state, file, checksums);
  const turn = (state.image?.turn ?? 0) + 1;
  file.write(state.pages * PAGE, encodeEnd({ turn, checksums, header }));
  file.flush();
  state.image = { file, turn, checksums, header };
  state.changed.clear();
  state.spilled.clear();
  state.isCleared = false;
  state.hasRoom = true;
}

function copyUnchanged(
  { image, pages, changed, spilled }: PagedState,
  target: AppendFile,
  checksums: Uint32Array,
): void {
  if (image === undefined) return;
  const { file, checksums: known } = image;
  const end = Math.min(known.length, pages);
  const isChanged = (page: number): boolean => changed.has(page) || spilled.has(page);
  for (let page = 0; page < end; ) {
    const from = page;
    while (page < end && page - from < COPIED_AT_ONCE && !isChanged(page)) page += 1;
    if (page > from) target.write(from * PAGE, file.read(from * PAGE, (page - from) * PAGE));
    else page += 1;
    for (let copied = from; copied < page; copied++)
      if (!isChanged(copied)) checksums[copied] = known[copied] as number;
  }
}

function encodeEnd({ turn, checksums, header }: Omit<Image, 'file'>): Uint8Array {
  const text = new TextEncoder().encode(header);
  const sums = new Uint8Array(checksums.buffer, checksums.byteOffset, checksums.byteLength);
  const end = new Uint8Array(sums.length + text.length + FOOTER_BYTES);
  end.set(sums);
  end.set(text, sums.length);
  const footer = new DataView(end.buffer, sums.length + text.length);
  [MAGIC, turn, checksums.length, text.length].forEach((value, index) => footer.setUint32(index * 4, value));
  footer.setUint32(FOOTER_BYTES - 4, crc32c(end.subarray(0, -4)));
  return end;
}
