/**
 * A program, run by parts.test.ts on its own, twice on one file: it begins a book, or it opens, sells, reads and asks for the status while no part of the
 * kernel can be had. Prints one line of JSON.
 */
import { registerHooks } from 'node:module';

const asked: string[] = [];
let isGone = process.argv[3] === 'reopen';
registerHooks({
  resolve(specifier, context, next) {
    const part = /\/(part-\w+|judging)\.ts$/.exec(specifier)?.[1];
    if (part === undefined) return next(specifier, context);
    if (context.parentURL?.includes('/sign/src/index.ts') !== true) asked.push(part);
    if (isGone) throw new Error(`${part} is gone`);
    return next(specifier, context);
  },
});
const { defineVerb, openBook, setTable } = await import('../src/index.ts');
const { nodeStore } = await import('../src/node.ts');

const sales = setTable('sales', { key: { id: 'text' }, columns: { cents: 'integer' } });
const sale = defineVerb<'sale.ring', { readonly cents: number }>({
  name: 'sale.ring',
  version: 1,
  roles: ['owner'],
  tables: [sales],
  args: { publicTexts: {}, '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  plan: (_view, { id }, { cents }) => [sales.put({ id, cents })],
});
const open = () => openBook({ store: nodeStore(process.argv[2] as string), verbs: [sale] });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );

const book = await open();
if (process.argv[3] === 'close') {
  const opening = codeOf(book.commit('day.open', { day: '2026-11-23' }));
  const selling = codeOf(book.commit('sale.ring', { cents: 5 }));
  await book.close();
  console.log(JSON.stringify([await opening, await selling]));
  process.exit();
}
const { ok } = await book.commit('sale.ring', { cents: 250 });
const rows = book.query('SELECT cents FROM sales');
const isNamed = book.status().deviceName === 'office';
const quiet = asked.splice(0);
const opening = codeOf(book.commit('day.open', { day: '2026-11-20' }));
const after = (await book.commit('sale.ring', { cents: 50 })).ok;
const unopened = await opening;
const days = book.query('SELECT day FROM businessDays');
isGone = false;
const later = codeOf(book.commit('day.open', { day: '2026-11-21' }));
await Promise.all([book.commit('sale.ring', { cents: 70 }), book.commit('day.open', { day: '2026-11-22' })]);
const opened = await later;
const turns = book.pendingOps().map(({ verb }) => verb);
console.log(JSON.stringify({ ok, rows, isNamed, quiet, unopened, after, days, opened, turns: turns.slice(-3), asked }));
await book.close();
