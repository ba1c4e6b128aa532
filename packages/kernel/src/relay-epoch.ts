/** In which epoch a book is, and where (docs/spec/relay.md, "Epochs"): what its status says without any check of notes, which loads later. */
import type { LogStore } from '@tallystick/oplog';
import { relayAppointments } from './act-tables.ts';
import { HQ } from './genesis.ts';
import type { Replica } from './replica.ts';

export const META_RELAY = 'relay';
export const META_EPOCH = 'relay-epoch';

/** A relay's C2SP verifier key and an epoch. */
export interface RelayEpoch {
  readonly vkey: string;
  readonly epoch: number;
}

/** What an appointment in force says. `address` may be ''. */
export interface AppointedRelay extends RelayEpoch {
  readonly address: string;
  readonly op: string;
}

/** Of the relay that is pinned; 0 for the one that the book began with, and where there is none. */
export function pinnedEpoch(log: LogStore): number {
  return Number(log.meta(META_EPOCH) ?? 0);
}

export function appointedRelay({ sql }: Replica): AppointedRelay | undefined {
  const [row] = sql.query(
    `SELECT epoch, relay, address, op FROM "${relayAppointments.name}" WHERE scope = ? AND "of" = ?`,
    [HQ, 'book'],
  );
  if (row === undefined) return undefined;
  return {
    epoch: Number(row['epoch']),
    vkey: String(row['relay']),
    address: String(row['address']),
    op: String(row['op']),
  };
}
