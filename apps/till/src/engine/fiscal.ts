// Fiscal numbers out of the blocks that the office leased to this till, of the series that was chosen for sales and for what comes back. Only blocks with
// numbers left, and a few that were used up before them, are looked at, so that a sale costs the same however many there were.
import type { FiscalNumber } from '@tallystick/retail';
import type { OpenShop } from './open-shop.ts';
import type { FiscalLeft, FiscalUse } from './standing.ts';

const blocksAtOnce = 8;
/** Above every id. */
const NEWEST = '~';

interface Block {
  readonly block: string;
  readonly series: string;
  readonly first: number;
  readonly last: number;
  readonly used: number;
  readonly newest: number;
  readonly [column: string]: string | number;
}

/** Every series that this till was leased numbers of, by name. */
function seriesOf({ book, record }: OpenShop): readonly string[] {
  const rows = book.query<{ readonly series: string }>(
    "SELECT DISTINCT series FROM fiscalBlocks WHERE scope = 'hq' AND device = ? AND drawnIn = ? ORDER BY series",
    [book.device, record.scope],
  );
  return rows.map(({ series }) => series);
}

/**
 * Blocks of a series that run, the oldest first: from the newest back until some in a row are used up. Numbers are taken of the oldest block first, so those
 * before them are used up too.
 */
function blocksOf(shop: OpenShop, series: string): readonly Block[] {
  const blocks: Block[] = [];
  let isMore = true;
  while (isMore) {
    const older = blocksBefore(shop, series, blocks[0]?.block ?? NEWEST);
    blocks.unshift(...older);
    isMore = older.length === blocksAtOnce && older.some(({ first, last, used }) => used <= last - first);
  }
  return blocks;
}

/** The newest few before one, the oldest first. */
function blocksBefore({ book, record }: OpenShop, series: string, before: string): readonly Block[] {
  return book.query<Block>(
    `SELECT * FROM (SELECT b.block, b.series, b.first, b.last,
        (SELECT count(*) FROM fiscalUses u WHERE u.scope = b.drawnIn AND u.series = b.series AND u.number BETWEEN b.first AND b.last) AS used,
        (SELECT coalesce(max(u.number), b.first - 1) FROM fiscalUses u
          WHERE u.scope = b.drawnIn AND u.series = b.series AND u.number BETWEEN b.first AND b.last) AS newest
       FROM fiscalBlocks b JOIN leases l ON l.scope = 'hq' AND l.lease = b.block AND l.state = 'granted'
      WHERE b.scope = 'hq' AND b.device = ? AND b.drawnIn = ? AND b.series = ? AND b.block < ?
        AND NOT EXISTS (SELECT 1 FROM leaseEnds e WHERE e.scope = b.drawnIn AND e.lease = b.block)
      ORDER BY b.block DESC LIMIT ${blocksAtOnce}) ORDER BY block`,
    [book.device, record.scope, series, before],
  );
}

function choiceName(use: FiscalUse): string {
  return `till/fiscal-series/${use}`;
}

/** The series that a person chose, or else the first by name. A series whose numbers are used up is not left for another unasked. */
function chosenSeries(shop: OpenShop, use: FiscalUse, all: readonly string[] = seriesOf(shop)): string | undefined {
  const chosen = shop.log.meta(choiceName(use)) ?? '';
  return all.includes(chosen) ? chosen : all[0];
}

/** What is numbered from now on; false for a series that this till has no numbers of. */
export async function chooseSeries(shop: OpenShop, use: FiscalUse, series: string): Promise<boolean> {
  if (!seriesOf(shop).includes(series)) return false;
  await shop.log.setMeta(choiceName(use), series);
  return true;
}

/** Undefined for a till that was never leased a block, or has none left: it sells without a number, and says so. */
export function nextFiscal(shop: OpenShop, use: FiscalUse): { readonly fiscal?: FiscalNumber } {
  const chosen = chosenSeries(shop, use);
  const block =
    chosen === undefined ? undefined : blocksOf(shop, chosen).find(({ first, last, used }) => used <= last - first);
  if (block === undefined) return {};
  const { series, last, newest } = block;
  const number = newest < last ? newest + 1 : gapIn(shop, block);
  return { fiscal: { series, number, block: block.block } };
}

/** A number below the last that a document was refused with, or that was passed over. */
function gapIn({ book, record }: OpenShop, { series, first, last }: Block): number {
  const rows = book.query<{ readonly number: number }>(
    'SELECT number FROM fiscalUses WHERE scope = ? AND series = ? AND number BETWEEN ? AND ?',
    [record.scope, series, first, last],
  );
  const used = new Set(rows.map((row) => row.number));
  let number = first;
  while (used.has(number)) number += 1;
  return number;
}

/** What is left for this till to number with; undefined where it numbers nothing. */
export function fiscalLeft(shop: OpenShop): FiscalLeft | undefined {
  const all = seriesOf(shop);
  const [sale, refund] = [chosenSeries(shop, 'sale', all), chosenSeries(shop, 'refund', all)];
  if (sale === undefined || refund === undefined) return undefined;
  const series = all.map((name) => ({ name, left: leftOf(shop, name) }));
  const left = Math.min(...series.filter(({ name }) => name === sale || name === refund).map((one) => one.left));
  return { left, series, sale, refund };
}

function leftOf(shop: OpenShop, series: string): number {
  return blocksOf(shop, series).reduce((sum, { first, last, used }) => sum + last - first + 1 - used, 0);
}

/** The number that a document carries, as it is printed: its series and number. */
export function fiscalOf(book: Pick<OpenShop['book'], 'query'>, scope: string, document: string): string {
  const [row] = book.query<{ readonly series: string; readonly number: number }>(
    'SELECT series, number FROM fiscalUses WHERE scope = ? AND document = ? LIMIT 1',
    [scope, document],
  );
  return row === undefined ? '' : `${row.series} ${row.number}`;
}
