// Every kind of bad input, one by one, as a process: one line on stderr, nothing on stdout, a status that is not zero, and no
// data directory begun.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { csvText, plainRow, sampleRows, temporaryFile, temporaryFolder } from './retail-format.ts';
import { runTally } from './tally-process.ts';

const good = temporaryFile('good.csv', csvText([plainRow]));
const gzipped = gzipSync(csvText(sampleRows(3_000)));
const inRow = (change: object): string => temporaryFile('bad.csv', csvText([plainRow, { ...plainRow, ...change }]));

const badFiles: readonly [string, string, RegExp][] = [
  [
    'a malformed row',
    temporaryFile('bad.csv', `${csvText([plainRow])}536366,1,2\n`),
    /bad\.csv:3: row 2: malformed row: it has not as many fields as the header/,
  ],
  ['a bad number', inRow({ quantity: 'six' }), /bad\.csv:3: row 2: Quantity "six" is not a whole number/],
  ['a bad price', inRow({ price: '2,55' }), /bad\.csv:3: row 2: malformed row/],
  [
    'a bad date',
    inRow({ date: '2010-13-01 08:26:00' }),
    /bad\.csv:3: row 2: InvoiceDate "2010-13-01 08:26:00" is not a date/,
  ],
  [
    'an unknown currency',
    inRow({ price: '2.55 ZZZ' }),
    /bad\.csv:3: row 2: UnitPrice "2.55 ZZZ" names the unknown currency ZZZ/,
  ],
  ['another header', temporaryFile('bad.csv', 'a,b\n1,2\n'), /bad\.csv:1: the header is "a,b"/],
  ['an empty file', temporaryFile('bad.csv', ''), /bad\.csv: the file is empty/],
  [
    'a truncated gzip',
    temporaryFile('cut.csv.gz', gzipped.subarray(0, gzipped.length - 500)),
    /cut\.csv\.gz:\d+: row \d+: the gzip data ends here: the file is truncated/,
  ],
  ['a missing file', '/nowhere/shop.csv', /\/nowhere\/shop\.csv: no such file/],
  ['a folder', temporaryFolder(), /is not a regular file/],
];

describe('tally trade on bad input', { timeout: 60_000 }, () => {
  it.each(badFiles)('%s', async (_name, file, message) => {
    const data = join(temporaryFolder(), 'books');
    const { status, stdout, stderr } = await runTally('trade', file, '--tills', '2', '--data', data, '--json');
    expect({ status, stdout, lines: stderr.split('\n').length - 1 }).toEqual({ status: 1, stdout: '', lines: 1 });
    expect(stderr).toMatch(message);
    expect(existsSync(data)).toBe(false);
  });

  it('--currency of no country', async () => {
    const { status, stderr } = await runTally('trade', good, '--tills', '2', '--currency', 'ZZZ', '--json');
    expect(status).toBe(1);
    expect(stderr).toBe(`tally: ${good}: unknown currency "ZZZ" (--currency takes an ISO 4217 code)\n`);
  });
});

describe('tally called wrongly', { timeout: 60_000 }, () => {
  it.each([
    [['trade', good], /--tills "" is not a whole number from 1 to 256/],
    [['trade', good, '--tills', '0'], /--tills "0" is not a whole number/],
    [['trade', good, '--tills', '2', '--reley', 'x'], /unknown option '--reley' \(see: tally trade --help\)/],
    [['trade', good, '--tills', '2', '--relay', 'nowhere'], /--relay "nowhere" is not an http or https address/],
    [['trade', good, '--tills', '2', '--relay', 'http://x', '--embedded'], /--relay and --embedded exclude each other/],
    [['trade', '--tills', '2'], /FILE\.csv\[\.gz\] is missing/],
    [['prove'], /--data DIR is missing/],
    [['shop'], /unknown command "shop"/],
  ])('%j ends with status 2 and one line', async (args, message) => {
    const { status, stdout, stderr } = await runTally(...args);
    expect({ status, stdout, lines: stderr.split('\n').length - 1 }).toEqual({ status: 2, stdout: '', lines: 1 });
    expect(stderr).toMatch(message);
  });

  it('a directory without books is said, not made', async () => {
    const data = temporaryFolder();
    const { status, stderr } = await runTally('prove', '--data', data);
    expect(status).toBe(1);
    expect(stderr).toContain('there are no books here');
  });

  it('helps', async () => {
    const help = await runTally('help');
    for (const name of ['init', 'enrol', 'trade', 'sync', 'books', 'verify', 'prove', 'replay', 'export']) {
      expect(help.stdout).toContain(`  ${name} `);
    }
    expect((await runTally('trade', '--help')).stdout).toContain('tally trade FILE.csv[.gz] [options]');
  });
});
