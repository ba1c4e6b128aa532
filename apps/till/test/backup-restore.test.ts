// What the first screen is told of a backup before anything is opened.
import { portableHasher } from '@tallystick/chain';
import { createOrganisationIdentity } from '@tallystick/custody';
import { createBackupKeeper, memoryPlace } from '@tallystick/recovery';
import initSqlJs from 'sql.js';
import { expect, it } from 'vitest';
import { lookAtBackup } from '../src/engine/backup-restore.ts';
import { refusalText } from '../src/model/words.ts';
import { openCounter } from './counter.ts';

it('names the till and the backups of its key, and says what is missing, older or sealed to others', async () => {
  const counter = await openCounter();
  const { book } = counter.shop;
  const owner = await createOrganisationIdentity();
  const place = memoryPlace();
  const keeper = createBackupKeeper({
    book,
    hasher: portableHasher,
    recipients: () => [owner.recipient],
    places: [place],
    note: () => JSON.stringify({ relay: 'https://relay.example', office: 'nowhere' }),
    state: { load: () => undefined, save: () => undefined },
  });
  await keeper.backUp();
  // Said after the rows were saved: it stands in a delta alone.
  const { device } = book;
  const keyId = String(book.query('SELECT keyId FROM devices WHERE device = ?', [device])[0]?.['keyId']);
  await book.commit('key.backup', { device, keyId, kind: 'shares', sealed: '' });
  await keeper.backUp();
  await book.commit('key.backup', { device, keyId, kind: 'file', sealed: '' });
  await keeper.backUp();
  const files = await Promise.all(
    (await place.list()).map(async (name) => ({ name, bytes: (await place.load(name)) ?? new Uint8Array() })),
  );
  const sqlite = await initSqlJs();
  const look = async (chosen: typeof files, identity = owner.identity, known?: number) => {
    const found = await lookAtBackup(
      { files: chosen, identities: [identity], ...(known === undefined ? {} : { known }) },
      sqlite,
    );
    if (!found.ok) throw new Error(found.code);
    return { till: found.value.shown.till, codes: found.value.shown.faults.map(({ code }) => code) };
  };
  const whole = await look(files);
  expect(whole.codes).toEqual([]);
  expect(whole.till).toMatchObject({
    shop: 'Corner',
    till: 'till-1',
    number: 3,
    device,
    keyId,
    relay: 'https://relay.example',
  });
  expect(whole.till?.keys.map(({ kind }) => kind)).toEqual(['shares', 'file']);
  const [first, , third] = files;
  if (first === undefined || third === undefined) throw new Error('three parts were made');
  expect(await look([third, first])).toMatchObject({ till: { number: 1 }, codes: ['recovery/withheld'] });
  expect((await look([first], owner.identity, 3)).codes).toEqual(['recovery/older']);
  const stranger = await createOrganisationIdentity();
  expect(await look([first], stranger.identity)).toEqual({ till: undefined, codes: ['recovery/no-match'] });
  for (const code of [
    'recovery/forged',
    'recovery/foreign',
    'recovery/withheld',
    'recovery/older',
    'recovery/truncated',
  ])
    expect(refusalText(code, code)).not.toBe(code);
  await counter.close();
});
