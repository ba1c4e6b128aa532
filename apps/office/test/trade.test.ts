// Trading a generated file from end to end, as a process: totals, the four digests, running it again, and what must be refused.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { csvText, naiveTotals, plainRow, sampleRows } from './retail-format.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const rows = sampleRows(140);
const file = temporaryFile('shop.csv.gz', gzipSync(csvText(rows)));
const data = join(temporaryFolder(), 'books');

describe('tally trade', () => {
  let first: Record<string, unknown>;

  beforeAll(async () => {
    first = jsonOf(await runTally('trade', file, '--tills', '3', '--embedded', '--data', data, '--json'));
  });

  it('says of the books what the file says', () => {
    expect(first).toMatchObject({ ...naiveTotals(rows), trialBalanceMinor: 0, ok: true, tills: 3 });
  });

  it('gives each till a key, a chain and a database of its own', () => {
    for (const till of ['till-01', 'till-02', 'till-03']) {
      expect(existsSync(join(data, 'tills', till, 'till.db'))).toBe(true);
      expect(existsSync(join(data, 'tills', till, 'keys', 'device.key'))).toBe(true);
    }
    // The root key, the office and three tills.
    expect(first['devices']).toBe(5);
  });

  it('agrees with itself on four folds, and with the relay on the log', () => {
    const { officeDigest, replayDigest, sqljsDigest, rebuiltDigest, relaySize, ops } = first;
    expect(officeDigest).toMatch(/^[0-9a-f]{64}$/);
    expect([replayDigest, sqljsDigest, rebuiltDigest]).toEqual([officeDigest, officeDigest, officeDigest]);
    expect(relaySize).toBe(ops);
    expect(first['relayRoot']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('adds nothing when it is run again', async () => {
    const again = jsonOf(await runTally('trade', file, '--tills', '3', '--data', data, '--json'));
    expect(again).toMatchObject({
      ...naiveTotals(rows),
      written: 0,
      officeDigest: first['officeDigest'],
      relayRoot: first['relayRoot'],
      ok: true,
    });
  });

  it('is proved, verified and replayed', async () => {
    expect(jsonOf(await runTally('prove', '--data', data, '--json'))).toMatchObject({
      ok: true,
      digest: first['officeDigest'],
      problems: [],
    });
    expect(jsonOf(await runTally('verify', '--every', '--data', data, '--json'))).toMatchObject({
      ok: true,
      ops: first['ops'],
    });
    expect(jsonOf(await runTally('replay', '--data', data, '--json'))).toMatchObject({
      ok: true,
      digest: first['officeDigest'],
    });
  });

  it('shows books that balance', async () => {
    const books = jsonOf(await runTally('books', '--data', data, '--json'));
    expect(books).toMatchObject({ trialBalanceMinor: 0, currency: 'GBP' });
    const days = books['salesByDay'] as { grossMinor: number; refundedMinor: number }[];
    const kinds = rows.filter(
      (row) => !row.invoice.startsWith('A') && (row.quantity > 0 || row.invoice.startsWith('C')),
    );
    expect(days.reduce((sum, day) => sum + day.grossMinor + day.refundedMinor, 0)).toBe(naiveTotals(kinds).netMinor);
    const table = await runTally('books', '--data', data);
    expect(table.stdout).toContain('Debits and credits are equal.');
  });

  it('exports a book file', async () => {
    const target = join(temporaryFolder(), 'shop.book');
    expect(jsonOf(await runTally('export', target, '--data', data, '--json'))).toMatchObject({ file: target });
    expect(existsSync(target)).toBe(true);
  });

  it('takes a second file into the same books', async () => {
    const more = sampleRows(150).slice(rows.length);
    const result = jsonOf(
      await runTally('trade', temporaryFile('more.csv', csvText(more)), '--tills', '3', '--data', data, '--json'),
    );
    expect(result).toMatchObject({ ...naiveTotals(more), ok: true });
    expect(result['ops']).toBeGreaterThan(Number(first['ops']));
  });

  it.each([
    [['--tills', '4'], /trades on 3 tills, not 4/],
    [['--tills', '3', '--currency', 'EUR'], /keeps its books in GBP, not EUR/],
    [['--tills', '3', '--relay', 'http://127.0.0.1:1'], /follows its embedded relay; its log cannot move/],
  ])('refuses %j on books that began otherwise', async (options, message) => {
    const { status, stderr, stdout } = await runTally('trade', file, ...options, '--data', data, '--json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('refuses an invoice that is in the books with other lines, and stays usable', async () => {
    const changed = rows.map((row, index) => (index === 0 ? { ...row, quantity: row.quantity + 1 } : row));
    const { status, stderr } = await runTally(
      'trade',
      temporaryFile('changed.csv', csvText(changed)),
      '--tills',
      '3',
      '--data',
      data,
      '--json',
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/changed\.csv:2: row 1: invoice 536365 is in the books with another Quantity\n$/);
    expect(jsonOf(await runTally('trade', file, '--tills', '3', '--data', data, '--json'))).toMatchObject({
      written: 0,
      ok: true,
    });
  });
});

describe('a bad row in the middle of a file', () => {
  it('trades nothing; the file put right trades once', async () => {
    const home = join(temporaryFolder(), 'books');
    const good = sampleRows(30);
    const path = temporaryFile(
      'shop.csv',
      csvText(good.map((row, index) => (index === 40 ? { ...row, price: 'free' } : row))),
    );
    const bad = await runTally('trade', path, '--tills', '2', '--data', home, '--json');
    expect(bad).toMatchObject({ status: 1, stdout: '' });
    expect(bad.stderr).toBe(`tally: ${path}:42: row 41: UnitPrice "free" is not a decimal number\n`);
    expect(existsSync(home)).toBe(false);
    writeFileSync(path, csvText(good));
    expect(jsonOf(await runTally('trade', path, '--tills', '2', '--data', home, '--json'))).toMatchObject({
      ...naiveTotals(good),
      ok: true,
    });
    writeFileSync(path, csvText([...good, { ...plainRow, invoice: '999999', date: 'today' }]));
    const worse = await runTally('trade', path, '--tills', '2', '--data', home, '--json');
    expect(worse.stderr).toMatch(/InvoiceDate "today" is not a date and time/);
    expect(jsonOf(await runTally('prove', '--data', home, '--json'))).toMatchObject({ ok: true });
  });
});

describe('an invoice that is in the books with other goods', () => {
  it('is refused by file and row, and nothing of the file is traded', async () => {
    const data = join(temporaryFolder(), 'books');
    const trade = (path: string) => runTally('trade', path, '--tills', '2', '--data', data, '--json');
    const row = { ...plainRow, invoice: '1', sku: 'A', name: 'x', quantity: 2, price: '1.5' };
    const first = jsonOf(await trade(temporaryFile('a.csv', csvText([row]))));
    const other = temporaryFile('b.csv', csvText([plainRow, { ...row, sku: 'B', name: 'yyy' }]));
    const { status, stdout, stderr } = await trade(other);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const why = 'row 2: invoice 1 is in the books with another StockCode, Description';
    expect(stderr.split('\n').at(-2)).toBe(`tally: ${other}:3: ${why}`);
    expect(jsonOf(await runTally('prove', '--data', data, '--json'))).toMatchObject({ ok: true, ops: first['ops'] });
  });
});
