// One till at work on a file: it knows which ops its own folded documents already hold, writes the others in batches of one
// transaction each, and hands them to the relay.
import type { Commit, TypedRequest } from '@tallystick/kernel';
import type { RelayClient } from '@tallystick/relay-protocol';
import type { ShopBook, shopVerbs } from './book.ts';
import { type BookedDocuments, checkInvoice, placeOf, readBookedDocuments } from './booked-invoice.ts';
import { OfficeError } from './errors.ts';
import type { TradeOp } from './mapping.ts';

/** Ops written in one transaction, with one wait for the disk. */
const commitOps = 128;
/** Ops handed to the relay at once. */
const pushOps = 512;

export interface TradingTill {
  /** Throws `office/invoice-changed` when the till has an invoice of this number and it is another; writes nothing. */
  check(invoice: readonly TradeOp[]): Promise<void>;
  /** Writes the ops of an invoice, sooner or later, but for those the till has. Throws as `check` does. */
  take(invoice: readonly TradeOp[]): Promise<void>;
  /** Writes and hands in what is left. */
  finish(): Promise<void>;
  /** Ops without a settled position that the open book holds in memory; 0 while it is closed. */
  pending(): number;
  /** Closes the book until it is needed again. Call after `finish`. */
  close(): Promise<void>;
  written(): number;
  /** Documents of files that the till had written before this run. */
  booked(): Promise<number>;
  /** Ops of this run that the till had written before it. */
  known(): number;
}

/** `open` opens the till's book whenever it is needed and closed; `source` names the file in errors. */
export function createTradingTill(open: () => Promise<ShopBook>, client: RelayClient, source: string): TradingTill {
  const desk = createDesk(open, client, source);
  let waiting: TradeOp[] = [];
  let known = 0;

  async function flush(): Promise<void> {
    const ops = waiting;
    waiting = [];
    // Later parts name the document of the first, which exists only once it is written.
    await desk.write(ops.filter((op) => op.part === 1));
    await desk.write(ops.filter((op) => op.part > 1));
  }

  async function check(invoice: readonly TradeOp[]): Promise<void> {
    const { book, documents } = await desk.opened();
    checkInvoice(book, documents, invoice, source);
  }

  return {
    check,
    async take(invoice) {
      await check(invoice);
      const { documents } = await desk.opened();
      for (const op of invoice) {
        if (documents.has(placeOf(op))) known += 1;
        else waiting.push(op);
      }
      if (waiting.length >= commitOps) await flush();
      if (desk.unpushed() >= pushOps) await desk.push();
    },
    async finish() {
      await desk.opened();
      await flush();
      if (desk.unpushed() > 0) await desk.push();
    },
    pending: () => desk.pending(),
    close: () => desk.close(),
    written: () => desk.written(),
    booked: async () => (await desk.opened()).documents.size,
    known: () => known,
  };
}

/** The till's book, which is opened and closed as it is needed, and what was written in it. */
interface Desk {
  opened(): Promise<{ readonly book: ShopBook; readonly documents: BookedDocuments }>;
  /** Writes the ops in one transaction. */
  write(ops: readonly TradeOp[]): Promise<void>;
  push(): Promise<void>;
  close(): Promise<void>;
  pending(): number;
  unpushed(): number;
  written(): number;
}

function createDesk(open: () => Promise<ShopBook>, client: RelayClient, source: string): Desk {
  let book: ShopBook | undefined;
  let documents: BookedDocuments | undefined;
  let written = 0;
  let unpushed = 0;

  async function opened(): Promise<{ book: ShopBook; documents: BookedDocuments }> {
    if (book === undefined) {
      book = await open();
      unpushed = book.pendingOps().filter((op) => op.stage === 'local').length;
    }
    documents ??= readBookedDocuments(book);
    return { book, documents };
  }

  return {
    opened,
    async write(ops) {
      if (ops.length === 0) return;
      const till = await opened();
      const commits = await till.book.commitAll(ops.map((op) => requestOf(op, till.documents)));
      for (const [index, commit] of commits.entries()) {
        const op = ops[index];
        if (op === undefined) continue;
        const id = idOf(commit, op, source);
        if (op.part === 1 && op.parts > 1) till.documents.set(placeOf(op), { id, parts: op.parts });
      }
      written += ops.length;
      unpushed += ops.length;
    },
    async push() {
      const { notTaken } = await (await opened()).book.sync(client, { pull: false });
      const bad = notTaken[0];
      const why = `the relay does not take op ${bad?.hash}: ${bad?.verdict} ${bad?.message ?? ''}`.trimEnd();
      if (bad !== undefined) throw new OfficeError('office/relay', why);
      unpushed = 0;
    },
    async close() {
      await book?.close();
      book = undefined;
    },
    pending: () => book?.status().scopes.reduce((sum, scope) => sum + scope.pending, 0) ?? 0,
    unpushed: () => unpushed,
    written: () => written,
  };
}

function requestOf(op: TradeOp, documents: BookedDocuments): TypedRequest<typeof shopVerbs> {
  const first = op.part > 1 ? documents.get(placeOf({ external: op.external, part: 1 }))?.id : undefined;
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
