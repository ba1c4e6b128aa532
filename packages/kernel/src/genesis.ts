/** The first two ops of a book: the root opens it and enrols the device that runs this program. */
import {
  type BookId,
  createIdMint,
  encodeHex,
  type JsonObject,
  type LogStore,
  type Op,
  type OpRecord,
  parseVerbRef,
  type Scope,
  type VerbRef,
} from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { signOp } from '@tallystick/sign/device';
import type { Edge } from './author.ts';
import { bookOpen, deviceEnroll } from './builtin.ts';
import type { Replica } from './replica.ts';

/** The scope of people, devices, catalogue and rules; in a small shop of everything. */
export const HQ: Scope = 'hq' as Scope;

export interface GenesisOptions {
  readonly root: DeviceKey;
  readonly device: DeviceKey;
  readonly edge: Edge;
  readonly name: string;
  readonly deviceName: string;
  readonly verbs: readonly string[];
  /** Shapes by name. */
  readonly tables: Readonly<Record<string, string>>;
  /** Of this program; '' when it has no name. */
  readonly release: string;
}

/** Opens a new book in an empty replica. The records are stored before the book is bound, so a crash in between can be told and mended. */
export async function openGenesis(replica: Replica, options: GenesisOptions): Promise<void> {
  const { root, device, edge, name, deviceName, tables, release } = options;
  const { hasher } = replica.crypto;
  const mint = createIdMint({ now: () => edge.now(), random: (count) => edge.random(count) });
  const write = (verb: string, seq: number, args: JsonObject, prev?: OpRecord): Op => ({
    args,
    at: edge.now(),
    device: root.device,
    id: mint.mint(),
    ...(prev === undefined ? {} : { prev: prev.hash }),
    scope: HQ,
    seq,
    verb: parseVerbRef(verb) as VerbRef,
  });
  const opening = write(bookOpen.ref, 1, {
    key: encodeHex(root.publicKey),
    name,
    ...(release === '' ? {} : { release }),
    tables,
    verbs: [...new Set(options.verbs)].sort(),
  });
  const genesis = await signOp(opening, root, undefined, hasher);
  const book = bookIdOf(genesis);
  const enrolling = write(
    deviceEnroll.ref,
    2,
    { device: device.device, key: encodeHex(device.publicKey), name: deviceName, role: 'owner' },
    genesis,
  );
  const enrolment = await signOp(enrolling, root, book, hasher);
  await replica.log.append([genesis, enrolment]);
  await replica.bind(book);
  await replica.exclusive(() => replica.transaction(() => replica.catchUp()));
}

/** The book whose opening was stored but not bound when the process died, if any. */
export async function recoverBookId(log: LogStore): Promise<BookId | undefined> {
  if (log.base(HQ).size > 0) return undefined;
  const first =
    (await log.settled(HQ, 0, 1))[0] ?? (await log.pending(HQ)).find((record) => record.op.prev === undefined);
  return first === undefined ? undefined : bookIdOf(first);
}

/** A book's id is the hash of its genesis op. */
function bookIdOf(genesis: OpRecord): BookId {
  return genesis.hash as string as BookId;
}
