/**
 * Who may change a thing: one device at a time. A thing is dispatched once, only its owner changes it, and it changes hands by ops alone. An owner
 * that has offered it has let go: it changes nothing until the offer is answered or cancelled. So in its own chain nothing follows the offer, and
 * nothing of the next owner precedes the answer: no order of arrival gives a thing two owners.
 */
import {
  type Effect,
  type OpFacts,
  type RegisterTable,
  refuse,
  type Refusal,
  registerTable,
  type RowOf,
  type View,
} from '@tallystick/kernel';
import { refuseUnlessDevice } from './author.ts';

type Text = 'text';

/** The owner of each thing, since the op `since`. `offer` is the op by which it offered the thing to the device `offeredTo`, both '' otherwise. */
export const owners: RegisterTable<{ entity: Text }, { owner: Text; since: Text; offer: Text; offeredTo: Text }> =
  registerTable('owners', {
    key: { entity: 'text' },
    columns: { owner: 'text', since: 'text', offer: 'text', offeredTo: 'text' },
  });

/** What a verb that asks or changes who owns a thing must list among its tables. */
export const ownershipTables: readonly [typeof owners] = [owners];

export type Ownership = RowOf<(typeof owners)['key'] & (typeof owners)['columns']>;

export function ownership(view: View, entity: string): Ownership | undefined {
  return view.get(owners, { entity });
}

/** The device that owns the thing here; undefined where nobody does. */
export function ownerOf(view: View, entity: string): string | undefined {
  return ownership(view, entity)?.owner;
}

/**
 * Single writer: `guards/unowned`, `guards/not-owner` or, where the author has offered the thing, `guards/offered`. An edit that meets a handoff
 * which came before it is refused so, and stands in `refusals` with the owner of its place.
 */
export function refuseUnlessOwner(view: View, op: OpFacts, entity: string): Refusal | undefined {
  const row = ownership(view, entity);
  return row === undefined ? refuse('guards/unowned', { entity }) : refuseUnlessHeld(row, op);
}

/** `guards/not-owner` or `guards/offered`, of a thing that somebody owns. */
export function refuseUnlessHeld(
  { entity, owner, offer, offeredTo }: Ownership,
  { device }: OpFacts,
): Refusal | undefined {
  if (owner !== device) return refuse('guards/not-owner', { entity, owner });
  return offer === '' ? undefined : refuse('guards/offered', { entity, to: offeredTo });
}

/** Exclusive dispatch: gives a thing that nobody owns to one device. The first in order counts; later ones are refused as `guards/dispatched`. */
export function dispatch(view: View, op: OpFacts, entity: string, to: string): readonly Effect[] | Refusal {
  const row = ownership(view, entity);
  if (row !== undefined) return refuse('guards/dispatched', { entity, owner: row.owner });
  return refuseUnlessDevice(view, to) ?? [owners.write(ownedBy(entity, to, op))];
}

export function ownedBy(entity: string, owner: string, { hash }: OpFacts): Ownership {
  return { entity, owner, since: hash, offer: '', offeredTo: '' };
}
