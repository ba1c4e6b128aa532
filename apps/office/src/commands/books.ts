// `tally books`: trial balance, sales by day and stock, out of the folded tables; and, by name, the reports of the ledger.
import { nodeStore } from '@tallystick/kernel/node';
import { trialBalance } from '@tallystick/ledger';
import { isDay } from '@tallystick/sign';
import { formatMinor } from '../currency.ts';
import { OfficeError } from '../errors.ts';
import { readSettings } from '../home.ts';
import { grouped } from '../progress.ts';
import { salesByDay, stockList } from '../queries.ts';
import { answerReport, refuseReportOptions, reportNames, reportOptions } from './book-reports.ts';
import { type Answer, readingCommand } from './reading.ts';
import { formatQuantity, renderTable } from './table.ts';
import type { Command } from '../command.ts';

const shownStock = 20;

export const books: Command = readingCommand({
  name: 'books',
  summary: 'Show the trial balance, sales by day and stock, or one report of the ledger.',
  operands: '[REPORT [DAY | ACCOUNT]]',
  operandCounts: { min: 0, max: 2 },
  notes: `Reports: ${reportNames.join(', ')}. The tables show the ${shownStock} stock codes furthest from zero; --json has them all.`,
  options: {
    at: { type: 'string', value: 'DAY', help: 'as they stood at the end of this business day' },
    ...reportOptions,
  },
  async answer(live, context, home): Promise<Answer> {
    const day = context.text('at');
    if (day !== undefined && !isDay(day)) throw new OfficeError('office/usage', `--at ${day}: a day is YYYY-MM-DD`);
    const [report] = context.positionals;
    if (report === undefined) refuseReportOptions(context);
    const into = nodeStore(':memory:');
    const book = day === undefined ? live : await live.asOf({ day }, into);
    if (report !== undefined) {
      try {
        return answerReport(book, report, context);
      } finally {
        await into.close();
      }
    }
    const currency = readSettings(home)?.currency ?? 'GBP';
    const accounts = trialBalance(book);
    const days = salesByDay(book, currency);
    const stock = stockList(book);
    await into.close();
    const sum = accounts.reduce((total, row) => total + row.amountMinor, 0);
    const side = (amountMinor: number, code: string): string =>
      amountMinor > 0 ? formatMinor(amountMinor, code, true) : '';
    const furthest = [...stock]
      .sort((left, right) => Math.abs(right.onHand) - Math.abs(left.onHand))
      .slice(0, shownStock);
    return {
      status: sum === 0 ? 0 : 1,
      json: {
        book: live.id,
        ...(day === undefined ? {} : { at: day }),
        currency,
        trialBalance: accounts,
        trialBalanceMinor: sum,
        salesByDay: days,
        stock,
      },
      lines: [
        ...renderTable(
          ['Account', 'Name', 'Currency', '>Debit', '>Credit'],
          accounts.map((row) => [
            row.account,
            row.name,
            row.currency,
            side(row.amountMinor, row.currency),
            side(-row.amountMinor, row.currency),
          ]),
        ),
        sum === 0 ? 'Debits and credits are equal.' : `Debits and credits DIFFER by ${sum} minor units.`,
        '',
        ...renderTable(
          ['Day', '>Sales', '>Refunds', '>Sold', '>Returned', '>Net'],
          days.map((row) => [
            row.day,
            grouped(row.sales),
            grouped(row.refunds),
            formatMinor(row.grossMinor, currency, true),
            formatMinor(-row.refundedMinor, currency, true),
            formatMinor(row.grossMinor + row.refundedMinor, currency, true),
          ]),
        ),
        '',
        ...renderTable(
          ['Code', 'Goods', '>On hand'],
          furthest.map((row) => [row.sku, row.name, formatQuantity(row.onHand, row.unitScale)]),
        ),
        `${grouped(stock.length)} stock codes in all.`,
      ],
    };
  },
});
