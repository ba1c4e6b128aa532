// `tally stock`, `replenish`, `purchases` and `trace`: where goods are, what branches lack, what is bought and owed, and where a lot went.
import { isDay } from '@tallystick/sign';
import {
  askedOrdersWaiting,
  dueBills,
  heldBills,
  inTransit,
  type LotMove,
  type LotPlace,
  provenance,
  purchaseLines,
  recall,
  replenishment,
  stockPositions,
  transferFaults,
  transferNote,
  transferNoteText,
  transferOrdersDue,
  unseenTransfers,
} from '@tallystick/retail/supply';
import type { ShopBook } from '../book.ts';
import { type Command, type CommandContext, usage } from '../command.ts';
import { formatMinor } from '../currency.ts';
import { type Home, readSettings } from '../home.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand, type Done } from './changing.ts';
import { type Answer, readingCommand } from './reading.ts';
import { formatQuantity, renderTable } from './table.ts';

function dayOption(context: CommandContext, option: string, command: string): string | undefined {
  const day = context.text(option);
  if (day !== undefined && !isDay(day)) throw usage(`--${option} ${day}: a day is YYYY-MM-DD`, command);
  return day;
}

function scaleOf(book: ShopBook, sku: string): number {
  const [row] = book.query<{ unitScale: number }>("SELECT unitScale FROM products WHERE scope = 'hq' AND sku = ?", [
    sku,
  ]);
  return row?.unitScale ?? 0;
}

/** The name of a device, '' for none. */
function nameOf(book: ShopBook, device: string): string {
  const [row] = book.query<{ name: string }>('SELECT name FROM devices WHERE device = ? LIMIT 1', [device]);
  return row?.name ?? device;
}

/** By the number on its paper, or by its id. */
function noteAnswer(book: ShopBook, named: string): Answer {
  const [row] = book.query<{ id: string }>(
    "SELECT id FROM documents WHERE kind = 'dispatch' AND (number = ? OR id = ?) ORDER BY id LIMIT 1",
    [named, named],
  );
  const note = row === undefined ? undefined : transferNote(book, row.id);
  if (note === undefined) throw usage(`--note ${named}: no such transfer was dispatched`, 'stock');
  const text = transferNoteText(note);
  return { status: 0, json: { note, text }, lines: [text] };
}

function stockAnswer(book: ShopBook, context: CommandContext): Answer {
  const before = dayOption(context, 'before', 'stock');
  const faults = transferFaults(book);
  const faultLines = faults.map(({ transfer, kind, scope, device }) =>
    `${kind}: transfer ${transfer} in ${scope} ${nameOf(book, device)}`.trimEnd(),
  );
  const unseen = unseenTransfers(book);
  const unseenLines = unseen.map(
    ({ transfer, scope, fromScope }) =>
      `not looked into: transfer ${transfer} in ${scope}, for the log of ${fromScope} that sent it is not here`,
  );
  const notes = [...faultLines, ...unseenLines];
  const status = faults.length === 0 ? 0 : 1;
  const named = context.text('note');
  if (named !== undefined) return noteAnswer(book, named);
  if (!context.flag('in-transit') && before === undefined) {
    const positions = stockPositions(book);
    const rows = positions.map(({ sku, onHand, inTransit: way, lost }) => {
      const scale = scaleOf(book, sku);
      return [sku, ...[onHand, way, lost].map((quantity) => formatQuantity(quantity, scale))];
    });
    const table = renderTable(['Code', '>On hand', '>In transit', '>Lost in transit'], rows);
    return { status, json: { stock: positions, faults, unseen }, lines: [...table, ...notes] };
  }
  const under = inTransit(book, before === undefined ? {} : { before });
  const rows = under.map((row) => [
    row.day,
    row.number,
    row.fromScope,
    row.toScope,
    row.sku,
    row.lot,
    formatQuantity(row.quantity, row.quantityScale),
    formatMinor(row.amountMinor, row.currency, true),
    nameOf(book, row.holder),
  ]);
  const headings = ['Day', 'Number', 'From', 'To', 'Code', 'Lot', '>Quantity', '>Cost', 'Signed for by'];
  return { status, json: { inTransit: under, faults, unseen }, lines: [...renderTable(headings, rows), ...notes] };
}

const stock: Command = readingCommand({
  name: 'stock',
  summary: 'Show stock over all branches: on hand, in transit, and lost on the way.',
  notes: 'Exits with 1 where what branches and carriers say of a transfer does not fit.',
  options: {
    'in-transit': { type: 'boolean', help: 'each transfer that nobody has counted in, and who signed for it last' },
    before: { type: 'string', value: 'DAY', help: 'of these, those that left before this day' },
    note: {
      type: 'string',
      value: 'TRANSFER',
      help: 'what travels with this transfer, as text for the till that counts it in',
    },
  },
  answer: async (book, context) => stockAnswer(book, context),
});

async function replenish(book: ShopBook, context: CommandContext, home: Home): Promise<Done> {
  const proposals = replenishment(book);
  const [open] = book.query<{ day: string }>("SELECT day FROM businessDays WHERE scope = 'hq'");
  const day = dayOption(context, 'day', 'replenish') ?? open?.day;
  const currency = readSettings(home)?.currency ?? 'GBP';
  const rows = proposals.map(({ branch, sku, name, source, quantityScale, onHand, onItsWay, wanted, quantity }) => [
    branch,
    sku,
    name,
    source === '' ? 'buys' : source,
    ...[onHand, onItsWay, wanted, quantity].map((count) => formatQuantity(count, quantityScale)),
  ]);
  const headings = ['Branch', 'Code', 'Goods', 'From', '>On hand', '>On its way', '>Wanted', '>To send'];
  const lines = renderTable(headings, rows);
  if (!context.flag('order')) return { json: { replenishment: proposals }, lines };
  if (day === undefined) throw usage('--day is missing: no business day is open', 'replenish');
  const orders = transferOrdersDue(book, { day, currency });
  for (const args of orders) mustBeCommitted(await book.commit('transfer.order', args));
  return {
    json: { replenishment: proposals, ordered: orders },
    lines: [...lines, `${orders.length} transfers ordered.`],
  };
}

const replenishCommand: Command = changingCommand({
  name: 'replenish',
  summary: 'Show what branches lack, less what is on its way; with --order tell the warehouses to send it.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  options: {
    order: { type: 'boolean', help: 'write the transfer orders' },
    day: { type: 'string', value: 'DAY', help: 'the business day of the orders (default: the one that is open)' },
  },
  changes: (context) => context.flag('order'),
  change: replenish,
});

/** The goods of a document in one line, such as `150 MUG, 2.5 TEA`. */
function goodsOf(book: ShopBook, document: string): string {
  const lines = book.query<{ sku: string; quantity: number; quantityScale: number }>(
    'SELECT sku, quantity, quantityScale FROM documentLines WHERE document = ? ORDER BY line',
    [document],
  );
  return lines
    .map(({ sku, quantity, quantityScale }) => `${formatQuantity(quantity, quantityScale)} ${sku}`)
    .join(', ');
}

const purchases: Command = readingCommand({
  name: 'purchases',
  summary:
    'Show what was ordered from suppliers and came of it, what is asked for, and which bills are held or to be paid.',
  answer: async (book): Promise<Answer> => {
    const [lines, held, due] = [purchaseLines(book), heldBills(book), dueBills(book)];
    const asked = askedOrdersWaiting(book);
    const wanted = asked.map(({ asked: id, number, device, supplier, totalMinor, currency }) => [
      number,
      nameOf(book, device),
      supplier,
      goodsOf(book, id),
      `${formatMinor(totalMinor, currency, true)} ${currency}`,
    ]);
    const ordered = lines.map((row) => [
      row.number,
      row.supplier,
      row.sku,
      ...[row.ordered, row.received, row.damaged, row.billed].map((count) =>
        formatQuantity(count, scaleOf(book, row.sku)),
      ),
      row.verdict,
    ]);
    const bills = [
      ...held.map((bill) => ({ ...bill, leftMinor: bill.totalMinor })),
      ...due.map((bill) => ({ ...bill, why: 'to be paid' })),
    ].map(({ day, supplier, reference, leftMinor, currency, why }) => [
      day,
      supplier,
      reference,
      formatMinor(leftMinor, currency, true),
      why,
    ]);
    return {
      status: 0,
      json: { purchases: lines, asked, held, due },
      lines: [
        ...renderTable(['Order', 'Supplier', 'Code', '>Ordered', '>Received', '>Damaged', '>Billed', ''], ordered),
        '',
        ...(asked.length === 0
          ? []
          : [
              'Asked for (tally order approve | reject --asked NUMBER):',
              ...renderTable(['Number', 'By', 'Supplier', 'Goods', '>Worth'], wanted),
              '',
            ]),
        ...renderTable(['Day', 'Supplier', 'Bill', '>Left', ''], bills),
      ],
    };
  },
});

const trace: Command = readingCommand({
  name: 'trace',
  operands: 'LOT',
  summary: 'Follow a lot or serial number from where it came in to every place and sale it went to.',
  notes: 'Exits with 1 where nothing is known of it.',
  answer: async (book, context): Promise<Answer> => {
    const lot = context.positionals[0] ?? '';
    const [came, went] = [provenance(book, lot), recall(book, lot)];
    const place = (what: string) => (row: LotPlace) => [
      what,
      row.scope,
      '',
      '',
      row.sku,
      formatQuantity(row.quantity, scaleOf(book, row.sku)),
      '',
    ];
    const move = (row: LotMove) => [
      row.kind,
      row.scope,
      row.day,
      row.number,
      row.sku,
      formatQuantity(row.quantity, scaleOf(book, row.sku)),
      row.otherScope === '' ? `${row.party} ${row.external}`.trim() : row.otherScope,
    ];
    const rows = [
      ...[...came.origins, ...came.transfers, ...went.trade, ...went.corrections].map(move),
      ...went.onHand.map(place('on hand')),
      ...went.inTransit.map(place('on its way to')),
      ...went.lost.map(place('lost on the way to')),
    ];
    return {
      status: rows.length === 0 ? 1 : 0,
      json: { lot, ...came, ...went },
      lines: renderTable(['What', 'Where', 'Day', 'Number', 'Code', '>Quantity', 'With'], rows),
    };
  },
});

export const supplyCommands: readonly Command[] = [stock, replenishCommand, purchases, trace];
