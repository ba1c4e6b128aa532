// The life of keys from the command line, as processes: who writes in the book, who may no longer, what a thief did taken back, keys backed up
// and put back, work that waits adopted or dismissed.
import { cpSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOrganisationIdentity, openBackup } from '@tallystick/custody';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../src/book.ts';
import { homeAt } from '../src/home.ts';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
let relay: RunningRelay;
let book = '';

/** What a command that must succeed answers. */
async function ask(home: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const ended = await runTally(...args, '--data', at(home), '--json');
  if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}`);
  return jsonOf(ended);
}

/** The one line of a command that must fail, with its status. */
async function refusal(home: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runTally(...args, '--data', at(home));
  expect({ stdout, lines: stderr.split('\n').length - 1 }).toEqual({ stdout: '', lines: 1 });
  return `${status} ${stderr.trim()}`;
}

interface Listed {
  readonly keyId: string;
  readonly name: string;
  readonly status: string;
  readonly backups: readonly string[];
  readonly device: string;
}

async function device(name: string, home = 'office'): Promise<Listed> {
  const listed = (await ask(home, 'devices'))['devices'] as readonly Listed[];
  const found = listed.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no device ${name}`);
  return found;
}

async function enrolDeviceAt(home: string, name: string, ...more: readonly string[]): Promise<void> {
  const { key } = await ask(home, 'enrol');
  await ask('office', 'enrol', String(key), '--name', name, ...more);
  await ask(home, 'sync', '--relay', relay.url, '--book', book);
}

/** One op of the device in a folder: a day, for owners, else a delivery to itself. */
async function work(home: string): Promise<void> {
  const opened = await openReader(homeAt(at(home)));
  const args = {
    sku: 'A',
    name: 'Apples',
    category: '',
    taxRateBasisPoints: 0,
    unitScale: 0,
    negativeStock: 'allow',
    active: 1,
  };
  const committed = await opened.commit('product.set', args as never);
  await opened.close();
  if (!committed.ok) throw new Error(committed.code);
}

beforeAll(async () => {
  relay = await startRelay({ dataDir: at('relay'), port: 0 });
  book = String((await ask('office', 'init'))['book']);
  await ask('office', 'sync', '--relay', relay.url);
  await enrolDeviceAt('van', 'Van');
  await enrolDeviceAt('safe', 'Safe', '--role', 'owner');
  await enrolDeviceAt('shop', 'Shop', '--role', 'manager');
});
afterAll(async () => {
  await relay?.close();
});

describe('keys from the command line', () => {
  it('rotates, revokes by the policy, and says who may not', async () => {
    const { keyId } = await ask('van', 'rotate');
    expect(keyId).not.toBe((await device('Van', 'van')).device);
    expect(await refusal('van', 'revoke', 'Shop', '--reason', 'lost')).toMatch(/^1 tally: .*kernel\/may-not-revoke/);
    expect(await refusal('shop', 'revoke', 'Van', '--reason', 'bored')).toMatch(/^2 .*--reason "bored" is not one of/);
    expect(await refusal('shop', 'revoke', 'Nobody', '--reason', 'lost')).toMatch(
      /^1 .*"Nobody" is no device of this book/,
    );
    await ask('office', 'policy', 'manager', '--revokes', 'van');
    await ask('shop', 'sync');
    expect(await refusal('shop', 'revoke', 'Van', '--reason', 'lost')).toMatch(/kernel\/may-not-revoke/);
    await ask('office', 'policy', 'manager', '--revokes', 'till,van');
    const shown = (await ask('office', 'policy'))['policy'] as readonly { role: string; revokes: string[] }[];
    expect(shown.find(({ role }) => role === 'manager')?.revokes).toEqual(['till', 'van']);
    expect(await refusal('office', 'policy', 'king', '--revokes', 'none')).toMatch(/^2 .*"king" is not one of/);
  });

  it('takes back what a thief did, with a recovery key of higher priority and within its days', async () => {
    await ask('office', 'day', '2026-03-02');
    expect(await ask('office', 'recovery-keys', 'Safe', '--window-days', '2')).toMatchObject({ windowDays: 2 });
    await ask('office', 'revoke', 'Van', '--reason', 'stolen');
    expect((await device('Van')).status).toBe('revoked');
    const acts = (await ask('office', 'acts'))['acts'] as readonly { kind: string; hash: string }[];
    const act = acts.find(({ kind }) => kind === 'revoke')?.hash ?? '';
    expect(await refusal('office', 'overrule', act)).toMatch(/^1 .*kernel\/priority/);
    expect(await refusal('office', 'overrule', 'ab')).toMatch(/^2 .*is not one act/);
    await ask('safe', 'sync');
    expect(await ask('safe', 'overrule', act.slice(0, 8))).toMatchObject({ kind: 'revoke', synced: true });
    await ask('office', 'sync');
    expect((await device('Van')).status).toBe('active');
    expect(await refusal('office', 'day', '2026-03-02')).toMatch(/kernel\/day/);
  });

  it('lists what a revoked device did, adopts it by person, and dismisses what should not be', async () => {
    // Twice, each time after its last exchange, so that it does not know yet.
    await work('shop');
    await work('shop');
    await ask('office', 'revoke', 'Shop', '--reason', 'left');
    await ask('shop', 'sync');
    await ask('office', 'sync');
    const waiting = (await ask('office', 'quarantine'))['waiting'] as readonly { hash: string; code: string }[];
    expect(waiting.map(({ code }) => code)).toEqual(['kernel/revoked', 'kernel/revoked']);
    const [first, second] = waiting.map(({ hash }) => hash) as [string, string];
    expect(await refusal('office', 'recover')).toMatch(/^2 .*give either OP or --device/);
    expect(await ask('office', 'recover', first.slice(0, 12))).toMatchObject({ adopted: 1, refused: [] });
    expect(await refusal('office', 'dismiss', second)).toMatch(/^2 .*--reason TEXT is missing/);
    expect(await refusal('office', 'recover', first)).toMatch(/^2 .*is not one op that waits/);
    expect(await ask('office', 'dismiss', '--device', 'Shop', '--reason', 'after he left')).toMatchObject({
      dismissed: 1,
    });
    expect((await runTally('quarantine', '--data', at('office'))).stdout).toBe('Nothing waits.\n');
  });

  it('goes on as a new device where its folder was copied, and loses nothing', async () => {
    await enrolDeviceAt('stall', 'Stall', '--role', 'manager');
    cpSync(at('stall'), at('copy'), { recursive: true });
    await work('stall');
    expect(await ask('stall', 'sync')).toMatchObject({ copied: false });
    await work('copy');
    expect(await ask('copy', 'sync')).toMatchObject({ copied: true });
    expect((await runTally('sync', '--data', at('copy'))).stderr).toMatch(/this device was copied/);
    expect(await refusal('copy', 'rotate')).toMatch(/kernel\/forked/);
    const { key, replaces } = await ask('copy', 'renew');
    await ask('office', 'enrol', String(key), '--name', 'Stall 2', '--role', 'manager', '--replaces', 'Stall');
    expect((await device('Stall')).device).toBe(replaces);
    await ask('copy', 'sync');
    expect(await ask('copy', 'recover', '--replaced')).toMatchObject({ adopted: 1 });
    await ask('office', 'sync');
    expect((await ask('office', 'quarantine'))['waiting']).toEqual([]);
  });

  it('goes on by its own root key where an office was copied, and adopts only what a person saw', async () => {
    const solo = String((await ask('solo', 'init'))['book']);
    await ask('solo', 'sync', '--relay', relay.url);
    cpSync(at('solo'), at('thief'), { recursive: true });
    await work('thief');
    await ask('thief', 'sync');
    await work('solo');
    await ask('solo', 'sync');
    const renewed = await ask('solo', 'renew');
    expect(renewed).toMatchObject({ enrolled: true, waiting: [{ verb: 'product.set@1', code: 'kernel/fork' }] });
    expect(await ask('solo', 'quarantine')).toEqual({ book: solo, waiting: renewed['waiting'] });
    expect(await ask('solo', 'recover', '--replaced')).toMatchObject({ adopted: 1 });
    expect((await runTally('renew', '--data', at('solo'))).stdout).toMatch(
      /^this is device [0-9a-f]{64} from here on\nNothing waits\.\n$/,
    );
  });

  it('backs its keys up by passphrase, escrow and shares, and puts them back where they were lost', async () => {
    writeFileSync(at('passphrase'), 'nine ticks and a tock\n');
    const identity = at('identity');
    expect(await refusal('office', 'keys', 'backup', at('e'), '--escrow')).toMatch(/the book names no escrow/);
    await ask('office', 'escrow', '--new', identity);
    expect(statSync(identity).mode & 0o777).toBe(0o600);
    await ask('office', 'keys', 'backup', at('escrowed'), '--escrow');
    const byPassphrase = ['--passphrase-file', at('passphrase'), '--work-factor', '10'];
    await ask('office', 'keys', 'backup', at('sealed'), ...byPassphrase);
    expect(await refusal('office', 'keys', 'backup', at('sealed'), '--escrow')).toMatch(/^1 .*cannot be made/);
    const { sheets } = (await ask('office', 'keys', 'backup', '--shares', '2/3')) as {
      sheets: { words: string; text: string }[];
    };
    writeFileSync(at('sheet-1'), sheets[0]?.words ?? '');
    writeFileSync(at('sheet-3'), sheets[2]?.text ?? '');
    expect((await device('Office')).backups).toEqual(['file', 'organisation']);
    expect((await device('root')).backups).toEqual(['file', 'organisation', 'shares']);

    const { keys } = await ask('office', 'keys', 'list');
    renameSync(at('office'), at('lost'));
    writeFileSync(at('wrong'), 'nine ticks and no tock\n');
    const restore = ['keys', 'restore', '--office'];
    expect(await refusal('office', ...restore, at('sealed'), '--passphrase-file', at('wrong'))).toMatch(
      /custody\/no-match/,
    );
    await ask('office', ...restore, at('sealed'), '--passphrase-file', at('passphrase'));
    expect((await ask('office', 'keys', 'list'))['keys']).toEqual(keys);
    await ask('office', 'sync', '--relay', relay.url, '--book', book);
    await ask('office', 'day', '2026-03-03');

    await ask('other', ...restore, at('escrowed'), '--identity', identity);
    expect((await ask('other', 'keys', 'list'))['keys']).toEqual(keys);
    const rooted = (await device('root')).keyId;
    const sheet = ['keys', 'restore', at('sheet-1')];
    expect(await refusal('paper', ...sheet, at('sheet-3'))).toMatch(/--expect KEY/);
    expect(await refusal('paper', ...sheet, '--expect', rooted)).toMatch(/custody\/share-count/);
    for (const other of ['0'.repeat(12), '0'.repeat(64)])
      expect(await refusal('paper', ...sheet, at('sheet-3'), '--expect', other)).toMatch(/custody\/other-key/);
    await ask('paper', ...sheet, at('sheet-3'), '--expect', rooted.slice(0, 12));
    await ask('paper', 'sync', '--relay', relay.url, '--book', book);
    expect(await ask('paper', 'day', '2026-03-04')).toMatchObject({ day: '2026-03-04', synced: true });

    const asking = await createOrganisationIdentity();
    const { sealed, keyId } = await ask(
      'office',
      'release',
      'Office',
      '--identity',
      identity,
      '--to',
      asking.recipient,
    );
    const opened = await openBackup(String(sealed), { kind: 'organisation', identity: asking.identity });
    expect(opened.ok && opened.value.keyId).toBe(keyId);
  });

  it('counts what verify --every found covered, and finds nothing wrong', async () => {
    expect(await ask('office', 'verify', '--every')).toMatchObject({ ok: true, covered: 0 });
    expect((await runTally('verify', '--every', '--data', at('office'))).stdout).toMatch(/, 0 covered by a later one/);
  });
});
