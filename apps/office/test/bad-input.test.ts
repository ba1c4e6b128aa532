// Every kind of bad input, one by one, as a process: one line on stderr, nothing on stdout, a status that is not zero, and no
// data directory begun.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseBookId } from '@tallystick/oplog';
import { startRelay } from '@tallystick-app/relay';
import { describe, expect, it } from 'vitest';
import { csvText, plainRow, sampleRows } from './retail-format.ts';
import { temporaryFile, temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const good = temporaryFile('good.csv', csvText([plainRow]));
const gzipped = gzipSync(csvText(sampleRows(3_000)));
const withRow = (line: string): string => temporaryFile('bad.csv', `${csvText([plainRow])}${line}\n`);
const inRow = (change: object): string => temporaryFile('bad.csv', csvText([plainRow, { ...plainRow, ...change }]));
/** The file with one byte of it turned over; a place before 0 counts from the end. */
const damaged = (place: number): string => {
  const bytes = Buffer.from(gzipped);
  const at = place < 0 ? bytes.length + place : place;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return temporaryFile('damaged.csv.gz', bytes);
};
const noise = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 7_919 + (index >> 3)) % 256));
const place = String.raw`bad\.csv:3: row 2: `;

const badFiles: readonly [string, string, string][] = [
  ['too few columns', withRow('536366,1,2'), `${place}malformed row: it has not as many fields as the header`],
  ['too many columns', withRow('536366,A,B,1,2010-12-01 08:26:00,1,,UK,more'), `${place}malformed row: it has not as`],
  [
    'a quote never closed',
    withRow('536366,A,"B,1,2010-12-01 08:26:00,1,,UK'),
    `${place}malformed row: a quote is opened`,
  ],
  ['a quote in a field', withRow('536366,A,B"C,1,2010-12-01 08:26:00,1,,UK'), `${place}malformed row: a quote inside`],
  ['text after a quote', withRow('536366,A,"B"C,1,2010-12-01 08:26:00,1,,UK'), `${place}malformed row: text after`],
  ['no invoice number', inRow({ invoice: '' }), `${place}InvoiceNo "" is not a number`],
  ['no stock code', inRow({ sku: '' }), `${place}StockCode "" is empty`],
  ['a quantity in words', inRow({ quantity: 'six' }), `${place}Quantity "six" is not a whole number`],
  ['half a unit', inRow({ quantity: '1.5' }), `${place}Quantity "1.5" is not a whole number`],
  ['a quantity of 2^53', inRow({ quantity: '9007199254740992' }), `${place}Quantity "9007199254740992" is not a whole`],
  ['a price with a comma', inRow({ price: '2,55' }), `${place}malformed row`],
  ['a price in words', inRow({ price: 'abc' }), `${place}UnitPrice "abc" is not a decimal number`],
  ['a price with an exponent', inRow({ price: '1e5' }), `${place}UnitPrice "1e5" is not a decimal number`],
  ['a price of 2^53', inRow({ price: '9007199254740992' }), `${place}UnitPrice "9007199254740992" is too large`],
  ['a price too fine', inRow({ price: '1.000001' }), `${place}UnitPrice "1.000001" has more than 5 decimals`],
  ['no such month', inRow({ date: '2010-13-01 08:26:00' }), `${place}InvoiceDate "2010-13-01 08:26:00" is not a date`],
  ['no such day', inRow({ date: '2011-02-29 08:26:00' }), `${place}InvoiceDate "2011-02-29 08:26:00" is not a date`],
  [
    'a date in another order',
    inRow({ date: '01/12/2010 08:26' }),
    `${place}InvoiceDate "01/12/2010 08:26" is not a date`,
  ],
  ['an unknown currency', inRow({ price: '2.55 ZZZ' }), `${place}UnitPrice "2.55 ZZZ" names the unknown currency ZZZ`],
  ['another header', temporaryFile('bad.csv', 'a,b\n1,2\n'), String.raw`bad\.csv:1: the header is "a,b"`],
  [
    'no header',
    temporaryFile('bad.csv', `${csvText([plainRow]).split('\n')[1]}\n`),
    String.raw`bad\.csv:1: the header is "536365`,
  ],
  ['only a header', temporaryFile('bad.csv', csvText([])), String.raw`bad\.csv: the file has a header but no rows`],
  ['an empty file', temporaryFile('bad.csv', ''), String.raw`bad\.csv: the file is empty`],
  ['a binary file', temporaryFile('bad.csv', noise), String.raw`bad\.csv:\d+: `],
  ['what is no gzip', temporaryFile('bad.csv.gz', noise), String.raw`bad\.csv\.gz: is named \.gz and is not gzip data`],
  [
    'a truncated gzip',
    temporaryFile('cut.csv.gz', gzipped.subarray(0, -500)),
    String.raw`cut\.csv\.gz:\d+: row \d+: the gzip data ends here`,
  ],
  [
    'the start of a gzip',
    temporaryFile('cut.csv.gz', gzipped.subarray(0, 12)),
    String.raw`cut\.csv\.gz:1: row 1: the gzip data ends here`,
  ],
  [
    'a gzip damaged in the middle',
    damaged(Math.floor(gzipped.length / 2)),
    String.raw`damaged\.csv\.gz:\d+: row \d+: `,
  ],
  ['a gzip with another checksum', damaged(-8), String.raw`damaged\.csv\.gz:\d+: row \d+: the gzip data is damaged`],
  ['a missing file', '/nowhere/shop.csv', '/nowhere/shop\\.csv: no such file'],
  ['a folder', temporaryFolder(), 'is not a regular file'],
];

describe('tally trade on bad input', () => {
  it.each(badFiles)('%s', async (_name, file, message) => {
    const data = join(temporaryFolder(), 'books');
    const { status, stdout, stderr } = await runTally('trade', file, '--tills', '2', '--data', data, '--json');
    expect({ status, stdout, lines: stderr.split('\n').length - 1 }).toEqual({ status: 1, stdout: '', lines: 1 });
    expect(stderr).toMatch(new RegExp(`^tally: .*${message}`));
    expect(existsSync(data)).toBe(false);
  });

  it('--currency of no country', async () => {
    const { status, stderr } = await runTally('trade', good, '--tills', '2', '--currency', 'ZZZ', '--json');
    expect(status).toBe(1);
    expect(stderr).toBe(`tally: ${good}: unknown currency "ZZZ" (--currency takes an ISO 4217 code)\n`);
  });

  it('a data directory that is a file', async () => {
    const { status, stdout, stderr } = await runTally('trade', good, '--tills', '2', '--data', good, '--json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/\ntally: .*good\.csv: no databases can be kept here \(EEXIST.*\)\n$/);
  });
});

describe('tally trade with a relay that is not the one it should be', () => {
  it('says that nobody answers, and forgets the wrong address', async () => {
    const data = join(temporaryFolder(), 'books');
    const args = ['trade', good, '--tills', '2', '--data', data, '--json'];
    // Port 9 is for discarding; nothing listens there.
    const refused = await runTally(...args, '--relay', 'http://127.0.0.1:9');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/\ntally: http:\/\/127\.0\.0\.1:9: no relay answers there \(.*\)\n$/);
    expect(jsonOf(await runTally(...args))).toMatchObject({ ok: true, rows: 1 });
  });

  it('keeps to the key it has pinned, and takes another address of the same relay', async () => {
    const folder = temporaryFolder();
    const args = ['trade', good, '--tills', '2', '--data', join(folder, 'books'), '--json'];
    const own = await startRelay({ dataDir: join(folder, 'own'), port: 0 });
    const stranger = await startRelay({ dataDir: join(folder, 'stranger'), port: 0 });
    try {
      expect(jsonOf(await runTally(...args, '--relay', own.url))).toMatchObject({ ok: true, written: 1 });
      const refused = await runTally(...args, '--relay', stranger.url);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/\ntally: .*this book follows relay .*; the relay answering now signs as .*\n$/);
      await own.close();
      const moved = await startRelay({ dataDir: join(folder, 'own'), port: 0 });
      const again = await runTally(...args, '--relay', moved.url);
      await moved.close();
      expect(jsonOf(again)).toMatchObject({ ok: true, written: 0 });
    } finally {
      await stranger.close();
    }
  });

  it('hears from a relay that takes other books only', async () => {
    const folder = temporaryFolder();
    const other = parseBookId('ab'.repeat(32));
    const relay = await startRelay({ dataDir: folder, port: 0, books: other === undefined ? [] : [other] });
    try {
      const data = join(folder, 'books');
      const refused = await runTally('trade', good, '--tills', '1', '--data', data, '--json', '--relay', relay.url);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/\ntally: relay\/book-refused: .*\n$/);
      expect(jsonOf(await runTally('prove', '--data', data, '--json'))).toMatchObject({ ok: true });
    } finally {
      await relay.close();
    }
  });
});

describe('tally called wrongly', () => {
  it.each([
    [['trade', good], /--tills "" is not a whole number from 1 to 256/],
    ...['0', '10001', 'abc', '1e1', '2.5'].map((count): [string[], RegExp] => [
      ['trade', good, '--tills', count],
      new RegExp(`--tills "${count}" is not a whole number from 1 to 256`),
    ]),
    [['trade', good, '--tills', '-1'], /the value of --tills is missing or begins with a dash/],
    [['trade', good, '--tills=-1'], /--tills "-1" is not a whole number/],
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
