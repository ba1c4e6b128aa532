/** Where tests keep archives, and a fleet of two with something in its log to archive. */
import type { ImagePlace } from '@tallystick/kernel';
import { createFleet, type Fleet, type ShopBook } from './fleet.ts';
import { stores } from './shop.ts';

export interface Place extends ImagePlace {
  readonly files: Map<string, Uint8Array>;
}

export function memoryPlace(spoil: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes): Place {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    load: (name) => {
      const bytes = files.get(name);
      return bytes && spoil(bytes);
    },
    save: (name, parts) => void files.set(name, new Uint8Array(Buffer.concat(parts))),
  };
}

export async function traded(
  makeStore = stores['better-sqlite3'],
): Promise<Fleet & { office: ShopBook; till: ShopBook }> {
  const fleet = await createFleet(2, makeStore);
  const [office, till] = fleet.books as [ShopBook, ShopBook];
  for (let index = 0; index < 8; index++) await till.commit('stock.move', { sku: `sku-${index % 3}`, quantity: 2 });
  await office.commit('price.set', { sku: 'sku-0', priceMinor: 5 });
  await settle(fleet);
  return { ...fleet, office, till };
}

export async function settle({ books, relay }: Fleet): Promise<void> {
  for (const book of [...books, ...books]) await book.sync(relay);
}
