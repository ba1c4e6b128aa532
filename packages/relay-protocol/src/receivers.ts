// Bodies that are half read. Whoever announces one and sends nothing, or next to nothing, costs a place that another can take over.
import { RelayError } from './errors.ts';

/** How much a body has to grow to count as one that goes on. */
const stepBytes = 16 << 10;

/** A body on its way in. */
export interface Receiver {
  /** How many bytes have come; throws `relay/busy` once it was given up, and where there is no room for them. */
  grown(bytes: number): void;
  readonly onGivenUp: OnGivenUp;
}

/** Takes what is called when a body is given up, once: what was read of it is to be let go. One call; an `AbortSignal` costs more than the body of most pushes. */
export type OnGivenUp = (letGo: (error: RelayError) => void) => void;

/** Room that a body takes while it comes. */
export interface Room {
  /** Whether it has room for so many bytes now. */
  hold(bytes: number): boolean;
}

export interface Receivers {
  /**
   * Runs `read`, which is given up with `relay/busy` where others need its place or its bytes and it is the one that has not gone on for longest.
   */
  receive<T>(room: Room, read: (receiver: Receiver) => Promise<T>): Promise<T>;
}

interface Receiving {
  room: Room;
  bytes: number;
  steps: number;
  giveUp: (error: RelayError) => void;
}

const noRoom: Room = { hold: () => false };
const nobody = (): void => undefined;

export function createReceivers(count: number): Receivers {
  /** Whoever has not gone on for longest is first. */
  const all = new Set<Receiving>();

  function drop(one: Receiving): void {
    all.delete(one);
    one.room.hold(0);
    one.giveUp(new RelayError('relay/busy', 'the body came slower than those of others who wait'));
  }

  /** Makes room for the bytes of `one` at the cost of others that have sent something. */
  function hold(one: Receiving, bytes: number): void {
    let hasRoom = one.room.hold(bytes);
    for (const other of all) {
      if (hasRoom) break;
      if (other === one || other.bytes === 0) continue;
      drop(other);
      hasRoom = one.room.hold(bytes);
    }
    if (!hasRoom) throw new RelayError('relay/busy', 'too many bytes are under way');
  }

  function grow(one: Receiving, bytes: number): void {
    if (!all.has(one)) throw new RelayError('relay/busy', 'the body was given up');
    hold(one, bytes);
    one.bytes = bytes;
    const steps = Math.floor(bytes / stepBytes);
    if (steps === one.steps) return;
    one.steps = steps;
    all.delete(one);
    all.add(one);
  }

  return {
    async receive(room, read) {
      const [first] = all;
      if (all.size >= count && first !== undefined) drop(first);
      let one: Receiving | undefined;
      try {
        return await new Promise((resolve, reject) => {
          let letGo: (error: RelayError) => void = () => undefined;
          const giveUp = (error: RelayError): void => {
            reject(error);
            letGo(error);
          };
          const receiving = { room, bytes: 0, steps: 0, giveUp };
          one = receiving;
          all.add(receiving);
          const onGivenUp: OnGivenUp = (listen) => void (letGo = listen);
          read({ grown: (bytes) => grow(receiving, bytes), onGivenUp }).then(resolve, reject);
        });
      } finally {
        if (one !== undefined) {
          all.delete(one);
          // A set leaves what it had in tables that it has outgrown, and an old one of those keeps all later ones: they must not keep a request each.
          one.room = noRoom;
          one.giveUp = nobody;
        }
      }
    },
  };
}
