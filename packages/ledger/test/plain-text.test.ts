/** The exported text in the hands of the real hledger, ledger and beancount: read without a word, and with the same balances to the last unit. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '@tallystick/oplog';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isMissing } from '../../../scripts/test-environment.ts';
import { type PlainTextFormat, plainTextOf } from '../src/index.ts';
import { escapeAccount } from '../src/plain-text.ts';
import { type LawBook, openLedger } from './laws.ts';
import { balancesByName, currencies, decimalsOf, type Program, programs } from './programs.ts';
import { createTestRelay } from './replica.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-plain-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

const accounts = [
  ['assets:cash', 'asset', 'Cash; of the shop | "till"'],
  ['a.b', 'liability', 'Dots'],
  ['a_b', 'liability', 'Dashes'],
  ['X-1', 'equity', 'Capital'],
  ['4000', 'income', 'Sales'],
  ['6000', 'expense', '* Rent'],
] as const;
const memos = [
  '',
  'plain',
  '; a comment',
  '! (x) * | "quoted" \\ back',
  '=  5 EUR @ 3',
  '  two  spaces ',
  '2026-01-01 open',
  'ÄÖ €',
  '#tag ^link',
];

async function openGenerated(): Promise<LawBook> {
  const { book } = await openLedger();
  for (const [account, kind, name] of accounts) {
    const opened = await book.commit('account.open', { account, kind, name });
    if (!opened.ok) throw new Error(opened.code);
  }
  await book.sync(await createTestRelay());
  const names = accounts.map(([account]) => account);
  const entry = fc.record({
    debit: fc.constantFrom(...names),
    credit: fc.constantFrom(...names),
    currency: fc.constantFrom(...currencies),
    other: fc.constantFrom(...currencies),
    amountMinor: fc.integer({ min: 1, max: 10_000_000 }),
    memo: fc.constantFrom(...memos),
    date: fc.integer({ min: 1, max: 28 }),
    isBranch: fc.boolean(),
  });
  const requests = fc.sample(entry, { numRuns: 80, seed: 7 }).map((drawn) => {
    const { debit, credit, currency, other, amountMinor, memo, date, isBranch } = drawn;
    const lines = [
      { account: debit, currency, amountMinor },
      { account: credit, currency, amountMinor: 0 - amountMinor },
      { account: debit, currency: other, amountMinor: -1 },
      { account: credit, currency: other, amountMinor: 1 },
    ];
    const args = { day: `2026-11-${String(date).padStart(2, '0')}`, memo, lines };
    return { verb: 'journal.post', args, ...(isBranch ? { scope: 'b/1' as Scope } : {}) };
  });
  await book.commitAll(requests);
  return book;
}

describe.each(Object.entries(programs) as [PlainTextFormat, Program][])('%s', (format, program) => {
  it.skipIf(isMissing(format, existsSync(program.path)))(
    'reads the text as it is and totals alike, and another cent does not (falsifier)',
    async () => {
      const book = await openGenerated();
      const written = plainTextOf(book, { format, decimalsOf });
      if (!written.ok) throw new Error(written.code);
      const file = join(folder, `book.${format === 'hledger' ? 'journal' : format}`);
      writeFileSync(file, written.text);
      program.check(file);
      const balances = balancesByName(book);
      expect(Object.keys(balances).length).toBeGreaterThan(15);
      expect(program.balances(file)).toEqual(balances);
      const last = written.text.trimEnd().split('\n').at(-1) ?? '';
      const cent = last.replace(
        /(\d)( [A-Z]{3})$/,
        (_all, digit: string, rest: string) => `${digit === '9' ? 8 : Number(digit) + 1}${rest}`,
      );
      writeFileSync(
        file,
        written.text.replace(new RegExp(`${last.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\n$`), `${cent}\n`),
      );
      expect(() => program.check(file)).toThrow();
      await book.close();
    },
    60_000,
  );

  it('says which day it cannot write', async () => {
    const { book, act } = await openLedger();
    const lines = [
      { account: '1000', currency: 'GBP', amountMinor: 1 },
      { account: '3000', currency: 'GBP', amountMinor: -1 },
    ];
    await act('journal.post', { day: '0000-01-01', memo: '', lines });
    expect(plainTextOf(book, { format, decimalsOf })).toEqual({
      ok: false,
      code: 'ledger/export-day',
      day: '0000-01-01',
    });
    await book.close();
  });
});

it('keeps different accounts different', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,12}$/);
  fc.assert(
    fc.property(name, name, (left, right) => {
      expect(escapeAccount(left) === escapeAccount(right)).toBe(left === right);
      expect(escapeAccount(left)).toMatch(/^[A-Z0-9][A-Za-z0-9-]*$/);
    }),
  );
  expect(new Set(['a.b', 'a_b', 'A.b', 'X-a.b', 'a:b'].map(escapeAccount)).size).toBe(5);
});
