// A person is described, held, and forgotten by the command line; afterwards no file of the directory holds a byte that would bring them back.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const data = temporaryFolder();
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
  const [subject = ''] = /[0-9a-f]{32}/.exec((await tally('person', 'C-17')).stdout) ?? [];
  const held = jsonOf(await tally('access', 'C-17', '--json'))['held'] as { reading: { text: string } }[];
  expect(held.map(({ reading }) => reading.text).sort()).toEqual([
    '0151 555',
    '0151 555',
    'Anna Nowak',
    'Anna Nowak-Bauer',
  ]);

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
  const before = (await tally('query', 'SELECT * FROM persons')).stdout;
  const file = join(data, 'certificate.txt');
  const erased = await tally('erase', 'C-17', '--certificate', file);
  expect(erased.stdout).toContain('1 devices have destroyed their keys\nnobody is left');
  expect(readFileSync(file, 'utf8')).toContain('Nobody is left who has not acknowledged.');

  expect(filesWith(...needles)).toEqual([]);
  expect(readdirSync(join(data, 'office', 'keyring-backup'))).toEqual([]);
  expect((await tally('person', 'C-17')).stdout).toContain('name   (erased)');
  expect((await tally('query', 'SELECT * FROM persons')).stdout).toBe(before);
  expect((await tally('prove')).status).toBe(0);
  // The search finds what is there to be found.
  writeFileSync(join(data, 'export.csv'), 'C-17,Anna Nowak\n');
  expect(filesWith(...needles)).toEqual(['export.csv']);
});

it('lists whose time is over', async () => {
  await tally('person', 'C-18', '--name', 'Ben Okri');
  await tally('retention', 'customer', '30');
  await tally('day', '2026-12-30');
  const due = jsonOf(await tally('retention', '--json'))['due'] as { subject: string }[];
  expect(due).toMatchObject([{ kind: 'customer', day: '2026-11-21', held: 0 }]);
  expect((await tally('erase', due[0]?.subject ?? '', '--retention')).stdout).toContain('nobody is left');
  expect((await tally('erase', 'nobody')).stderr).toContain('neither a subject nor a customer');
});
