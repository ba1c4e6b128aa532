/** A job that devices write notes about, with the guard of its single writer and without. */
import { defineVerb, type SetTable, setTable, type Verb } from '@tallystick/kernel';
import { z } from 'zod';
import { ownershipTables, ownershipVerbs, refuseUnlessOwner } from '../src/index.ts';

const notes: SetTable<{ id: 'text' }, { entity: 'text'; by: 'text' }> = setTable('notes', {
  key: { id: 'text' },
  columns: { entity: 'text', by: 'text' },
});

const note = (isGuarded: boolean): Verb =>
  defineVerb({
    name: 'job.note',
    version: 1,
    roles: ['owner', 'manager', 'till', 'van'],
    tables: [...ownershipTables, notes],
    args: z.strictObject({ entity: z.string().regex(/^[!-?A-~]*$/) }),
    plan: (view, op, { entity }: { entity: string }) =>
      (isGuarded ? refuseUnlessOwner(view, op, entity) : undefined) ?? [
        notes.put({ id: op.hash, entity, by: op.device }),
      ],
  }) as Verb;

export const jobVerbs: readonly Verb[] = [...ownershipVerbs, note(true)] as readonly Verb[];
/** The guard is off: anybody writes. */
export const unguardedJobVerbs: readonly Verb[] = [...ownershipVerbs, note(false)] as readonly Verb[];
