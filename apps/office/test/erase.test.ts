// A person is described, held, and forgotten by the command line; afterwards no file of the directory holds a byte that would bring them back.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import type { PersonFile } from '../src/person-file.ts';
import { memoryArchive } from './memory-archive.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
const outside = temporaryFolder();
const tally = (...args: readonly string[]) => runTally(...args, '--data', data);

beforeAll(async () => {
  await tally('init');
  const settings = join(data, 'tally.json');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('"kind": "none"', '"kind": "embedded"'));
  await tally('day', '2026-11-21');
});

/** Files under the directory that hold one of these texts or bytes. */
function filesWith(...needles: readonly (string | Buffer)[]): string[] {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(data, file)).isFile(),
  );
  return files.filter((file) => needles.some((needle) => readFileSync(join(data, file)).includes(needle)));
}

it('describes, shows, puts right, holds, forgets and certifies', async () => {
  expect(await tally('person', 'C-17', '--name', 'Anna Nowak', '--phone', '0151 555')).toMatchObject({ status: 0 });
  expect((await tally('person', 'C-17', '--name', 'Anna Nowak-Bauer')).stdout).toContain('phone  0151 555');
  const terms = {
    customer: 'C-17',
    currency: 'GBP',
    limitMinor: 25_000,
    overLimit: 'refuse',
    termsDays: 30,
    active: 1,
  };
  expect(await tally('do', 'customer.set', JSON.stringify(terms))).toMatchObject({ status: 0 });
  const [subject = ''] = /[0-9a-f]{32}/.exec((await tally('person', 'C-17')).stdout) ?? [];
  const file = jsonOf(await tally('access', 'C-17', '--json')) as unknown as PersonFile;
  expect(file.texts.map(({ reading }) => reading.state === 'shown' && reading.text).sort()).toEqual([
    '0151 555',
    '0151 555',
    'Anna Nowak',
    'Anna Nowak-Bauer',
  ]);
  expect(Object.keys(file.rows).sort()).toEqual(['customers', 'persons', 'subjectKeys', 'subjectRequests']);
  const handed = join(outside, 'anna.txt');
  await tally('access', 'C-17', '--to', handed);
  expect(readFileSync(handed, 'utf8')).toMatch(
    /customer C-17[^]*name: Anna Nowak-Bauer[^]*customers: 1\n.*limit=250.00 GBP/,
  );

  const keyring = readFileSync(join(data, 'office', 'keyring', `${subject}.keys`), 'utf8');
  const [key = ''] = /[0-9a-f]{64}/.exec(keyring) ?? [];
  const needles = [key, Buffer.from(key, 'hex'), 'Nowak', '0151 555'];
  expect(filesWith(...needles)).toEqual([join('office', 'keyring', `${subject}.keys`)]);
  expect(readdirSync(join(data, 'office', 'keyring-backup'))).toHaveLength(1);

  await tally('hold', 'C-17', '--basis', 'tax-records');
  expect(await tally('erase', 'C-17')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('erasure/held') as string,
  });
  await tally('hold', 'C-17', '--release');
  await tally('do', 'account.open', JSON.stringify({ account: 'ANNA', kind: 'expense', name: 'Sundries' }));
  const before = (await tally('query', 'SELECT * FROM persons')).stdout;
  const certificate = join(data, 'certificate.txt');
  // What was handed out is searched too, and found.
  const erased = await tally('erase', 'C-17', '--certificate', certificate);
  expect(erased.status).toBe(1);
  expect(erased.stdout).toContain('1 devices have destroyed their keys\nnobody is left');
  expect(erased.stdout).toMatch(/directory .*: CLEAN/);
  expect(erased.stdout).toContain(`  FOUND in ${handed}`);
  // A name that was written as a code stands in its op for ever, and it is said.
  expect(erased.stdout).toMatch(/^books .*: LOOK; /m);
  expect(erased.stdout).toContain('  LOOK AT account.open@1 account: ANNA\n');
  rmSync(handed);
  expect(readFileSync(certificate, 'utf8')).toContain('Nobody is left who has not acknowledged.');
  expect((await tally('verify-erasure', certificate)).stdout).toContain('GENUINE');
  const whole = readFileSync(certificate, 'utf8');
  writeFileSync(certificate, whole.replace('Nobody is left', 'Somebody is left'));
  expect(await tally('verify-erasure', certificate)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('NOT GENUINE') as string,
  });

  expect(filesWith(...needles)).toEqual([]);
  expect(readdirSync(join(data, 'office', 'keyring-backup'))).toEqual([]);
  expect((await tally('person', 'C-17')).stdout).toContain('name   (erased)');
  expect((await tally('query', 'SELECT * FROM persons')).stdout).toBe(before);
  expect((await tally('prove')).status).toBe(0);
  // The search finds what is there to be found, as programs write it.
  const names = join(outside, 'names.txt');
  writeFileSync(names, 'Jos\u00e9 Nowak\n');
  const spellings = [
    Buffer.from('Jos\u00e9 Nowak'),
    Buffer.from('Jos\u00e9 Nowak', 'utf16le'),
    Buffer.from('"Jos\\u00e9 Nowak"'),
  ];
  const files = spellings.map((text, index) => {
    const path = join(data, `export-${index}.csv`);
    writeFileSync(path, Buffer.concat([Buffer.alloc((1 << 20) - 5), text]));
    return path;
  });
  const checked = await tally('erase', 'C-17', '--check', '--search', names);
  expect(checked.status).toBe(1);
  expect(checked.stdout.split('\n').filter((line) => line.startsWith('  FOUND in '))).toEqual(
    files.map((path) => `  FOUND in ${path}`),
  );
  for (const path of files) rmSync(path);
  // Where the op of the order is in an archive the certificate is not called false.
  const book = await openReader(homeAt(data));
  await book.archive({ to: memoryArchive() });
  await book.close();
  writeFileSync(certificate, whole);
  expect(await tally('verify-erasure', certificate)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^NOT JUDGED: erasure\/certificate-archived: /) as string,
  });
});

it('forgets those whose time is over and whom no law keeps', async () => {
  const from = join(outside, 'person.txt');
  for (const [customer, name] of [
    ['C-18', 'Ben Okri'],
    ['C-19', 'Cleo Marsh'],
  ] as const) {
    writeFileSync(from, `name: ${name}\nemail: ${name}@example.com\n`);
    expect((await tally('person', customer, '--from', from)).stdout).toContain(`name   ${name}`);
  }
  await tally('hold', 'C-19', '--basis', 'tax-records');
  await tally('retention', 'customer', '30');
  await tally('day', '2026-12-30');
  const due = jsonOf(await tally('retention', '--json'))['due'] as { subject: string; held: number }[];
  expect(due.map(({ held }) => held).sort()).toEqual([0, 1]);
  expect((await tally('retention', 'run')).stdout).toMatch(/\(would be forgotten\)/);
  // Subjects are named by chance, so in any order.
  const done = (await tally('retention', 'run', '--erase')).stdout.trimEnd().split('\n');
  expect(done.map((line) => /forgotten$|kept \(held\)$/.exec(line)?.[0]).sort()).toEqual(['forgotten', 'kept (held)']);
  expect((await tally('person', 'C-18')).stdout).toContain('(erased)');
  expect((await tally('person', 'C-19')).stdout).toContain('Cleo Marsh');
  expect((await tally('erase', 'nobody')).stderr).toContain('neither a subject nor a customer');
  // Nor is anybody certified to be forgotten whose id was mistyped.
  expect((await tally('erase', 'ab'.repeat(16))).stderr).toContain('neither a subject nor a customer');
});
