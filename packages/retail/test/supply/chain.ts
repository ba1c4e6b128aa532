/** A small chain of shops to test with: an office, a warehouse, a branch, a carrier and a manager, each with a device of its own that holds every scope. */
import { tallyVerbs } from '@tallystick/kernel/tally';
import { ledgerVerbs } from '@tallystick/ledger';
import type { OpHash } from '@tallystick/oplog';
import type { Role } from '@tallystick/sign';
import { type AnyBook, createScene, type Scene } from '../../../guards/test/scene.ts';
import { chart, retailVerbs } from '../../src/index.ts';
import { custodyOf, custodyOffer, transferNote } from '../../src/supply.ts';
import { day, product } from '../shop.ts';

export const verbs = [...ledgerVerbs, ...tallyVerbs, ...retailVerbs];
export const [office, warehouse, branch, carrier, manager] = [0, 1, 2, 3, 4] as const;
export const [depot, shop, other] = ['b/depot', 'b/042', 'b/043'] as const;
export const head = { day, currency: 'GBP' };

/** Devices of `hq`, so that each may write everywhere; `TEA` and `MUG` are in the catalogue, `VASE` may not go below zero. */
export async function openChain(...more: readonly Role[]): Promise<Scene> {
  const scene = await createScene(verbs, ['warehouse', 'till', 'carrier', 'manager', ...more]);
  for (const args of chart) await scene.must(office, 'account.open', args);
  for (const args of [product('MUG'), product('TEA', { unitScale: 3 }), product('VASE', { negativeStock: 'refuse' })])
    await scene.must(office, 'product.set', args);
  await scene.settle();
  return scene;
}

export const mugs = (quantity: number, rest: object = {}) => ({
  sku: 'MUG',
  name: 'Mug',
  quantity,
  unitCostMilliMinor: 200_000,
  ...rest,
});

/** The id of the op with this hash. */
export async function idOf(book: AnyBook, hash: OpHash): Promise<string> {
  return String((await book.log.get(hash))?.record.op.id);
}

/** Takes goods into the depot and dispatches them to the shop; answers the transfer. */
export async function dispatch(scene: Scene, lines: readonly object[], rest: object = {}): Promise<string> {
  const args = { ...head, to: shop, lines, ...rest };
  return idOf(scene.books[warehouse]!, await scene.must(warehouse, 'transfer.dispatch', args, depot));
}

/** What the shop counts in of a transfer, with what it learns from the note that came with the goods. */
export function receipt(book: AnyBook, transfer: string, received: readonly number[], rest: object = {}): object {
  const { lines, ...note } = transferNote(book, transfer) ?? { lines: [] };
  return { ...note, day, lines: lines.map((line, index) => ({ ...line, received: received[index] ?? 0 })), ...rest };
}

/** One change of hands, offered and accepted in a scope; answers the hash of the offer. */
export async function handOver(
  scene: Scene,
  transfer: string,
  { from, to, scope, took, gave }: { from: number; to: number; scope: string; took: number[]; gave: number[] },
): Promise<OpHash> {
  const book = scene.books[from]!;
  const after =
    custodyOf(book, transfer).findLast(({ isLinked }) => isLinked)?.answer ??
    String(transferNote(book, transfer)?.dispatch);
  const offer = await scene.must(
    from,
    'tally.offer',
    custodyOffer(transfer, scene.device(to), { after, took, gave }),
    scope,
  );
  await scene.settle();
  await scene.must(to, 'tally.accept', { offer }, scope);
  await scene.settle();
  return offer;
}

export function balances(book: AnyBook): Record<string, number> {
  const rows = book.query<{ account: string; n: number }>(
    'SELECT account, sum(amountMinor) AS n FROM balances GROUP BY account HAVING n <> 0 ORDER BY account',
  );
  return Object.fromEntries(rows.map(({ account, n }) => [account, n]));
}

export function stockIn(book: AnyBook, scope: string): Record<string, number> {
  const rows = book.query<{ sku: string; onHand: number }>(
    'SELECT sku, onHand FROM stock WHERE scope = ? ORDER BY sku',
    [scope],
  );
  return Object.fromEntries(rows.map(({ sku, onHand }) => [sku, onHand]));
}
