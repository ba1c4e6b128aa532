/** What might make two honest devices differ: clocks, releases, and rows that are not as the fold left them. */
import { defineVerb, type Verb } from '@tallystick/kernel';
import { stock } from '@tallystick/retail';
import Database from 'better-sqlite3';
import { z } from 'zod';
import type { Witness } from './claim.ts';
import { must, type Play, playsOf, sales } from './firm.ts';
import { sellMany, type ShopBook } from './shop.ts';

const YEARS_MS = 10 * 365 * 86_400_000;
const MINUTE_MS = 60_000;

/** One till's clock is ten years ahead, another's ten behind. The fault: one is ahead by so little that it is believed. */
const clocks: Play = async (firm, broken) => {
  const ahead = await firm.enlist('ahead', 'till', { skewMs: broken ? 23 * 60 * MINUTE_MS : YEARS_MS });
  const behind = await firm.enlist('behind', 'till', { skewMs: -YEARS_MS });
  const books = [ahead.book, behind.book, firm.office];
  for (const book of books) await sellMany(book, 3);
  for (const book of [ahead.book, behind.book]) await firm.office.import(await book.export());
  const { id } = must(await firm.office.commit('day.open', { day: '2026-11-21' }));
  const aheadMinutes = Math.floor((msOf(id) - firm.nowMs()) / MINUTE_MS);
  for (const book of [ahead.book, behind.book]) await book.import(await firm.office.export());
  const digests = new Set(books.map((book) => book.digest().digest)).size;
  return {
    of: { sold: sales(firm.office) },
    facts: { officeAheadMinutes: aheadMinutes, digests },
    holds: Math.abs(aheadMinutes) <= 1 && digests === 1 && sales(firm.office) === 9,
  };
};

const tip: Verb<'stock.tip', { sku: string }> = defineVerb({
  name: 'stock.tip',
  version: 1,
  roles: ['owner'],
  tables: [stock],
  args: z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (_view, _op, { sku }) => [stock.add({ sku }, { onHand: 1 })],
});

/** A verb is adopted that an old release lacks. The fault: the old release has it, so there is nothing to stop at. */
const unknownVerb: Play = async (firm, broken) => {
  const older = await firm.enlist('older', 'till', broken ? { more: [tip] } : {});
  const newer = await firm.enlist('newer', 'owner', { more: [tip] });
  await sellMany(newer.book, 2);
  await newer.book.adopt();
  must(await newer.book.commit('stock.tip' as never, { sku: 'apple' }));
  await sellMany(newer.book, 3);
  const file = await newer.book.export();
  await older.book.import(file);
  const stop = older.book.status().scopes[0]?.stop;
  const readable = sales(older.book);
  await older.book.close();
  const upgraded = await firm.open({ ...older, more: [tip] });
  const caughtUp = upgraded.digest().digest === newer.book.digest().digest;
  return {
    of: { sold: sales(newer.book), readable },
    facts: { stop: stop?.code ?? 'none', caughtUp },
    holds: stop?.code === 'kernel/unsupported-verb' && readable === 2 && caughtUp,
  };
};

/** A row of one device is edited behind its kernel, and both attest what they have. The fault: nobody edits. */
const attested: Play = async (firm, broken) => {
  const till = await firm.enlist('till', 'till');
  await sellMany(till.book, 4);
  await firm.meet(till.book, firm.office);
  if (!broken) editStock(till.path);
  for (const book of [firm.office, till.book]) must(await book.attest());
  await firm.meet(till.book, firm.office);
  const said = [firm.office, till.book].map((book: ShopBook) => book.status().disagreements.length);
  const [found] = firm.office.status().disagreements;
  return {
    of: { attested: said.length },
    facts: { disagreements: said.join('+'), about: found?.about ?? 'nothing' },
    holds: said.every((count) => count === 1) && found?.about === 'digest',
  };
};

function editStock(path: string): void {
  const database = new Database(path);
  database.exec('UPDATE stock SET onHand = onHand + 1');
  database.close();
}

/** The milliseconds that a UUIDv7 begins with. */
function msOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
}

export const drift: Witness = playsOf('drift', { clocks, 'unknown-verb': unknownVerb, attested });
