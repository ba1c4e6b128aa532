/**
 * Which relay gives a book its positions (docs/spec/sign.md, "Appointment"): an owner says it in `hq`, with how far each log reached before. Whoever follows
 * the book goes where the appointment in force says.
 */
import type { Json } from '@tallystick/oplog';
import { type AppointArgs, parseAppointArgs, replacesAppointment } from '@tallystick/sign';
import { relayAppointments, relayExtents } from './act-tables.ts';
import type { ActCode } from './acts.ts';
import { rankIn } from './overrule.ts';
import { refuse } from './verb.ts';

const BOOK = { of: 'book' } as const;

export const relayAppoint: ActCode<AppointArgs> = {
  wanted: '{ epoch, relay, from, logs: [at most 256 of { scope, size, root }, sorted], address? }',
  accepts: (value) => parseAppointArgs(value as Json).ok,
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
};
