// An office that keeps itself while it runs, and what its tills hand in: taken from devices of the book alone, never replaced, carried on to the office's places.
import { createOrganisationIdentity } from '@tallystick/custody';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type Scope } from '@tallystick/oplog';
import { partName } from '@tallystick/recovery';
import { createFileKeyStore } from '@tallystick/sign/node';
import { existsSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { placeSettings, writeBackupSettings } from '../src/backup-settings.ts';
import { watchBackups } from '../src/backup-watch.ts';
import { type ShopBook, shopCrypto, shopVerbs } from '../src/book.ts';
import { readDrillPlan, writeDrillPlan } from '../src/drill-plan.ts';
import { homeAt } from '../src/home.ts';
import { createDeposits } from '../src/web/deposits.ts';
import { type RunningOffice, startOffice } from '../src/web/start-office.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const home = homeAt(join(folder, 'office'));
const stick = join(folder, 'stick');
const tillOrigin = 'http://127.0.0.1:5999';
let relay: RunningRelay;
let office: RunningOffice;
let till: ShopBook;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
  const tillDist = join(folder, 'none');
  office = await startOffice({ dataDir: home.root, relayUrl: relay.url, tillDist, tillOrigin });
  await office.sync();
  till = await member('till-1');
});
afterAll(async () => {
  await till?.close();
  await office?.close();
  await relay?.close();
});

async function member(name: string, scope = 'hq' as Scope): Promise<ShopBook> {
  const keysDir = join(folder, name);
  const { device, publicKey } = await createFileKeyStore(keysDir).create('device');
  const args = { device, key: encodeHex(publicKey), name, role: 'till' } as const;
  expect(await office.book.commit('device.enroll', args, { scope })).toMatchObject({ ok: true });
  return openBook({ store: nodeStore(':memory:', { keysDir }), verbs: shopVerbs, book: office.book.id });
}

const nameOf = (book: ShopBook, number: number): string =>
  partName({ book: book.id, device: book.device, number, kind: 'whole' });

async function ask(by: ShopBook, method: 'GET' | 'PUT', name: string, body?: string, said = body): Promise<Response> {
  const path = `/api/deposits/${name}`;
  const hash = said === undefined ? '' : encodeHex(shopCrypto.hasher.sha256(new TextEncoder().encode(said)));
  const { device, signature } = await by.sign('deposit/1', `${method} ${path} ${hash}`);
  const headers = { authorization: `Tallystick ${device} ${signature}`, origin: tillOrigin };
  return fetch(`${office.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

it('takes a file from a till of the book once, and gives it back to that till alone', async () => {
  const name = nameOf(till, 1);
  expect((await ask(till, 'PUT', name, 'sealed')).status).toBe(200);
  expect((await ask(till, 'PUT', name, 'sealed')).status).toBe(200);
  expect(await (await ask(till, 'GET', name)).text()).toBe('sealed');
  expect(await (await ask(till, 'GET', '')).json()).toEqual({ names: [name] });
  expect((await ask(till, 'GET', nameOf(till, 2))).status).toBe(404);
  // Not another file under its name, none that was changed on the way, none of another till's.
  expect((await ask(till, 'PUT', name, 'other')).status).toBe(409);
  expect((await ask(till, 'PUT', nameOf(till, 2), 'changed', 'sealed')).status).toBe(403);
  // A till of a branch is a till of the book.
  const other = await member('till-2', 'b/1' as Scope);
  expect((await ask(other, 'PUT', nameOf(other, 1), 'sealed')).status).toBe(200);
  expect((await ask(other, 'GET', name)).status).toBe(403);
  expect(await (await ask(other, 'GET', '')).json()).toEqual({ names: [nameOf(other, 1)] });
  expect((await ask(till, 'PUT', '..%2Foffice%2Foffice.db', 'x')).status).toBe(403);
  await office.book.commit('device.revoke', { device: other.device, reason: 'other' });
  expect((await ask(other, 'PUT', nameOf(other, 2), 'x')).status).toBe(403);
  expect((await fetch(`${office.url}/api/deposits/${name}`)).status).toBe(403);
  await other.close();
});

it('drops what is outlived, days later and by its own clock', async () => {
  let now = Date.now();
  const { list, save } = createDeposits(homeAt(join(folder, 'apart')), office.book, () => now);
  const put = async (number: number): Promise<void> => {
    await save(till.device, nameOf(till, number), new Uint8Array([number]));
    utimesSync(join(folder, 'apart', 'deposits', nameOf(till, number)), now / 1_000, now / 1_000);
  };
  const here = async () => (await list(till.device)).map((name) => Number(name.split('-')[3])).sort();
  for (const number of [1, 2, 3]) await put(number);
  expect(await here()).toEqual([1, 2, 3]);
  now += 4 * 24 * 3_600_000;
  // Whoever stole the till's key makes wholes up, after a holiday in which the till made none.
  for (const number of [999_999_998, 999_999_999]) await put(number);
  expect(await here()).toEqual([2, 3, 999_999_998, 999_999_999]);
  now += 4 * 24 * 3_600_000;
  await put(4);
  expect(await here()).toEqual([4, 999_999_998, 999_999_999]);
});

it('keeps the office by the cadence, carries deposits on, and says what was missed', async () => {
  const owner = await createOrganisationIdentity();
  const { place: deposits } = createDeposits(home, office.book);
  const watch = watchBackups({ home, book: office.book, deposits, onChange: () => undefined, everyMs: 50 });
  expect(watch.shown()).toMatchObject({ isMissed: false, lines: [expect.stringContaining('none are set up')] });
  writeBackupSettings(home, { version: 1, recipients: [owner.recipient], places: [placeSettings(stick)] });
  expect(watch.shown().isMissed).toBe(true);
  // A file that is being written has another name until it is whole.
  const kept = (): string[] => (existsSync(stick) ? readdirSync(stick).filter((name) => name.endsWith('.age')) : []);
  await expect.poll(kept).toHaveLength(4);
  expect(kept()).toContain(nameOf(till, 1));
  await expect.poll(() => watch.shown()).toMatchObject({ isMissed: false });
  const state = (await (await fetch(`${office.url}/api/state`)).json()) as { backups: unknown };
  expect(state.backups).toEqual(watch.shown());
  // A blackout drill that somebody planned is made by the office itself, in a process beside it.
  const every = { version: 1, everyDays: 30, survivors: [home.root], lost: [], since: Date.now() } as const;
  writeDrillPlan(home, every);
  expect(watch.shown().lines).toContain('blackout drill: none made yet');
  await expect
    .poll(() => watch.shown().lines.join(), { timeout: 30_000 })
    .toContain('every 30 days: nothing is known to be missing');
  expect(existsSync(readDrillPlan(home)?.last?.report ?? '')).toBe(true);
  // A stick that was taken away: a file stands in its place.
  renameSync(stick, `${stick}-away`);
  writeFileSync(stick, '');
  await ask(till, 'PUT', nameOf(till, 5), 'later');
  await expect.poll(() => watch.shown().lines.join()).toContain('BACKUP FAILED for folder');
  expect(watch.shown().isMissed).toBe(true);
  await watch.close();
});
