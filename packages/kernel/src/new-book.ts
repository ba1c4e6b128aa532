/** The first two ops of a book: the root opens it and enrols the device that runs this program. Comes with the acts, which both are. */
import { createIdMint, encodeHex, type JsonObject, type Op, type OpRecord, type VerbRef } from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { signOp } from '@tallystick/sign/device';
import type { Edge } from './author.ts';
import { bookIdOf, HQ } from './genesis.ts';
import type { Replica } from './replica.ts';

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
    verb: verb as VerbRef,
  });
  const opening = write('book.open@1', 1, {
    key: encodeHex(root.publicKey),
    name,
    ...(release === '' ? {} : { release }),
    tables,
    verbs: [...new Set(options.verbs)].sort(),
  });
  const genesis = await signOp(opening, root, undefined, hasher);
  const book = bookIdOf(genesis);
  const enrolling = write(
    'device.enroll@1',
    2,
    { device: device.device, key: encodeHex(device.publicKey), name: deviceName, role: 'owner' },
    genesis,
  );
  const enrolment = await signOp(enrolling, root, book, hasher);
  await replica.log.append([genesis, enrolment]);
  await replica.bind(book);
  await replica.exclusive(() => replica.inSteps(() => replica.catchUp()));
}
