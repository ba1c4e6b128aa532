/**
 * Identity: a thing is what its id says, and an id is minted where the thing is made. So references are ids that lead to a row; the same content
 * twice is two things, the same id twice the kernel refuses (`kernel/duplicate-id`).
 */
import {
  type Columns,
  type RegisterTable,
  refuse,
  type Refusal,
  type RowOf,
  type SetTable,
  type View,
} from '@tallystick/kernel';

/** `guards/unknown-reference` unless there is such a row in this scope. */
export function refuseUnlessThere<K extends Columns, C extends Columns>(
  view: View,
  table: RegisterTable<K, C> | SetTable<K, C>,
  key: RowOf<K>,
): Refusal | undefined {
  return view.get(table, key) === undefined
    ? refuse('guards/unknown-reference', { table: table.name, ...key })
    : undefined;
}
