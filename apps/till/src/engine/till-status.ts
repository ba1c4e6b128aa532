// What "This till" tells of the log, and of the entries that have no effect or another than was meant. It comes when it is first asked for.
import { type JsonObject, parseOpHash } from '@tallystick/oplog';
import { correctionList } from '@tallystick/retail/corrections';
import type { OpenShop } from './open-shop.ts';
import { countCorrections } from './own-corrections.ts';
import type { CorrectedEntry, TillStatus } from './standing.ts';

export function statusOf(shop: OpenShop, logBytes: number, most: number): TillStatus {
  const { role, scopes } = shop.book.status();
  return {
    logBytes,
    scopes: scopes.map(({ scope, settled, pending }) => ({ scope, size: settled, pending })),
    role,
    refusals: ownRefusals(shop),
    corrections: countCorrections(shop).count === 0 ? [] : ownCorrections(shop, most),
    asides: shop.log.asides().length,
  };
}

interface RefusalRow {
  readonly hash: string;
  readonly code: string;
  readonly details: string;
  readonly verb: string;
  readonly number: string;
  readonly [column: string]: string;
}

/** The newest entries without effect, each with what the op itself says of its time and money: the projections do not have it. */
function ownRefusals({ book, log }: OpenShop): TillStatus['refusals'] {
  const rows = book.query<RefusalRow>(
    `SELECT r.hash, r.code, r.details, r.verb, coalesce(d.number, '') AS number FROM refusals r
     LEFT JOIN refusedDocuments d ON d.scope = r.scope AND d.id = r.id WHERE r.device = ? ORDER BY r.id DESC LIMIT 50`,
    [book.device],
  );
  return rows.map(({ hash, code, details, verb, number }) => {
    const parsed = parseOpHash(hash);
    const op = parsed === undefined ? undefined : log.get(parsed)?.record.op;
    return { verb, number, code, details, at: op?.at, paidMinor: op === undefined ? undefined : paidMinor(op.args) };
  });
}

function paidMinor({ tenders, changeMinor }: JsonObject): number | undefined {
  if (!Array.isArray(tenders)) return undefined;
  const amounts = (tenders as readonly { readonly amountMinor?: unknown }[]).map(({ amountMinor }) => amountMinor);
  return amounts.reduce<number>((sum, amount) => sum + Number(amount), 0) - Number(changeMinor ?? 0);
}

/** The newest, no more than `most`. */
export function ownCorrections({ book }: Pick<OpenShop, 'book'>, most: number): readonly CorrectedEntry[] {
  return correctionList(book, { device: book.device, most }).map(
    ({ op, verb, codes, document, owed, deviceName, device }) => ({
      op,
      verb,
      codes,
      document: document?.number ?? '',
      at: document?.at,
      totalMinor: document?.totalMinor,
      currency: document?.currency ?? '',
      lines: document === undefined ? [] : goodsOf(book, op),
      owed: owed.map((one) => ({ ...one, who: one.who === device ? deviceName : one.who })),
    }),
  );
}

/** What was sold, or came back, by name. */
function goodsOf(book: OpenShop['book'], document: string): readonly string[] {
  const rows = book.query<{ readonly name: string }>(
    "SELECT CASE name WHEN '' THEN sku ELSE name END AS name FROM documentLines WHERE document = ? ORDER BY line LIMIT 5",
    [document],
  );
  return rows.map(({ name }) => name);
}
