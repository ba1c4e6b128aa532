// Devices that cosign what their relay signed: whose word is kept, which checkpoint is served with it, and what is refused.
import { encodeCheckpoint, signNote } from '@tallystick/chain';
import { cosignCheckpoint, openCosignature } from '@tallystick/chain/op-proof';
import { encodeHex, type OpRecord, type RootHash } from '@tallystick/oplog';
import type { DeviceKey } from '@tallystick/sign';
import { laterKey, proveRotation } from '@tallystick/sign/rotation';
import { beforeEach, describe, expect, it } from 'vitest';
import { originOf } from '../src/index.ts';
import { type Desk, get, openDesk, verifyNote } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, hq, keyOf, relaySigner, type Writer } from './fleet.ts';

let fleet: Fleet;
let desk: Desk;
let till: Writer;
let van: Writer;

beforeEach(async () => {
  fleet = createFleet();
  desk = openDesk();
  const [enrolTill, enrolVan] = [fleet.enrol('till'), fleet.enrol('van', 'van', fleet.root, branch)];
  [till, van] = [enrolTill.writer, enrolVan.writer];
  await desk.push(fleet.book, [fleet.genesis, enrolTill.enrolment]);
  await desk.push(fleet.book, [enrolVan.enrolment], branch);
});

const newest = (): Promise<string> => desk.client.checkpoint(fleet.book, hq);
const say = async (key: DeviceKey, note: string, device = key.device, timeSeconds = 1_764_500_000): Promise<string> => {
  const cosigner = { name: device, publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  return desk.client.cosign(fleet.book, hq, device, await cosignCheckpoint(note, cosigner, timeSeconds, hasher));
};
const refused = { code: 'relay/cosignature', status: 403 };
/** The size that the note is about, and the second in which the key cosigned it. */
async function read(note: string, { device, publicKey }: DeviceKey): Promise<unknown> {
  const opened = await openCosignature(note, { name: device, publicKey }, verifyNote, hasher);
  return opened.ok ? [opened.value.checkpoint.size, opened.value.timeSeconds] : opened.code;
}

describe('a cosignature', () => {
  it('is served with the checkpoint that it is about, and that one when it is asked for', async () => {
    const first = await newest();
    await say(till.key, first);
    // A device of a branch follows `hq` too.
    await say(van.key, first, van.key.device, 7);
    for (const note of [await newest(), await desk.client.cosigned(fleet.book, hq, 2)]) {
      expect(note.startsWith(first)).toBe(true);
      expect([await read(note, till.key), await read(note, van.key)]).toEqual([
        [2, 1_764_500_000],
        [2, 7],
      ]);
    }
    await desk.push(fleet.book, [till.write()]);
    const second = await newest();
    expect(await read(second, till.key)).toBe('chain/note-unsigned');
    await say(till.key, second);
    expect(await read(await desk.client.cosigned(fleet.book, hq, 1), till.key)).toEqual([3, 1_764_500_000]);
    // Only the last word of each device is kept, so nobody but the van stands by the first one now.
    expect(await read(await desk.client.cosigned(fleet.book, hq, 1), van.key)).toBe('chain/note-unsigned');
    await expect(desk.client.cosigned(fleet.book, hq, 2)).rejects.toMatchObject({ code: 'relay/not-cosigned' });
    await say(till.key, first);
    expect(await read(await newest(), till.key)).toEqual([3, 1_764_500_000]);
    desk = openDesk({ store: desk.store });
    expect(await read(await newest(), till.key)).toEqual([3, 1_764_500_000]);
  });

  it('is kept of so many devices', async () => {
    desk = openDesk({ store: desk.store, limits: { maxCosigners: 1 } });
    const note = await newest();
    for (const { key } of [till, van, fleet.root]) await say(key, note);
    expect((await newest()).split('\n').filter((line) => line.startsWith('— '))).toHaveLength(2);
  });

  it('is served of 63 devices at most, which is the most that may be asked for', async () => {
    const made = Array.from({ length: 64 }, (_, index) => fleet.enrol(`till ${index}`));
    await desk.push(
      fleet.book,
      made.map(({ enrolment }) => enrolment),
    );
    const note = await newest();
    for (const { writer } of made) await say(writer.key, note);
    const lines = (await desk.client.cosigned(fleet.book, hq, 63)).split('\n').filter((line) => line.startsWith('— '));
    expect(lines).toHaveLength(64);
    await expect(desk.client.cosigned(fleet.book, hq, 64)).rejects.toMatchObject({ code: 'relay/bad-request' });
  });

  it('is refused by a stranger, under another name, and under a key that the device has left behind', async () => {
    const note = await newest();
    await expect(say(keyOf('stranger'), note)).rejects.toMatchObject(refused);
    await expect(say(till.key, note, van.key.device)).rejects.toMatchObject(refused);
    const second = laterKey(till.key.device, keyOf('till, second key'));
    await expect(say(second, note)).rejects.toMatchObject(refused);
    const first = till.write();
    const args = { ...(await proveRotation(first.hash, second)) };
    await desk.push(fleet.book, [first, till.write({ verb: 'device.rotate@1', args })]);
    await expect(say(till.key, await newest())).rejects.toMatchObject(refused);
    await say(second, await newest());
    const revocation = { verb: 'device.revoke@1', args: { device: till.key.device, reason: 'lost' } };
    await desk.push(fleet.book, [fleet.root.write(revocation)]);
    await expect(say(second, await newest())).rejects.toMatchObject(refused);
    // What it said before it was revoked counts no more: whoever has its key may have said it.
    await expect(desk.client.cosigned(fleet.book, hq, 1)).rejects.toMatchObject({ code: 'relay/not-cosigned' });
  });

  it('is refused of anything that this relay did not sign as this log', async () => {
    const signed = (changes: object, name = 'relay.test'): Promise<string> =>
      Promise.resolve(
        signNote(
          encodeCheckpoint({
            origin: originOf({ name }, fleet.book, hq),
            size: 2,
            root: 'ab'.repeat(32) as RootHash,
            ...changes,
          }),
          relaySigner(name),
          hasher,
        ),
      );
    const root = encodeHex(Buffer.from((await newest()).split('\n')[2] as string, 'base64')) as RootHash;
    const notes = [await signed({}), await signed({ root, size: 1 }), await signed({ root }, 'other.test')];
    for (const note of notes) await expect(say(till.key, note)).rejects.toMatchObject(refused);
    const elsewhere = await desk.client.checkpoint(fleet.book, branch);
    await expect(say(till.key, elsewhere)).rejects.toMatchObject(refused);
    for (const text of ['', 'no note', await newest()])
      await expect(desk.client.cosign(fleet.book, hq, till.key.device, text)).rejects.toMatchObject(refused);
    expect(await read(await newest(), till.key)).toBe('chain/note-unsigned');
  });

  it('is bounded, and has a path of its own', async () => {
    const path = `/v1/books/${fleet.book}/scopes/hq/cosignatures/${till.key.device}`;
    expect((await get(desk, path)).status).toBe(405);
    const post = (body: string, at = path): Promise<Response> =>
      desk.relay.fetch(new Request(`http://relay.test${at}`, { method: 'POST', body }));
    expect((await post('x'.repeat(20_000))).status).toBe(413);
    expect((await post('x', path.replace(fleet.book, 'ab'.repeat(32)))).status).toBe(404);
    expect((await post('x', `${path}0`)).status).toBe(404);
    for (const count of ['-1', 'x', '']) {
      const { status } = await get(desk, `/v1/books/${fleet.book}/scopes/hq/checkpoint?cosigned=${count}`);
      expect(status).toBe(400);
    }
  });
});

it('counts for nothing when only its line was bent', async () => {
  const { key } = till;
  const cosigner = { name: key.device, publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) };
  const note = await cosignCheckpoint(await newest(), cosigner, 5, hasher);
  const bent = note.slice(0, -6) + (note.at(-6) === 'A' ? 'B' : 'A') + note.slice(-5);
  await expect(desk.client.cosign(fleet.book, hq, key.device, bent)).rejects.toMatchObject(refused);
  const record: OpRecord = till.write();
  expect((await desk.push(fleet.book, [record])).results[0]).toMatchObject({ verdict: 'stored' });
});
