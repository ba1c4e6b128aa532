/** Forgetting one person over a hundred replicas in one pass, after few sales and after many: what it costs must not grow with the log. */
import { createMemoryBlobs, createMemoryKeyring, createReaderIdentity, type SubjectId } from '@tallystick/erasure';
import { type Book, type OpPlace, openBook } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { readErasure, SubjectDesk, subjectVerbs } from '@tallystick/kernel/subjects';
import { encodeHex } from '@tallystick/oplog';
import type { RelayClient } from '@tallystick/relay-protocol';
import {
  createClock,
  createDice,
  createEdge,
  createLocalRelay,
  createSeededKeys,
  shopVerbs,
} from '@tallystick/testkit';
import { anySale, openingRequests } from '../sales.ts';
import { type Case, full, mustBe, type Suite, timed } from '../suite.ts';

const verbs = [...shopVerbs, ...subjectVerbs] as const;
type ErasureBook = Book<typeof verbs>;
const day = '2026-11-21';

interface Replica {
  readonly book: ErasureBook;
  readonly desk: SubjectDesk;
}

interface Fleet {
  readonly sales: number;
  readonly replicas: readonly Replica[];
  readonly client: RelayClient;
  close(): Promise<void>;
}

export const erasure: Suite = {
  name: 'erasure',
  summary: 'one person forgotten by a hundred replicas in one pass, after few sales and after many',
  async prepare(size) {
    const count = size.ops < full.ops ? 10 : 100;
    const fleets = [await openFleet(count, size.ops / 50), await openFleet(count, size.ops / 5)];
    return {
      cases: fleets.map((fleet, at) => caseOf(`erasure-${at === 0 ? '200' : '2k'}`, fleet)),
      close: async () => {
        for (const fleet of fleets) await fleet.close();
      },
    };
  },
};

async function openFleet(count: number, sales: number): Promise<Fleet> {
  const relay = await createLocalRelay({ crypto: nodeCrypto });
  const clock = createClock();
  const blobs = createMemoryBlobs();
  const open = async (index: number, book?: ErasureBook['id']): Promise<ErasureBook> => {
    const edge = createEdge(clock, { seed: index + 1 });
    const now = (): number => {
      clock.advance(20);
      return edge.now();
    };
    const joins = book === undefined ? {} : { book };
    const keys = createSeededKeys(`replica ${index}`, nodeCrypto);
    return openBook({
      store: nodeStore(':memory:'),
      verbs,
      keys,
      edge: { random: edge.random, now },
      relayKey: relay.vkey,
      ...joins,
    });
  };
  const office = await open(0);
  for (let index = 1; index < count; index++) {
    const { device, publicKey } = await createSeededKeys(`replica ${index}`, nodeCrypto).create('device');
    const args = { device, key: encodeHex(publicKey), name: `r-${index}`, role: 'manager' } as const;
    mustBe('a device that was enrolled', (await office.commit('device.enroll', args)).ok, true);
  }
  await trade(office, sales);
  const file = await office.export();
  const replicas: Replica[] = [];
  for (let index = 0; index < count; index++) {
    const book = index === 0 ? office : await open(index, office.id);
    if (book !== office) {
      await book.import(file);
      await book.anchor();
    }
    const [keyring, reader] = [createMemoryKeyring(), await createReaderIdentity()];
    const desk = new SubjectDesk({ book, keyring, reader, blobs: [blobs], day: () => day });
    // Two of them read: what a shred costs is the same on all.
    if (index < 2) await desk.offer();
    replicas.push({ book, desk });
  }
  const fleet = { sales, replicas, client: relay.client() };
  await pass(fleet);
  await pass(fleet);
  return {
    ...fleet,
    close: async () => {
      for (const { book } of replicas) await book.close();
      await relay.close();
    },
  };
}

async function trade(book: ErasureBook, sales: number): Promise<void> {
  const dice = createDice(1);
  const requests = [...openingRequests(), ...Array.from({ length: sales }, () => anySale(dice))];
  for (let from = 0; from < requests.length; from += 100) {
    const made = await book.commitAll(requests.slice(from, from + 100));
    mustBe('ops of the shop that were refused', made.filter(({ ok }) => !ok).length, 0);
  }
}

/** Everybody meets the relay once, the office first and last. */
async function pass({ replicas, client }: Pick<Fleet, 'replicas' | 'client'>): Promise<void> {
  const [office] = replicas;
  for (const { book, desk } of replicas) {
    await desk.during(() => book.sync(client));
    // What it acknowledged goes out with the same contact.
    await book.sync(client);
  }
  await office?.book.sync(client);
}

async function describeOne({ replicas }: Fleet): Promise<SubjectId> {
  const [{ book, desk }] = replicas as [Replica];
  const sealer = await desk.open('customer');
  if (!('seal' in sealer)) throw new Error(sealer.code);
  const args = (place: OpPlace) => ({
    customer: 'C-1',
    subject: sealer.subject,
    name: sealer.seal(place, 'name', 'Anna Nowak'),
  });
  mustBe('a person who was described', (await book.commit('person.describe', args)).ok, true);
  return sealer.subject;
}

function caseOf(name: string, fleet: Fleet): Case {
  const [office] = fleet.replicas as [Replica];
  const erase = async (): Promise<{ ms: number; cpuMs: number; ops: number }> => {
    const subject = await describeOne(fleet);
    await pass(fleet);
    const before = office.book.log.tip('hq' as never).size;
    const { ms, cpuMs } = await timed(async () => {
      mustBe('a shred', (await office.book.commit('subject.shred', { subject, basis: 'request', day })).ok, true);
      await office.book.sync(fleet.client);
      await pass(fleet);
    });
    const standing = await readErasure(office.book, subject);
    mustBe('devices that acknowledged', standing?.acknowledged.length, fleet.replicas.length);
    mustBe('devices that did not', standing?.outstanding.length, 0);
    return { ms, cpuMs, ops: office.book.log.tip('hq' as never).size - before };
  };
  return {
    figures: [
      { name, unit: 'ms' },
      { name: `${name}-cpu`, unit: 'ms' },
    ],
    run: async () => {
      const { ms, cpuMs } = await erase();
      return [ms, cpuMs];
    },
    count: async () => ({ replicas: fleet.replicas.length, sales: fleet.sales, ops: (await erase()).ops }),
  };
}
