// `tally archive`, and the books of a year read from its archive alone, as processes.
import { createOrganisationIdentity } from '@tallystick/custody';
import { nodeStore } from '@tallystick/kernel/node';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const here = ['--data', at('office')];
const tally = (...args: string[]) => runTally(...args, ...here);
const gbp = (account: string, amountMinor: number) => ({ account, currency: 'GBP', amountMinor });

async function commit(...acts: readonly (readonly [verb: string, args: object])[]): Promise<void> {
  const book = await openReader(homeAt(at('office')));
  for (const [verb, args] of acts)
    expect(await book.commit(verb as never, args as never), verb).toMatchObject({ ok: true });
  await book.close();
}

const soldOn = (day: string, amountMinor: number) =>
  ['journal.post', { day, memo: '', lines: [gbp('1000', amountMinor), gbp('4000', -amountMinor)] }] as const;

async function lastCarry(): Promise<string> {
  const book = await openReader(homeAt(at('office')));
  const [carry] = book.query<{ op: string }>('SELECT op FROM carries');
  await book.close();
  return carry?.op ?? '';
}

const archivesThere = (): string[] =>
  readdirSync(at('stick'))
    .filter((name) => name.endsWith('-log.age'))
    .sort();

it('seals a closed year so that it opens alone, and drops nothing before somebody opened it', async () => {
  const [owner, other] = [await createOrganisationIdentity(), await createOrganisationIdentity()];
  writeFileSync(at('identity'), `${owner.identity}\n`);
  writeFileSync(at('wrong'), `${other.identity}\n`);
  expect((await tally('init')).status).toBe(0);
  await commit(['account.open', { account: '3900', kind: 'equity', name: 'Retained' }], soldOn('2026-12-30', 900), [
    'day.open',
    { day: '2027-01-01' },
  ]);
  const places = ['--to', at('stick'), '--recipients', owner.recipient];
  expect((await tally('backup', ...places)).status).toBe(0);
  const year = (day: string, identity = 'identity') => tally('archive', day, '--identity', at(identity), '--json');
  expect(await year('2026-12-31')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('not closed through 2026-12-31'),
  });
  await commit(['period.close', { through: '2026-12-31', late: 'route' }]);
  const carried = { through: '2026-12-31', retained: '3900', memo: 'the year', lines: [gbp('4000', 900)] };
  await commit(['period.carry', carried]);
  // Taken back, and carried again: it counts once.
  await commit(['journal.reverse', { of: await lastCarry(), day: '2027-01-01', memo: '' }], ['period.carry', carried]);
  const before = readdirSync(at('stick'));
  expect(await year('2026-12-31', 'wrong')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('recovery/no-match'),
  });
  expect(readdirSync(at('stick'))).toEqual(expect.arrayContaining(before));
  const first = jsonOf(await year('2026-12-31'));
  expect(first).toMatchObject({ uncarried: [], balances: [gbp('1000', 900), gbp('3900', -900)] });

  await commit(soldOn('2027-06-30', 50), ['day.open', { day: '2028-01-01' }]);
  await commit(['period.close', { through: '2027-12-31', late: 'route' }]);
  const second = jsonOf(await year('2027-12-31'));
  expect(second).toMatchObject({
    uncarried: ['hq'],
    balances: [gbp('1000', 950), gbp('3900', -900), gbp('4000', -50)],
  });
  expect(archivesThere()).toEqual([first['file'], second['file']]);

  mkdirSync(at('safe'));
  for (const [data, { file }, entries] of [
    ['year-1', first, 4],
    ['year-2', second, 5],
  ] as const) {
    mkdirSync(at(`safe/${data}`));
    copyFileSync(join(at('stick'), String(file)), join(at(`safe/${data}`), String(file)));
    const asked = ['--data', at(data), '--identity', at('identity'), '--archives', '--alone'];
    expect((await runTally('restore', at(`safe/${data}`), ...asked)).status).toBe(0);
    const read = await openReader(homeAt(at(data)));
    expect(read.query('SELECT DISTINCT op FROM postings')).toHaveLength(entries);
    expect((await read.prove(nodeStore(':memory:'))).ok).toBe(true);
    await read.close();
  }
}, 120_000);
