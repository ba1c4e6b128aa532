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

/** How ops begin to touch: one text, and one place for each label, for all that touched the same so far. */
export class Course {
  readonly outline: Outline;
  /** Where the keys of each label stand. */
  readonly places: ReadonlyMap<Label, number>;
  readonly #next = new Map<Label, Course>();
  readonly #start: Course;
  #size = 1;

  constructor(outline: Outline = '', places: ReadonlyMap<Label, number> = new Map(), start?: Course) {
    this.outline = outline;
    this.places = places;
    this.#start = start ?? this;
  }

  /** How many courses begin here, of one that is the start of all. */
  get size(): number {
    return this.#size;
  }

  /** Of those that touch this label next. */
  next(label: Label): Course {
    let next = this.#next.get(label);
    if (next === undefined) {
      const places = new Map([...this.places, [label, this.places.size]]);
      next = new Course(`${this.outline} ${label}`, places, this.#start);
      this.#next.set(label, next);
      this.#start.#size += 1;
    }
    return next;
  }
}

/** What one op touches, by label: keys that were read once each, for how often says nothing of the op, the others as often as they come. */
export class TouchRecorder {
  /** By the places of the course. */
  readonly keys: (readonly SqlValue[])[][] = [];
  /** By how much the op changes sums, added up whichever way they go. */
  moved = 0;
  /** Nothing may pass the op. */
  all = false;
  readonly #op: Pick<Op, 'id' | 'device'>;
  #course: Course;
  /** Of the keys that were read, with their labels, where a label has more than a few. */
  #texts: Set<string> | undefined;

  /** `start` is shared by ops whose outlines shall be. */
  constructor(op: Pick<Op, 'id' | 'device'>, start: Course = new Course()) {
    this.#op = op;
    this.#course = start;
  }

  get course(): Course {
    return this.#course;
  }

  note(way: Way, table: string, key: readonly SqlValue[]): void {
    const label = labelOf(way, table, key, this.#op);
    const place = this.#course.places.get(label);
    if (place === undefined) {
      this.#course = this.#course.next(label);
      this.keys.push([key]);
      return;
    }
    const keys = this.keys[place] as (readonly SqlValue[])[];
    if (!isRead(label) || this.#isNew(label, keys, key)) keys.push(key);
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
    const { outline } = this.#course;
    return this.all ? `!${outline}` : outline;
  }
}

export function labelOf(
  way: Way,
  table: string,
  [first]: readonly SqlValue[],
  { id, device }: Pick<Op, 'id' | 'device'>,
): Label {
  return way + (first === id ? 'i' : first === device ? 'd' : 'k') + table;
}

export function labelsOf(outline: Outline): Label[] {
  return outline.split(' ').slice(1);
}

export function isRead(label: Label): boolean {
  // The other letters are `a` and `w`.
  return label > 'b' && label < 's';
}
