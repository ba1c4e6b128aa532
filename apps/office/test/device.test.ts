// A book begun from the command line, and a device that joins it by a key text: init, enrol, sync, export, as processes.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from '@tallystick/retail';
import { type RunningRelay, startRelay } from '@tallystick-app/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './temporary.ts';
import { jsonOf, runTally } from './tally-process.ts';

/** The public key of RFC 8032, test 1. */
const goodKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const folder = temporaryFolder();
const office = join(folder, 'office-home');
const till = join(folder, 'till-home');
let relay: RunningRelay;

beforeAll(async () => {
  relay = await startRelay({ dataDir: join(folder, 'relay'), port: 0 });
});
afterAll(async () => {
  await relay?.close();
});

describe('a book from the command line', () => {
  let book: string;

  it('is opened once', async () => {
    const opened = jsonOf(
      await runTally('init', '--data', office, '--name', 'Corner shop', '--currency', 'EUR', '--json'),
    );
    book = String(opened['book']);
    expect(book).toMatch(/^[0-9a-f]{64}$/);
    const again = await runTally('init', '--data', office);
    expect(again).toMatchObject({ status: 1, stdout: '' });
    expect(again.stderr).toContain('there is a book here already');
  });

  it('cannot be synced before it is told of a relay', async () => {
    const refused = await runTally('sync', '--data', office);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('--relay URL is missing');
  });

  it('takes a device in by the text of its key, and the device takes the book in', async () => {
    expect(jsonOf(await runTally('sync', '--data', office, '--relay', relay.url, '--json'))).toMatchObject({
      book,
      role: 'owner',
    });
    const key = (await runTally('enrol', '--data', till)).stdout.trim();
    expect(key).toMatch(/^tallystick-device-1:[0-9a-f]{64}$/);
    // Asked again, it is the same device.
    expect((await runTally('enrol', '--data', till)).stdout.trim()).toBe(key);

    const early = await runTally('sync', '--data', till, '--relay', relay.url, '--book', book);
    expect(early.stdout).toContain('this device is not enrolled in the book yet');
    const enrolled = jsonOf(
      await runTally('enrol', key, '--data', office, '--name', 'Till 1', '--role', 'van', '--json'),
    );
    expect(enrolled).toMatchObject({ book, role: 'van', name: 'Till 1' });
    const joined = jsonOf(await runTally('sync', '--data', till, '--json'));
    expect(joined).toMatchObject({ book, role: 'van', notTaken: 0 });
    // The opening, the office's enrolment, the accounts, and the till's enrolment.
    const ops = chart.length + 3;
    for (const home of [office, till])
      expect(jsonOf(await runTally('prove', '--data', home, '--json'))).toMatchObject({ ok: true, ops });
  });

  it('is exported whole, under its name only when it is', async () => {
    const file = join(folder, 'shop.book');
    expect(jsonOf(await runTally('export', file, '--data', till, '--json'))).toMatchObject({ book, file });
    expect(readFileSync(file, 'utf8').split('\n')[0]).toContain(`"book":"${book}"`);
    expect(existsSync(`${file}.part`)).toBe(false);
    const nowhere = await runTally('export', join(folder, 'no', 'such', 'folder.book'), '--data', till);
    expect(nowhere).toMatchObject({ status: 1, stdout: '' });
    expect(nowhere.stderr.split('\n')).toHaveLength(2);
  });

  it.each([
    [['enrol', 'tallystick-device-1:zz', '--name', 'X'], /is not the key text of a device/],
    [['enrol', `tallystick-device-1:${'00'.repeat(32)}`, '--name', 'X'], /is not the key text of a device/],
    [['enrol', `tallystick-device-1:${goodKey}`], /--name NAME is missing/],
    [['enrol', `tallystick-device-1:${goodKey}`, '--name', 'X', '--role', 'king'], /--role "king" is not one of/],
    [['enrol'], /KEY-TEXT is missing: this is an office/],
    [['sync', '--book', 'ab'.repeat(32)], /holds book [0-9a-f]{64}, not abab/],
  ])('refuses %j in one line', async (args, message) => {
    const { status, stdout, stderr } = await runTally(...args, '--data', office);
    expect(status).not.toBe(0);
    expect({ stdout, lines: stderr.split('\n').length - 1 }).toEqual({ stdout: '', lines: 1 });
    expect(stderr).toMatch(message);
  });
});
