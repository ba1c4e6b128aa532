// In which epoch a relay gives a book its positions, and whether another one does by now (docs/spec/relay.md, "Epochs"): what the appointments in the book's own
// log come to for the relay that keeps it.
import { encodeVerifierKey, type Hasher, type NoteKey } from '@tallystick/chain';
import type { BookId } from '@tallystick/oplog';
import type { Appointment, Roster } from '@tallystick/sign/roster';
import { RelayError } from './errors.ts';
import type { Rosters } from './rosters.ts';

export interface Tenure {
  /** Of the notes that it signs; 0 where it was never appointed. */
  readonly epoch: number;
  /** The appointment that gave it the epoch. */
  readonly appointment?: Appointment;
  /** What took the book from it. It gives no positions any more. */
  readonly successor?: Appointment;
}

const first: Tenure = { epoch: 0 };

/** A relay that is filled before it is appointed has no epoch yet, and no successor: it was never the one that is replaced. */
export function tenureOf({ appointments }: Pick<Roster, 'appointments'>, vkey: string): Tenure {
  const inForce = appointments.at(-1);
  if (inForce === undefined) return first;
  if (inForce.relay === vkey) return { epoch: inForce.epoch, appointment: inForce };
  const appointment = appointments.findLast(({ relay }) => relay === vkey);
  const wasHome = appointment !== undefined || appointments.some(({ from }) => from === vkey);
  const own = appointment === undefined ? first : { epoch: appointment.epoch, appointment };
  return wasHome ? { ...own, successor: inForce } : own;
}

export interface Tenures {
  of(book: BookId): Promise<Tenure>;
  /** Throws `relay/retired` where another relay gives the book its positions. */
  require(book: BookId): Promise<void>;
}

export function createTenures(rosters: Rosters, signer: NoteKey, hasher: Hasher): Tenures {
  const vkey = encodeVerifierKey(signer, hasher);
  const of = async (book: BookId): Promise<Tenure> => tenureOf(await rosters.of(book), vkey);
  return {
    of,
    async require(book) {
      const { successor } = await of(book);
      if (successor === undefined) return;
      const { epoch, relay, address } = successor;
      const message = `the book appointed ${relay} in epoch ${epoch}`;
      throw new RelayError('relay/retired', message, {
        details: { epoch, relay, ...(address === undefined ? {} : { address }) },
      });
    },
  };
}
