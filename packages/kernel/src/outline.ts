/**
 * What an op touched, in outline: its tables, in which way, and whether their keys begin with the op's own id or device. Two ops whose outlines are apart
 * commute, whatever their keys; those that are not are compared by key (touch.ts). Thousands of ops share a few outlines.
 */
import type { Op } from '@tallystick/oplog';
import type { SqlValue } from './driver.ts';

/** Labels with a space before each, in the order in which they were touched first; before them `!` where nothing may pass the op. */
export type Outline = string;

/** How keys are touched: `r`ead, `l`isted by leading columns, `w`ritten, `a`dded to. */
export type Way = 'r' | 'l' | 'w' | 'a';

/** A way, a letter for what keys begin with (the op's own `i`d or `d`evice, or `k`eys of any kind), and the table. */
export type Label = string;

/** So many keys are looked through for one that is read again; of more, the texts are kept. */
const FEW = 16;

/** What one op touches, by label: keys that were read once each, for how often says nothing of the op, the others as often as they come. */
export class TouchRecorder {
  readonly keysByLabel: Map<Label, (readonly SqlValue[])[]> = new Map<Label, (readonly SqlValue[])[]>();
  /** By how much the op changes sums, added up whichever way they go. */
  moved = 0;
  /** Nothing may pass the op. */
  all = false;
  readonly #op: Pick<Op, 'id' | 'device'>;
  /** Of the keys that were read, with their labels, where a label has more than a few. */
  #texts: Set<string> | undefined;

  constructor(op: Pick<Op, 'id' | 'device'>) {
    this.#op = op;
  }

  note(way: Way, table: string, key: readonly SqlValue[]): void {
    const [first] = key;
    const label = way + (first === this.#op.id ? 'i' : first === this.#op.device ? 'd' : 'k') + table;
    const keys = this.keysByLabel.get(label);
    if (keys === undefined) this.keysByLabel.set(label, [key]);
    else if (!isRead(label) || this.#isNew(label, keys, key)) keys.push(key);
  }

  /** Whether it was not read before. */
  #isNew(label: Label, keys: readonly (readonly SqlValue[])[], key: readonly SqlValue[]): boolean {
    if (keys.length < FEW)
      return !keys.some((known) => known.length === key.length && known.every((value, at) => value === key[at]));
    const textOf = (one: readonly SqlValue[]): string => label + JSON.stringify(one);
    const texts = (this.#texts ??= new Set());
    if (keys.length === FEW) for (const known of keys) texts.add(textOf(known));
    const { size } = texts;
    return texts.add(textOf(key)).size > size;
  }

  get outline(): Outline {
    return [this.all ? '!' : '', ...this.keysByLabel.keys()].join(' ');
  }
}

export function labelsOf(outline: Outline): Label[] {
  return outline.split(' ').slice(1);
}

export function isRead(label: Label): boolean {
  // The other letters are `a` and `w`.
  return label > 'b' && label < 's';
}
