/** Whether an op commutes with many others, by their outlines alone. */
import type { OpRecord } from '@tallystick/oplog';
import { type Label, labelsOf, type Outline } from './outline.ts';

/** What ops of one device touch. */
interface Group {
  readonly outlines: Set<Outline>;
  readonly labels: Set<Label>;
  /** Whether an op of this outline, by the device, commutes with all of others. */
  readonly verdicts: Map<Outline, boolean>;
}

/** Outlines of many ops together, which one more is held against. */
export class OutlineUnion {
  readonly #groups = new Map<string, Group>();
  readonly #timesById = new Map<string, number>();

  add({ op: { id, device } }: OpRecord, outline: Outline): void {
    this.#timesById.set(id, (this.#timesById.get(id) ?? 0) + 1);
    const { outlines, labels } = this.#groupOf(device);
    if (outlines.has(outline)) return;
    outlines.add(outline);
    for (const label of outline.split(' ')) labels.add(label);
  }

  /** True when the op commutes for certain with each op of another device here. Asked only when all are taken in. `isHere`: it is one of them. */
  isApart({ op: { id, device } }: OpRecord, outline: Outline, isHere: boolean): boolean {
    // Ids may be chosen by anybody.
    if ((this.#timesById.get(id) ?? 0) > Number(isHere)) return false;
    const { verdicts } = this.#groupOf(device);
    let verdict = verdicts.get(outline);
    if (verdict === undefined) {
      const own = labelsOf(outline);
      const isFree = ({ labels }: Group): boolean => !labels.has('!') && !own.some((label) => meets(label, labels));
      verdict =
        !outline.startsWith('!') && [...this.#groups].every(([name, group]) => name === device || isFree(group));
      verdicts.set(outline, verdict);
    }
    return verdict;
  }

  #groupOf(device: string): Group {
    let group = this.#groups.get(device);
    if (group === undefined) {
      group = { outlines: new Set(), labels: new Set(), verdicts: new Map() };
      this.#groups.set(device, group);
    }
    return group;
  }
}

/** Keys that begin with two own ids differ, as do those with two devices; reads commute with reads, and adds with adds. */
function meets(label: Label, labels: ReadonlySet<Label>): boolean {
  const way = label[0];
  for (const other of way === 'w' ? 'rlw' : way === 'a' ? 'rl' : 'wa')
    for (const owner of label[1] === 'k' ? 'kid' : 'k') if (labels.has(other + owner + label.slice(2))) return true;
  return false;
}
