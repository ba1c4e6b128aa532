/** Whether an op commutes with many others, by their outlines alone. */
import type { OpRecord } from '@tallystick/oplog';
import { type Label, labelsOf, type Outline } from './outline.ts';

/** Outlines of many ops together, which one more is held against. */
export class OutlineUnion {
  readonly #labels = new Set<Label>();
  readonly #ids = new Set<string>();
  readonly #devices = new Set<string>();
  readonly #outlines = new Set<Outline>();
  readonly #verdicts = new Map<Outline, boolean>();

  add({ op: { id, device } }: OpRecord, outline: Outline): void {
    this.#ids.add(id);
    this.#devices.add(device);
    if (this.#outlines.has(outline)) return;
    this.#outlines.add(outline);
    for (const label of outline.split(' ')) this.#labels.add(label);
  }

  /** True when the op commutes with each of them for certain. Asked only when all are taken in. */
  isApart({ op: { id, device } }: OpRecord, outline: Outline): boolean {
    // Ops of one device come one after another; ids may be chosen by anybody.
    if (this.#devices.has(device) || this.#ids.has(id) || this.#labels.has('!')) return false;
    let verdict = this.#verdicts.get(outline);
    if (verdict === undefined) {
      verdict = !outline.startsWith('!') && !labelsOf(outline).some((label) => this.#meets(label));
      this.#verdicts.set(outline, verdict);
    }
    return verdict;
  }

  /** Keys that begin with two own ids differ, as do those with two devices; reads commute with reads, and adds with adds. */
  #meets(label: Label): boolean {
    const way = label[0];
    for (const other of way === 'w' ? 'rlw' : way === 'a' ? 'rl' : 'wa')
      for (const owner of label[1] === 'k' ? 'kid' : 'k')
        if (this.#labels.has(other + owner + label.slice(2))) return true;
    return false;
  }
}
