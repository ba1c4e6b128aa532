/** Bugs that can be planted in a simulated fleet, to see that it sees them: for each invariant that is held at its end there is one that breaks it. */
import { defineVerb, type Effect, type ImagePlace, refuse, setTable, sumTable, type Verb } from '@tallystick/kernel';
import { createMemoryRelayStore, type RelayStore } from '@tallystick/relay-protocol';
import { stock } from '@tallystick/retail';

/** What is wrong, in words. */
export const plants = {
  'relay-drops': 'the relay says yes to the third batch and throws it away',
  'relay-renumbers': 'asked again, the relay signs for another place than the op has',
  'relay-shuffles': 'the relay shows the ops in another order than it signed for',
  'verb-remembers': 'a verb counts how often it ran',
  'verb-miscounts': 'a verb moves stock without a document, on every device alike',
  'disk-forgets': 'a disk says that it flushed and did not',
  'rows-edited': 'somebody edits a row beside the log',
  'key-copied': 'somebody writes with the key of a member, and nobody knows',
  'shard-altered': 'a snapshot is damaged where it is kept',
  'archive-lost': 'an archive is gone after it was verified',
} as const;
export type Plant = keyof typeof plants;

/** Where the relay of the simulation keeps its logs. */
export function plantedRelayStore(plant: Plant | undefined): RelayStore {
  const store = createMemoryRelayStore();
  let batches = 0;
  switch (plant) {
    case 'relay-drops':
      return { ...store, append: (batch) => (++batches === 3 ? undefined : store.append(batch)) };
    case 'relay-renumbers':
      return {
        ...store,
        find: async (book, scope, hashes) => {
          const found = await store.find(book, scope, hashes);
          return new Map([...found].map(([hash, placed]) => [hash, { ...placed, position: placed.position + 1 }]));
        },
      };
    case 'relay-shuffles':
      return { ...store, records: async (...asked) => (await store.records(...asked)).toReversed() };
    default:
      return store;
  }
}

const notes = sumTable('notes', { key: { shelf: 'integer' }, sums: ['count'] });
const labels = setTable('labels', { key: { label: 'text' }, columns: { shelf: 'integer' } });
const shelves = sumTable('shelves', { key: { device: 'text', shelf: 'integer' }, sums: ['notes'] });

/** No shelf is beyond this one. */
export const lastShelf = 2;

export interface Note {
  readonly shelf: number;
  /** Whoever names a label first has it. */
  readonly label?: string;
}

/** A verb of which the newer release has another version, with a table of its own. */
export function noteVerbs(plant: Plant | undefined): readonly [Verb, Verb] {
  let remembered = 0;
  const args: Verb['args'] = {
    '~standard': { version: 1, vendor: 'testkit', validate: (value) => ({ value }) },
    publicTexts: { label: 'made by the simulation' },
  };
  const shape = { name: 'shelf.note', roles: ['owner', 'manager', 'till'], args } as const;
  const one = defineVerb({
    ...shape,
    version: 1,
    tables: [notes, labels, stock],
    plan: (_view, _op, asked) => {
      if (plant === 'verb-remembers') remembered += 1;
      const { shelf, label } = asked as Note;
      if (shelf > lastShelf) return refuse('shelf/none', { shelf });
      const noted: Effect[] = [notes.add({ shelf }, { count: 1 + remembered })];
      if (label !== undefined) noted.push(labels.put({ label, shelf }));
      if (plant === 'verb-miscounts') noted.push(stock.add({ sku: 'SKU-001' }, { onHand: 1 }));
      return noted;
    },
  });
  const two = defineVerb({
    ...shape,
    version: 2,
    tables: [notes, shelves],
    plan: (_view, { device }, asked) => {
      const { shelf } = asked as Note;
      if (shelf > lastShelf) return refuse('shelf/none', { shelf });
      return [notes.add({ shelf }, { count: 100 }), shelves.add({ device, shelf }, { notes: 1 })];
    },
  });
  return [one, two];
}

/** Whether a file is an archive, and not of a snapshot: those are named by a digest, or in one word. */
export function isArchive(name: string): boolean {
  return /-[0-9]+-[0-9]+$/.test(name);
}

/** A place for archives and snapshots. */
export function plantedPlace(place: ImagePlace, plant: Plant | undefined): ImagePlace {
  const reads = new Map<string, number>();
  return {
    ...place,
    async load(name) {
      const bytes = await place.load(name);
      const read = (reads.get(name) ?? 0) + 1;
      reads.set(name, read);
      const isShard = /^[0-9a-f]{64}$/.test(name);
      if (plant === 'shard-altered' && isShard) return bytes?.map((byte, at) => (at === 40 ? byte ^ 1 : byte));
      return plant === 'archive-lost' && isArchive(name) && read > 1 ? undefined : bytes;
    },
  };
}
