// `tally archive`, and the books of a year read from its archive alone, as processes.
import { createOrganisationIdentity } from '@tallystick/custody';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { createBackupKeeper } from '@tallystick/recovery';
import { folderPlace } from '@tallystick/recovery/node';
import { createRelayClient } from '@tallystick/relay-protocol';
import { createFileKeyStore } from '@tallystick/sign/node';
import { startRelay } from '@tallystick-app/relay';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openReader, shopCrypto, shopVerbs } from '../src/book.ts';
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

it('lets ops go that every place gives back, and proves and restores the books from there', async () => {
  const owner = await createOrganisationIdentity();
  writeFileSync(at('owner'), `${owner.identity}\n`);
  const relay = await startRelay({ dataDir: at('relay'), port: 0 });
  const home = homeAt(at('small'));
  const run = (...args: string[]) => runTally(...args, '--data', home.root);
  const answer = async (...args: string[]) => jsonOf(await run(...args, '--json'));
  const settledHere = async (): Promise<readonly number[]> => {
    const read = await openReader(home);
    const { size } = read.log.base('hq' as Scope);
    const here = [size, read.log.tip('hq' as Scope).size];
    await read.close();
    return here;
  };
  try {
    await run('init');
    const small = await openReader(home);
    for (let sold = 0; sold < 20; sold += 1)
      expect(await small.commit(...soldOn('2026-12-30', 10))).toMatchObject({ ok: true });
    expect(await small.commit('day.open', { day: '2027-01-01' })).toMatchObject({ ok: true });
    expect(await small.commit('period.close', { through: '2026-12-31', late: 'route' })).toMatchObject({ ok: true });
    const { device, publicKey } = await createFileKeyStore(at('till')).create('device');
    const enrolment = { device, key: encodeHex(publicKey), name: 'Till', role: 'till' } as const;
    expect(await small.commit('device.enroll', enrolment)).toMatchObject({ ok: true });
    await small.sync(createRelayClient({ url: relay.url }));
    const digest = small.digest().digest;
    const book = small.id;
    await small.close();
    await run('backup', '--to', at('first'), '--recipients', owner.recipient);
    await run('backup', '--to', at('second'));
    const identity = ['--identity', at('owner')];
    const [, all] = (await settledHere()) as [number, number];
    const made = await answer('archive', '2026-12-31', ...identity, '--drop');
    expect(made).toMatchObject({ dropped: [{ scope: 'hq', from: 0, until: all }], kept: [] });
    expect(await settledHere()).toEqual([all, all]);

    // What went is needed for a proof, and is in either place; without it nothing is called proved.
    expect(await run('prove')).toMatchObject({ status: 1, stdout: expect.stringContaining('in no archive') });
    expect(await answer('prove', '--archives', at('second'), ...identity)).toMatchObject({ ok: true, digest });

    // So it does where the office has carried on what a till handed in.
    cpSync(at('second'), at('both'), { recursive: true });
    const till = await openBook({ store: nodeStore(':memory:', { keysDir: at('till') }), verbs: shopVerbs, book });
    await till.sync(createRelayClient({ url: relay.url }));
    const places = [folderPlace(at('both'))];
    const memory = { load: () => undefined, save: () => undefined };
    const { hasher } = shopCrypto;
    await createBackupKeeper({
      book: till,
      hasher,
      recipients: () => [owner.recipient],
      places,
      state: memory,
    }).backUp();
    await till.close();
    expect(await answer('prove', '--archives', at('both'), ...identity)).toMatchObject({ ok: true, digest });

    // A place that is new has the archives too, and one that lost them lets nothing go.
    const later = await openReader(home);
    expect(await later.commit(...soldOn('2027-01-01', 5))).toMatchObject({ ok: true });
    await later.sync(createRelayClient({ url: relay.url }));
    await later.close();
    // What is here begins later, and nothing of it is missing.
    expect(await answer('prove', '--archives', at('second'), ...identity)).toMatchObject({ ok: true, problems: [] });
    // A whole from then on opens without them.
    const alone = ['--whole', '--to', at('alone')];
    expect(await answer('backup', ...alone)).toMatchObject({ made: true });
    mkdirSync(at('whole'));
    for (const name of readdirSync(at('alone')).filter((file) => file.endsWith('whole.age')))
      cpSync(join(at('alone'), name), join(at('whole'), name));
    expect(await runTally('restore', at('whole'), '--data', at('looked'), ...identity, '--look')).toMatchObject({
      status: 0,
    });
    await run('backup', '--forget', at('alone'));
    const state = join(home.root, 'backup', 'state.json');
    const before = readFileSync(state, 'utf8');
    await run('backup', '--to', at('third'));
    // What a process left that died before it remembered goes with the next backup: no op goes for it.
    const after = readFileSync(state, 'utf8');
    writeFileSync(state, before);
    expect(await answer('archive', '--drop', ...identity)).toEqual({ dropped: [], kept: [] });
    writeFileSync(state, after);
    const moved = (from: string, to: string): void => {
      mkdirSync(at(to), { recursive: true });
      for (const name of readdirSync(at(from)).filter((file) => file.endsWith('-log.age')))
        renameSync(join(at(from), name), join(at(to), name));
    };
    moved('second', 'drawer');
    expect(await answer('archive', '--drop', ...identity)).toEqual({ dropped: [], kept: [] });
    // It took a backup since it lost them, and gets them all the same: from the others, for nobody can seal them anew.
    expect(await answer('backup')).toMatchObject({ made: false, unfilled: [] });
    expect(readdirSync(at('second'))).toEqual(expect.arrayContaining(readdirSync(at('drawer'))));
    const more = await answer('archive', '--drop', ...identity);
    expect(more).toMatchObject({ dropped: [{ from: all, until: all + 1 }] });
    const restored = ['--data', at('back'), ...identity, '--alone'];
    expect((await runTally('restore', at('third'), ...restored)).status).toBe(0);
    const back = homeAt(at('back'));
    const whole = await openReader(back);
    expect([whole.log.base('hq' as Scope).size, (await whole.prove(nodeStore(':memory:'))).ok]).toEqual([0, true]);
    await whole.close();
  } finally {
    await relay.close();
  }
}, 180_000);
