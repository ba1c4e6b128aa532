/**
 * Which relay gives a book its positions (docs/spec/sign.md, "Appointment"): an owner says it in `hq`, with how far each log reached before. Whoever follows
 * the book goes where the appointment in force says.
 */
import type { Json } from '@tallystick/oplog';
import { type AppointArgs, parseAppointArgs, replacesAppointment } from '@tallystick/sign';
import { schemaOf } from './builtin-tables.ts';
import { actTables, rankIn } from './overrule.ts';
import { type RegisterTable, registerTable, type SetTable, setTable } from './table.ts';
import { defineVerb, refuse, type Verb } from './verb.ts';

type Text = 'text';
type Int = 'integer';

/** The relay in force and the op that appointed it, with the size of `hq` that the op lists; one row named `book`. `address` may be ''. */
export const relayAppointments: RegisterTable<
  { of: Text },
  { epoch: Int; relay: Text; replaced: Text; address: Text; rank: Int; op: Text; hqSize: Int }
> = registerTable('relayAppointments', {
  key: { of: 'text' },
  columns: {
    epoch: 'integer',
    relay: 'text',
    replaced: 'text',
    address: 'text',
    rank: 'integer',
    op: 'text',
    hqSize: 'integer',
  },
});

/** With which ops the log of a scope begins at the relay that `op` appointed: so many, with this root. */
export const relayExtents: SetTable<{ op: Text; log: Text }, { size: Int; root: Text }> = setTable('relayExtents', {
  key: { op: 'text', log: 'text' },
  columns: { size: 'integer', root: 'text' },
});

const BOOK = { of: 'book' } as const;

export const relayAppoint: Verb<'relay.appoint', AppointArgs> = defineVerb({
  name: 'relay.appoint',
  version: 1,
  roles: ['owner'],
  tables: [relayAppointments, relayExtents, ...actTables],
  args: schemaOf<AppointArgs>(
    (value) => parseAppointArgs(value as Json).ok,
    '{ epoch, relay, from, logs: [at most 256 of { scope, size, root }, sorted], address? }',
  ),
  plan: (view, op, { epoch, relay, from, address = '', logs }) => {
    if (op.scope !== 'hq') return refuse('kernel/only-hq');
    const inForce = view.get(relayAppointments, BOOK);
    const rank = rankIn(view, op.device);
    const before = inForce && { epoch: inForce.epoch, rank: inForce.rank, hash: inForce.op };
    if (!replacesAppointment({ epoch, rank, hash: op.hash }, before))
      return refuse('kernel/epoch', { epoch: before?.epoch ?? 0 });
    const hqSize = logs.find(({ scope }) => scope === 'hq')?.size ?? 0;
    return [
      relayAppointments.write({ ...BOOK, epoch, relay, replaced: from, address, rank, op: op.hash, hqSize }),
      ...logs.map(({ scope, size, root }) => relayExtents.put({ op: op.hash, log: scope, size, root })),
    ];
  },
});
