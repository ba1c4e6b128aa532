// Hands the whole log to the person as a file, for another replica to import.
import type { Till } from '../state/till.ts';

/** True once the browser has the file. */
export async function exportToFile(till: Till): Promise<boolean> {
  const exported = await till.engine.exportLog();
  if (!exported.ok) {
    till.toast.value = { text: `The export failed: ${exported.message}` };
    return false;
  }
  const phase = till.state.peek().phase;
  const isBook = phase.kind === 'open';
  const name = isBook ? `${phase.shop.till}-${phase.shop.book.slice(0, 8)}.bundle` : 'till.log';
  saveFile(`tallystick-${name}`, exported.value);
  const isAlone = isBook && phase.shop.relay === undefined;
  const next = isAlone || !isBook ? 'somewhere else than on this device' : 'until the office has imported it';
  till.toast.value = { text: `Exported. Keep the file ${next}.` };
  return true;
}

export function saveFile(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
