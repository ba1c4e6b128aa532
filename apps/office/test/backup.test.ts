// The book of an office in other places, and back on an empty machine, as processes.
import { createOrganisationIdentity } from '@tallystick/custody';
import { createBackupKeeper } from '@tallystick/recovery';
import { folderPlace } from '@tallystick/recovery/node';
import { createRelayClient } from '@tallystick/relay-protocol';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { cpSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceKey, enrolDevice, keysFolder, openOrCreateOffice, openTill, shopCrypto } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { jsonOf, runTally } from './tally-process.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
let relay: RunningRelay;
beforeAll(async () => {
  relay = await startRelay({ dataDir: at('relay'), port: 0 });
});
afterAll(() => relay.close());

async function ask(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ended = await runTally(...args, '--json');
  if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}${ended.stdout}`);
  return jsonOf(ended);
}

it('brings an office back by its keys and its backups, with what it did after the last of them', async () => {
  const owner = await createOrganisationIdentity();
  writeFileSync(at('identity'), `${owner.identity}\n`);
  writeFileSync(at('passphrase'), 'several random words indeed\n');
  const here = ['--data', at('office')];
  await ask('init', ...here, '--name', 'Corner shop', '--currency', 'EUR');
  await ask('sync', ...here, '--relay', relay.url);
  const terms = [
    '--category',
    '',
    '--unit-scale',
    '0',
    '--tax-rate-basis-points',
    '0',
    '--negative-stock',
    'allow',
    '--active',
    '1',
  ];
  await ask('product', 'set', ...here, '--sku', 'TEA', '--name', 'Tea', ...terms);
  await ask('price', 'set', ...here, '--sku', 'TEA', '--unit-price', '2.50');
  const slip = await runTally('backup', ...here, '--to', at('stick'), '--recipients', owner.recipient.slice(0, -1));
  expect(slip).toMatchObject({ status: 2, stderr: expect.stringContaining('is no age recipient') as string });
  expect((await ask('backup', ...here, '--list'))['places']).toEqual([]);
  const first = await ask('backup', ...here, '--to', at('stick'), '--recipients', owner.recipient);
  expect(first).toMatchObject({ number: 1, kind: 'whole' });
  await ask('day', ...here, '2026-11-20');
  expect(await ask('status', ...here)).toMatchObject({ backups: { number: 1, behind: 1, isMissed: false } });
  expect(await ask('backup', ...here)).toMatchObject({ number: 2, kind: 'delta' });
  // Handed in to the relay, and in no backup.
  await ask('day', ...here, '2026-11-21');
  await ask('keys', 'backup', at('keys.json'), ...here, '--passphrase-file', at('passphrase'), '--work-factor', '10');

  renameSync(at('office'), at('burnt'));
  const [anew, opens] = [
    ['--data', at('office')],
    ['--identity', at('identity')],
  ];
  await ask('keys', 'restore', at('keys.json'), ...anew, '--passphrase-file', at('passphrase'), '--office');
  // Beside it lies what the office carried on of a till: whose key is here is meant, and nothing else is fetched.
  const own = readdirSync(at('stick'))[0] ?? '';
  writeFileSync(join(at('stick'), own.replace(/-[0-9a-f]{12}-(?=\d{9}-)/, '-0123456789ab-')), 'of a till');
  const restored = await ask('restore', at('stick'), ...anew, ...opens, '--relay', relay.url, '--known', '2');
  expect(restored).toMatchObject({ report: { learnt: 3, anchored: true, sameDevice: true, lost: [], aside: [] } });
  // A peer knows as much before anything is restored.
  const looked = await runTally('restore', at('stick'), ...anew, ...opens, '--look', '--peer', at('burnt'), '--json');
  expect(looked.status).toBe(1);
  expect(jsonOf(looked)['findings']).toMatchObject([
    { code: 'recovery/withheld', message: expect.stringContaining('others know op') as string },
  ]);
  expect(await ask('prove', ...anew)).toMatchObject({ digest: (await ask('prove', '--data', at('burnt')))['digest'] });
  expect(JSON.parse(readFileSync(join(at('office'), 'tally.json'), 'utf8'))).toMatchObject({ currency: 'EUR' });
  await ask('day', ...anew, '2026-11-22');
  // A number is not given twice, wherever the next backup goes: the greatest is the newest, and the old place is still there.
  expect(await ask('backup', ...anew, '--to', at('another'), '--recipients', owner.recipient)).toMatchObject({
    number: 3,
    kind: 'whole',
  });

  // The archives alone are the settled books.
  const whose = ['--device', own.split('-')[2] ?? ''];
  const archive = ['restore', at('stick'), '--data', at('archive'), ...opens, ...whose, '--archives', '--alone'];
  expect(await ask(...archive)).toMatchObject({ report: { from: { hq: 0 } } });
  await ask('verify', '--data', at('archive'));
});

it('says what is wrong with a place, and restores nothing that is not whole', async () => {
  const opens = ['--identity', at('identity')];
  for (const name of readdirSync(at('stick'))) truncateSync(join(at('stick'), name), 100);
  const looked = await runTally('restore', at('stick'), '--data', at('none'), ...opens, '--look');
  expect(looked).toMatchObject({ status: 1, stdout: expect.stringContaining('recovery/truncated') });
  const tried = await runTally('restore', at('stick'), '--data', at('none'), ...opens);
  expect(tried).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing here that can be restored') });
  const missing = await runTally('backup', '--data', at('burnt'), '--to', join(at('identity'), 'no-folder'));
  expect(missing).toMatchObject({ status: 1, stdout: expect.stringContaining('takes no file') });
  const status = await runTally('status', '--data', at('burnt'));
  expect(status.stdout).toContain('BACKUP NOT KEPT');
  expect(readFileSync(join(at('burnt'), 'backup', 'settings.json'), 'utf8')).toContain('folder');
});

it('says of a device that was taken out meanwhile that it comes back for nothing', async () => {
  const client = createRelayClient({ url: relay.url });
  const office = await openOrCreateOffice(homeAt(at('firm')), 'Shop');
  const lost = homeAt(at('lost'));
  await enrolDevice(office, await deviceKey(lost.deviceFile), 'Till 1', 'till');
  await office.sync(client);
  const till = await openTill(lost.deviceFile, office.id);
  await till.sync(client);
  const places = [folderPlace(at('till-stick'))];
  const owner = await createOrganisationIdentity();
  writeFileSync(at('identity'), `${owner.identity}\n`);
  const recipients = (): string[] => [owner.recipient];
  const state = { load: () => undefined, save: () => undefined };
  await createBackupKeeper({ book: till, hasher: shopCrypto.hasher, recipients, places, state }).backUp();
  expect(await office.commit('device.revoke', { device: till.device, reason: 'lost' })).toMatchObject({ ok: true });
  await office.sync(client);
  await till.close();
  await office.close();
  // The key here is the office's, and a file that begins as its id does is no backup of it: what is there is the till's.
  const others = homeAt(at('others'));
  cpSync(keysFolder(homeAt(at('firm')).officeFile), keysFolder(others.officeFile), { recursive: true });
  writeFileSync(join(at('till-stick'), office.device.slice(0, 3)), 'no backup');
  const looked = await runTally(
    'restore',
    at('till-stick'),
    '--data',
    others.root,
    '--identity',
    at('identity'),
    '--look',
  );
  expect(looked).toMatchObject({ status: 0, stdout: expect.stringContaining(`device ${till.device.slice(0, 12)}`) });
  const back = homeAt(at('back'));
  cpSync(keysFolder(lost.deviceFile), keysFolder(back.deviceFile), { recursive: true });
  const opens = ['--identity', at('identity'), '--relay', relay.url];
  const restored = await runTally('restore', at('till-stick'), '--data', back.root, ...opens);
  expect(restored).toMatchObject({ status: 1, stdout: expect.stringContaining('REVOKED') });
  expect(restored.stdout).not.toContain('before it has met its relay');
});
