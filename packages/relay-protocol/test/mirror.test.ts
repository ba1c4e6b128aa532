// A log as files: what is published is what the relay serves, however often; whatever else lies there is refused.
import { encodeVerifierKey } from '@tallystick/chain';
import type { OpRecord, Tip } from '@tallystick/oplog';
import { beforeAll, describe, expect, it } from 'vitest';
import { RelayError } from '../src/index.ts';
import { type MirrorPlace, openMirror, publishIndex, publishLog } from '../src/mirror.ts';
import { encodeRelayProof, splitOverTiles, verifyRelayProof } from '../src/proof.ts';
import { emptyTip, followAll, follow, get, openDesk, verifyNote } from './desk.ts';
import { branch, createFleet, type Fleet, hasher, hq, relaySigner } from './fleet.ts';

const check = { relay: relaySigner(), verify: verifyNote, hasher };
let fleet: Fleet;
let log: OpRecord[];
/** The same log and then others. */
let forked: OpRecord[];

beforeAll(() => {
  fleet = createFleet();
  log = [fleet.genesis, ...fleet.root.writeMany(599)];
  forked = log.slice(0, 550);
  for (let last = forked.at(-1) as OpRecord; forked.length < 600; forked.push(last))
    last = fleet.root.craft({ seq: last.op.seq + 1, prev: last.hash, args: { note: 'another' } });
});

interface Folder extends MirrorPlace {
  readonly files: Map<string, Uint8Array>;
}

function folder(files: Iterable<readonly [string, Uint8Array]> = []): Folder {
  const kept = new Map(files);
  return {
    files: kept,
    load: (name) => kept.get(name),
    save: (name, bytes) => void kept.set(name, bytes),
    drop: (name) => void kept.delete(name),
  };
}

/** What a device that followed the relay to here publishes. */
async function publish(place: Folder, records: readonly OpRecord[], scope = hq): Promise<number> {
  const desk = openDesk();
  await desk.push(fleet.book, records);
  const note = await desk.client.checkpoint(fleet.book, hq);
  const source = { book: fleet.book, scope, size: records.length, note, base: 0 };
  await publishIndex(place, { book: fleet.book, scopes: [scope] });
  return publishLog(place, { ...source, records: (from, limit) => records.slice(from, from + limit) }, check);
}

const read = (place: Folder, tip: Tip = emptyTip): ReturnType<typeof followAll> =>
  followAll(follow(openMirror(place, check) as never, fleet.book, hq, tip), tip);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return error instanceof RelayError ? error.code : 'none';
}

describe('a mirror', () => {
  it('holds the same files whether it was published at once or bit by bit, and they are those of the relay', async () => {
    const [whole, grown] = [folder(), folder()];
    expect(await publish(whole, log)).toBe(0);
    for (const [size, before] of [
      [1, 0],
      [255, 1],
      [256, 255],
      [300, 256],
      [600, 300],
      [600, 600],
    ] as const)
      expect(await publish(grown, log.slice(0, size))).toBe(before);
    expect([...grown.files.keys()].sort()).toEqual([...whole.files.keys()].sort());
    expect(grown.files).toEqual(whole.files);
    const desk = openDesk();
    await desk.push(fleet.book, log);
    for (const [name, bytes] of [...whole.files].filter(([name]) => name.startsWith('log/hq/tile/'))) {
      const served = await get(desk, `/v1/books/${fleet.book}/scopes/hq/${name.slice('log/hq/'.length)}`);
      expect([name, new Uint8Array(await served.arrayBuffer())]).toEqual([name, new Uint8Array(bytes)]);
    }
    expect(await openMirror(whole, check).index()).toEqual({ book: fleet.book, scopes: [hq] });
  });

  it('is read from nothing and from anywhere, to the tip that the relay signed', async () => {
    const place = folder();
    await publish(place, log.slice(0, 290));
    const early = await read(place);
    await publish(place, log);
    const [late, whole] = [await read(place, early.tip), await read(place)];
    expect([early.tip.size, late.records.length, late.tip]).toEqual([290, 310, whole.tip]);
    expect(whole.records.map(({ hash }) => hash)).toEqual(log.map(({ hash }) => hash));
  });

  it('that is published anew while it is read is read anew', async () => {
    const place = folder();
    await publish(place, log.slice(0, 290));
    let isAsked = false;
    const load = async (name: string): Promise<Uint8Array | undefined> => {
      if (name.includes('entries') && !isAsked) {
        isAsked = true;
        await publish(place, log);
      }
      return place.load(name);
    };
    expect((await read({ ...place, load })).tip.size).toBe(600);
  });

  it('that is stale, forged, damaged, mixed or not whole is refused', async () => {
    const [place, old, other] = [folder(), folder(), folder()];
    await publish(place, log);
    await publish(old, log.slice(0, 290));
    await publish(other, forked);
    const { tip } = await read(place);
    expect(await codeOf(read(old, tip))).toBe('relay/mirror-stale');
    const changed = async (name: string, change: (bytes: Uint8Array) => Uint8Array): Promise<string> =>
      codeOf(read(folder([...place.files].map(([key, bytes]) => [key, key === name ? change(bytes) : bytes]))));
    const without = (name: string): Promise<string> =>
      codeOf(read(folder([...place.files].filter(([key]) => key !== name))));
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 60 ? byte ^ 1 : byte));
    expect(await changed('log/hq/checkpoint', flip)).toMatch(/mirror-(damaged|other)/);
    expect(await changed('log/hq/tile/entries/001', flip)).toBe('relay/bad-page');
    expect(await changed('log/hq/tile/entries/001', (bytes) => bytes.slice(0, -1))).toBe('relay/mirror-damaged');
    expect(
      await changed(
        'log/hq/tile/entries/002.p/88',
        () => other.files.get('log/hq/tile/entries/002.p/88') as Uint8Array,
      ),
    ).toBe('relay/bad-page');
    expect(await without('log/hq/tile/entries/000')).toBe('relay/mirror-missing');
    expect(await codeOf(openMirror(folder([['mirror.json', Uint8Array.of(1)]]), check).index())).toBe(
      'relay/mirror-format',
    );
    const stranger = { ...check, relay: relaySigner('relay.other') };
    expect(await codeOf(openMirror(place, stranger).pull(fleet.book, hq, 0))).toBe('relay/mirror-other');
    const moved = folder([...place.files].map(([name, bytes]) => [name.replace('/hq/', '/b.042/'), bytes]));
    expect(await codeOf(openMirror(moved, check).pull(fleet.book, branch, 0))).toBe('relay/mirror-other');
  });

  it('of another log of the same relay convicts the relay', async () => {
    const [place, other] = [folder(), folder()];
    await publish(place, log.slice(0, 590));
    await publish(other, forked);
    const { tip } = await read(place);
    const error = await read(other, tip).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toMatchObject({ code: 'relay/inconsistent' });
    const [ours = '', theirs = ''] = (error as RelayError).evidence;
    const at = { client: openMirror(other, check), book: fleet.book, scope: hq };
    const proof = await splitOverTiles(at, { size: 590, note: ours }, { size: 600, note: theirs }, hasher);
    const text = encodeRelayProof(proof, encodeVerifierKey(check.relay, hasher));
    expect(await verifyRelayProof(text, check)).toMatchObject({ ok: true, value: { kind: 'split', promised: 590 } });
  });

  it('is not added to by who has less, another log, another book, or not the tiles that lie there', async () => {
    const place = folder();
    await publish(place, log.slice(0, 590));
    expect(await codeOf(publish(place, log.slice(0, 580)))).toBe('relay/mirror-stale');
    expect(await codeOf(publish(folder(place.files), forked.slice(0, 590)))).toBe('relay/mirror-other');
    expect(await codeOf(publish(folder(place.files), forked))).toBe('relay/mirror-damaged');
    const tile = place.files.get('log/hq/tile/0/002.p/78') as Uint8Array;
    place.files.set(
      'log/hq/tile/0/002.p/78',
      tile.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
    );
    expect(await codeOf(publish(place, log))).toBe('relay/mirror-damaged');
    expect(await codeOf(publishIndex(place, { book: createFleet('another').book, scopes: [] }))).toBe(
      'relay/mirror-other',
    );
    const note = await openDesk()
      .push(fleet.book, log)
      .then(({ checkpoint }) => checkpoint);
    const later = { book: fleet.book, scope: hq, size: 600, note, base: 300, records: () => [] };
    expect(await codeOf(publishLog(folder(), later, check))).toBe('relay/mirror-missing');
  });
});
