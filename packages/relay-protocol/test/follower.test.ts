// What a follower makes of a relay that forgets, rewrites, shows two faces or is out of reach, and of a damaged page.
import { encodeCheckpoint, signNote } from '@tallystick/chain';
import type { OpRecord, RootHash, Tip } from '@tallystick/oplog';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRelayStore, type PullPage, RelayError, type RelayClient, verifyCheckpoint } from '../src/index.ts';
import { bodyOf, type Desk, emptyTip, follow, followAll, openDesk, verifyNote } from './desk.ts';
import { createFleet, type Fleet, hasher, hq, relaySigner } from './fleet.ts';

let fleet: Fleet;
let records: OpRecord[];
let desk: Desk;
let tip: Tip;

/** A relay with some of the ops, in batches of two. */
async function relayWith(ops: readonly OpRecord[], options: Parameters<typeof openDesk>[0] = {}): Promise<Desk> {
  const desk = openDesk(options);
  for (let from = 0; from < ops.length; from += 2) await desk.push(fleet.book, ops.slice(from, from + 2));
  return desk;
}

async function failureOf(desk: { client: RelayClient }, from: Tip): Promise<RelayError> {
  const follower = follow(desk.client, fleet.book, hq, from);
  const error = await followAll(follower, from).then(
    () => new Error('nothing was noticed'),
    (failure: unknown) => failure,
  );
  if (!(error instanceof RelayError)) throw error;
  return error;
}

/** The relay's answers, changed on the way. */
function tampered(
  change: (page: PullPage) => Partial<PullPage>,
  more: Partial<RelayClient> = {},
): { client: RelayClient } {
  const pull: RelayClient['pull'] = async (book, scope, from) => {
    const page = await desk.client.pull(book, scope, from);
    return { ...page, ...change(page) };
  };
  return { client: { ...desk.client, pull, ...more } };
}

beforeEach(async () => {
  fleet = createFleet();
  records = [fleet.genesis, ...fleet.root.writeMany(9)];
  desk = await relayWith(records.slice(0, 6));
  tip = (await followAll(follow(desk.client, fleet.book))).tip;
});

describe('a follower', () => {
  it('ends where the relay ends, with its note, and goes on from there', async () => {
    expect(tip.size).toBe(6);
    expect((await bodyOf(tip.note)).split('\n')[1]).toBe('6');
    const follower = follow(desk.client, fleet.book, hq, tip);
    expect(await follower.next()).toBeUndefined();
    await desk.push(fleet.book, records.slice(6));
    const page = await follower.next();
    expect(page?.records.map(({ hash }) => hash)).toEqual(records.slice(6).map(({ hash }) => hash));
    expect(await follower.next()).toBeUndefined();
  });

  it('finds nothing in a book or scope that is not there, when it has nothing itself', async () => {
    expect(await follow(openDesk().client, fleet.book).next()).toBeUndefined();
    expect(await follow(desk.client, fleet.book, 'claims' as typeof hq).next()).toBeUndefined();
  });

  it('reaches the same root page by page and at once', async () => {
    const paged = await relayWith(records, { limits: { maxBatchOps: 2, maxPageOps: 2 } });
    const whole = await relayWith(records);
    const [slow, fast] = [
      await followAll(follow(paged.client, fleet.book)),
      await followAll(follow(whole.client, fleet.book)),
    ];
    expect([slow.pages, fast.pages]).toEqual([5, 1]);
    expect(slow.tip).toEqual(fast.tip);
  });
});

describe('a relay that', () => {
  it('was wiped is noticed', async () => {
    const wiped = openDesk();
    const error = await failureOf(wiped, tip);
    expect([error.code, error.evidence]).toEqual(['relay/rolled-back', [tip.note]]);
  });

  it('was rolled back is noticed, with both notes', async () => {
    const older = await relayWith(records.slice(0, 4));
    const error = await failureOf(older, tip);
    expect([error.code, error.evidence]).toEqual([
      'relay/rolled-back',
      [tip.note, await older.client.checkpoint(fleet.book, hq)],
    ]);
  });

  it('was rolled back and refilled in the old order is trusted again', async () => {
    const refilled = await relayWith(records);
    expect(await followAll(follow(refilled.client, fleet.book, hq, tip), tip)).toMatchObject({ tip: { size: 10 } });
  });

  it('shows another history of the same size is convicted by its own two notes', async () => {
    const other = fleet.root.craft({ seq: 6, prev: (records[4] as OpRecord).hash, args: { note: 'another' } });
    const twoFaced = await relayWith([...records.slice(0, 5), other]);
    const error = await failureOf(twoFaced, tip);
    expect(error.code).toBe('relay/inconsistent');
    const check = { key: relaySigner(), origin: `relay.test/${fleet.book}/hq`, verify: verifyNote, hasher };
    const opened = await Promise.all(error.evidence.map((note) => verifyCheckpoint(note, check)));
    const [ours, theirs] = opened.map((one) => (one.ok ? one.value : undefined));
    expect([ours?.size, theirs?.size]).toEqual([6, 6]);
    expect(ours?.root).not.toBe(theirs?.root);
  });

  it('goes on from another history is noticed, whether it offers a proof or none', async () => {
    const other = fleet.root.craft({ seq: 6, prev: (records[4] as OpRecord).hash, args: { note: 'another' } });
    const next = fleet.root.craft({ seq: 7, prev: other.hash });
    const twoFaced = await relayWith([...records.slice(0, 5), other, next]);
    const consistency = async (): Promise<never> => {
      throw new RelayError('relay/bad-request', 'no', { status: 400 });
    };
    for (const client of [twoFaced.client, { ...twoFaced.client, consistency }]) {
      const error = await failureOf({ client }, tip);
      expect([error.code, error.evidence[0]]).toEqual(['relay/inconsistent', tip.note]);
      expect((await bodyOf(error.evidence[1] as string)).split('\n')[1]).toBe('7');
    }
  });

  it('is out of reach when asked for the proof has said nothing yet', async () => {
    const consistency = async (): Promise<never> => {
      throw new RelayError('relay/unreachable', 'no answer');
    };
    await desk.push(fleet.book, records.slice(6, 8));
    const damaged = tampered((page) => ({ frames: page.frames.toReversed() }), { consistency });
    expect((await failureOf(damaged, tip)).code).toBe('relay/unreachable');
  });

  it('signs with another key, or about another log, is not believed', async () => {
    const other = await relayWith(records, { signer: relaySigner('relay.other') });
    expect((await failureOf(other, emptyTip)).code).toBe('relay/bad-note');
    const fleetNote = tip.note;
    const elsewhere = createFleet('another shop');
    await desk.push(elsewhere.book, [elsewhere.genesis]);
    const mixed = tampered(() => ({ checkpoint: fleetNote }));
    await expect(follow(mixed.client, elsewhere.book).next()).rejects.toMatchObject({ code: 'relay/bad-note' });
  });
});

describe('a page that', () => {
  beforeEach(async () => {
    await desk.push(fleet.book, records.slice(6, 10));
  });

  it('is damaged on the way is a bad page, and the relay is not accused', async () => {
    const flip = (frames: readonly Uint8Array[]): Uint8Array[] =>
      frames.map((bytes, index) => {
        const copy = bytes.slice();
        if (index === 1) copy[40] = (copy[40] as number) ^ 1;
        return copy;
      });
    const changes: ((page: PullPage) => Partial<PullPage>)[] = [
      ({ frames }) => ({ frames: flip(frames) }),
      ({ frames }) => ({ frames: frames.slice(0, -1) }),
      ({ frames }) => ({ frames: [...frames.slice(0, -1), new Uint8Array(100)] }),
      ({ frames }) => ({ frames: frames.toReversed() }),
      () => ({ frames: [] }),
    ];
    for (const change of changes) {
      for (const from of [tip, emptyTip]) {
        const error = await failureOf(tampered(change), from);
        expect([error.code, error.evidence]).toEqual(['relay/bad-page', []]);
      }
    }
  });

  it('holds an op of another scope is a bad page even when the relay signed it', async () => {
    const signer = relaySigner();
    const store = createMemoryRelayStore();
    const desk = openDesk({ store });
    await desk.push(fleet.book, [fleet.genesis]);
    const away = fleet.root.write({ scope: 'b/042' as typeof hq });
    const client = {
      ...desk.client,
      pull: async (): Promise<PullPage> => {
        const body = encodeCheckpoint({
          origin: `relay.test/${fleet.book}/hq`,
          size: 1,
          root: 'ab'.repeat(32) as RootHash,
        });
        return { from: 0, frames: [away.bytes], checkpoint: await signNote(body, signer, hasher), size: 1 };
      },
    };
    expect((await failureOf({ client }, emptyTip)).code).toBe('relay/bad-page');
  });
});
