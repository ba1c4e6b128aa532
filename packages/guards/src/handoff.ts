/** Exclusive dispatch and ordered handoff as verbs: two ops, of which each side writes one, or one op of whoever decides. */
import { defineVerb, refuse, type Verb } from '@tallystick/kernel';
import { actors, deciders, refuseUnlessDevice, refuseUnlessRole } from './author.ts';
import { dispatch, ownedBy, ownership, ownershipTables, owners, refuseUnlessHeld } from './ownership.ts';
import { handoffAcceptArgs, handoffCancelArgs, handoffMoveArgs, handoffOfferArgs, workDispatchArgs } from './schema.ts';

export interface WorkDispatchArgs {
  /** What the business calls the thing: its id. */
  readonly entity: string;
  /** The device that is to have it. */
  readonly to: string;
}
export interface HandoffOfferArgs {
  readonly entity: string;
  readonly to: string;
}
export interface HandoffAcceptArgs {
  readonly entity: string;
  /** Hash of the offer. */
  readonly offer: string;
}
export interface HandoffCancelArgs {
  readonly entity: string;
  readonly offer: string;
}
export interface HandoffMoveArgs {
  readonly entity: string;
  readonly to: string;
  /** What people should know, in their words. */
  readonly reason: string;
}

/** Gives a thing that nobody owns to a device; without the role of an owner or manager, to oneself only. */
export const workDispatch: Verb<'work.dispatch', WorkDispatchArgs> = defineVerb({
  name: 'work.dispatch',
  version: 1,
  roles: actors,
  tables: ownershipTables,
  args: workDispatchArgs,
  plan: (view, op, { entity, to }) =>
    (to === op.device ? undefined : refuseUnlessRole(view, deciders)) ?? dispatch(view, op, entity, to),
});

/** The owner lets go: it changes the thing no more, unless the offer is cancelled. */
export const handoffOffer: Verb<'handoff.offer', HandoffOfferArgs> = defineVerb({
  name: 'handoff.offer',
  version: 1,
  roles: actors,
  tables: ownershipTables,
  args: handoffOfferArgs,
  plan: (view, op, { entity, to }) => {
    const row = ownership(view, entity);
    if (row === undefined) return refuse('guards/unowned', { entity });
    if (to === op.device) return refuse('guards/own-offer', { entity });
    const offered = { ...row, offer: op.hash, offeredTo: to };
    return refuseUnlessHeld(row, op) ?? refuseUnlessDevice(view, to) ?? [owners.write(offered)];
  },
});

/** The device that the offer names takes the thing. */
export const handoffAccept: Verb<'handoff.accept', HandoffAcceptArgs> = defineVerb({
  name: 'handoff.accept',
  version: 1,
  roles: actors,
  tables: ownershipTables,
  args: handoffAcceptArgs,
  plan: (view, op, { entity, offer }) => {
    const row = ownership(view, entity);
    if (row === undefined || row.offer !== offer) return refuse('guards/no-offer', { entity });
    if (row.offeredTo !== op.device) return refuse('guards/not-addressed', { entity, to: row.offeredTo });
    return [owners.write(ownedBy(entity, op.device, op))];
  },
});

/** The offer is declined, or withdrawn: by either side, or by an owner or manager. */
export const handoffCancel: Verb<'handoff.cancel', HandoffCancelArgs> = defineVerb({
  name: 'handoff.cancel',
  version: 1,
  roles: actors,
  tables: ownershipTables,
  args: handoffCancelArgs,
  plan: (view, op, { entity, offer }) => {
    const row = ownership(view, entity);
    if (row === undefined || row.offer !== offer) return refuse('guards/no-offer', { entity });
    const isTheirs = row.owner === op.device || row.offeredTo === op.device;
    return (
      (isTheirs ? undefined : refuseUnlessRole(view, deciders)) ?? [owners.write({ ...row, offer: '', offeredTo: '' })]
    );
  },
});

/** One op, for a device that is lost or that does not answer. What it did to the thing and comes in later is refused, and people see it. */
export const handoffMove: Verb<'handoff.move', HandoffMoveArgs> = defineVerb({
  name: 'handoff.move',
  version: 1,
  roles: deciders,
  tables: ownershipTables,
  args: handoffMoveArgs,
  plan: (view, op, { entity, to }) => {
    if (ownership(view, entity) === undefined) return refuse('guards/unowned', { entity });
    return refuseUnlessDevice(view, to) ?? [owners.write(ownedBy(entity, to, op))];
  },
});

/** What a book passes to `openBook` beside the verbs of its domain. */
export const ownershipVerbs: readonly [
  typeof workDispatch,
  typeof handoffOffer,
  typeof handoffAccept,
  typeof handoffCancel,
  typeof handoffMove,
] = [workDispatch, handoffOffer, handoffAccept, handoffCancel, handoffMove];
