// One till at work on a file: it knows which ops its own folded documents already hold, writes the others in batches of one
// transaction each, and hands them to the relay.
import type { Commit, TypedRequest } from '@tallystick/kernel';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { ShopBook, shopVerbs } from './book.ts';
import { OfficeError } from './errors.ts';
import type { TradeContent, TradeOp } from './mapping.ts';

/** Ops written in one transaction, with one wait for the disk. */
const commitOps = 128;
/** Ops handed to the relay at once. */
const pushOps = 512;

export interface TradingTill {
  /** Writes the op, sooner or later, unless the till has it. Throws when the till has another op in its place. */
  take(op: TradeOp): Promise<void>;
  /** Writes and hands in what is left. */
  finish(): Promise<void>;
  /** Ops without a settled position that the open book holds in memory; 0 while it is closed. */
  pending(): number;
  /** Closes the book until it is needed again. Call after `finish`. */
  close(): Promise<void>;
  written(): number;
  known(): number;
}

/** A document that the till has folded. */
interface KnownDocument extends TradeContent {
  readonly id: string;
}

/** `open` opens the till's book whenever it is needed and closed; `source` names the file in errors. */
export function createTradingTill(open: () => Promise<ShopBook>, client: RelayClient, source: string): TradingTill {
  let book: ShopBook | undefined;
  let documents: Map<string, KnownDocument> | undefined;
  let waiting: TradeOp[] = [];
  let written = 0;
  let known = 0;
  let unpushed = 0;

  async function opened(): Promise<{ book: ShopBook; documents: Map<string, KnownDocument> }> {
    if (book === undefined) {
      book = await open();
      unpushed = book.pendingOps().filter((op) => op.stage === 'local').length;
    }
    documents ??= knownDocuments(book);
    return { book, documents };
  }

  async function write(ops: readonly TradeOp[]): Promise<void> {
    if (ops.length === 0) return;
    const till = await opened();
    const commits = await till.book.commitAll(ops.map((op) => requestOf(op, till.documents)));
    for (const [index, commit] of commits.entries()) {
      const op = ops[index];
      if (op === undefined) continue;
      const id = idOf(commit, op, source);
      if (op.part === 1 && op.parts > 1) till.documents.set(placeOf(op.external, 1), { id, ...op.content });
    }
    written += ops.length;
    unpushed += ops.length;
  }

  async function flush(): Promise<void> {
    const ops = waiting;
    waiting = [];
    // Later parts name the document of the first, which exists only once it is written.
    await write(ops.filter((op) => op.part === 1));
    await write(ops.filter((op) => op.part > 1));
  }

  async function push(): Promise<void> {
    const till = await opened();
    const { notTaken } = await till.book.sync(client, { pull: false });
    const bad = notTaken[0];
    if (bad !== undefined)
      throw new OfficeError(
        'office/relay',
        `the relay does not take op ${bad.hash}: ${bad.verdict} ${bad.message ?? ''}`.trimEnd(),
      );
    unpushed = 0;
  }

  return {
    async take(op) {
      const document = (await opened()).documents.get(placeOf(op.external, op.part));
      if (document !== undefined) {
        compare(document, op, source);
        known += 1;
        return;
      }
      waiting.push(op);
      if (waiting.length >= commitOps) await flush();
      if (unpushed >= pushOps) await push();
    },
    async finish() {
      await opened();
      await flush();
      if (unpushed > 0) await push();
    },
    pending: () => book?.status().scopes.reduce((sum, scope) => sum + scope.pending, 0) ?? 0,
    async close() {
      await book?.close();
      book = undefined;
    },
    written: () => written,
    known: () => known,
  };
}

function placeOf(external: string, part: number): string {
  return `${external} ${part}`;
}

/** What this till has written before, by (invoice number, part). */
function knownDocuments(book: ShopBook): Map<string, KnownDocument> {
  const rows = book.query(
    `SELECT d.id, d.external, d.part, d.totalMinor, count(*) AS lines, sum(l.quantity) AS units
       FROM documents d JOIN documentLines l ON l.scope = d.scope AND l.document = d.id
      WHERE d.external <> '' AND d.device = ? GROUP BY d.scope, d.id`,
    [book.device],
  );
  return new Map(
    rows.map((row) => [
      placeOf(String(row['external']), Number(row['part'])),
      {
        id: String(row['id']),
        lines: Number(row['lines']),
        units: Number(row['units']),
        amountMinor: Number(row['totalMinor']),
      },
    ]),
  );
}

function requestOf(op: TradeOp, documents: ReadonlyMap<string, KnownDocument>): TypedRequest<typeof shopVerbs> {
  const first = op.part > 1 ? documents.get(placeOf(op.external, 1))?.id : undefined;
  return { ...op.request(first), at: op.at };
}

function idOf(commit: Commit, op: TradeOp, source: string): string {
  if (commit.ok) return commit.id;
  const details = Object.entries(commit.details).map(([name, value]) => ` ${name}=${value}`);
  throw new OfficeError(
    'office/refused',
    `${source}: invoice ${op.external}: ${op.request().verb} was refused: ${commit.code}${details.join('')}`,
  );
}

/** The same invoice number must mean the same invoice. */
function compare(document: KnownDocument, op: TradeOp, source: string): void {
  const { lines, units, amountMinor } = op.content;
  if (document.lines === lines && document.units === units && document.amountMinor === amountMinor) return;
  throw new OfficeError(
    'office/invoice-changed',
    `${source}: invoice ${op.external} is in the books with ${document.lines} lines and a total of ${document.amountMinor}, and the file has ${lines} and ${amountMinor}`,
  );
}
