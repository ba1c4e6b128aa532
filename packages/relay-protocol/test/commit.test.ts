// Group commit: what waits together becomes durable together, and nobody is the worse for a neighbour.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseScope, type Scope } from '@tallystick/oplog';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Batch, createMemoryRelayStore, RelayError, type RelayStore } from '../src/index.ts';
import { clientOf, type Desk, follow, followAll, openDesk } from './desk.ts';
import { branch, createFleet, type Fleet, forge, hq } from './fleet.ts';

const yard = parseScope('b/yard') as Scope;

/** A store that notes its appends and refuses what it is told to. */
function watched(): { store: RelayStore; appends: (readonly Batch[])[]; refuse: (batches: readonly Batch[]) => void } {
  const store = createMemoryRelayStore();
  const seen: ReturnType<typeof watched> = {
    appends: [],
    refuse: () => undefined,
    store: {
      ...store,
      async append(batches) {
        seen.refuse(batches);
        seen.appends.push(batches);
        await store.append(batches);
      },
    },
  };
  return seen;
}

describe('pushes that wait together', () => {
  let fleet: Fleet;
  let seen: ReturnType<typeof watched>;
  let desk: Desk;

  beforeEach(async () => {
    fleet = createFleet();
    seen = watched();
    desk = openDesk({ store: seen.store });
    await desk.push(fleet.book, [fleet.genesis]);
    seen.appends.length = 0;
  });

  it('become one transaction over their scopes and books, and each gets its own answer', async () => {
    const other = createFleet('another shop');
    const tills = ['one', 'two', 'three'].map((name) => fleet.enrol(name));
    await desk.push(
      fleet.book,
      tills.map(({ enrolment }) => enrolment),
    );
    seen.appends.length = 0;
    const unknown = desk.push(createFleet('not here').book, [fleet.root.craft({})]);
    const [, answers] = await Promise.all([
      expect(unknown).rejects.toMatchObject({ code: 'relay/unknown-book' }),
      Promise.all([
        ...tills.map(({ writer }) => desk.push(fleet.book, writer.writeMany(2))),
        desk.push(fleet.book, [fleet.root.write({ scope: branch })], branch),
        desk.push(other.book, [other.genesis, forge(other.root.write())]),
      ]),
    ]);
    const verdicts = answers.map(({ results }) => results.map(({ verdict, position }) => `${verdict}@${position}`));
    expect(verdicts).toEqual([
      ['stored@4', 'stored@5'],
      ['stored@6', 'stored@7'],
      ['stored@8', 'stored@9'],
      ['stored@0'],
      ['stored@0', 'bad-signature@undefined'],
    ]);
    expect(seen.appends.length).toBeLessThan(3);
    expect(seen.appends.flat().map(({ scope, entries }) => [scope, entries.length])).toEqual([
      [hq, 6],
      [branch, 1],
      [hq, 1],
    ]);
    expect((await followAll(follow(desk.client, fleet.book))).records).toHaveLength(10);
  });

  it('are judged one after another: the same op is stored once, and what hq lets in writes elsewhere', async () => {
    const { writer, enrolment } = fleet.enrol('till');
    const sale = writer.write({ scope: branch });
    const [late, first, again] = await Promise.all([
      desk.push(fleet.book, [sale], branch),
      desk.push(fleet.book, [enrolment]),
      desk.push(fleet.book, [enrolment]),
    ]);
    expect([late, first, again].map(({ results }) => results[0]?.verdict)).toEqual(['stored', 'stored', 'exists']);
    expect(seen.appends).toHaveLength(1);
  });

  it('are all unanswered when the transaction fails, and judged again when somebody else wrote first', async () => {
    const other = createFleet('another shop');
    const tills = ['one', 'two'].map((name) => fleet.enrol(name));
    seen.refuse = () => {
      throw new Error('disk full');
    };
    const failed = await Promise.allSettled([
      desk.push(fleet.book, [(tills[0] as (typeof tills)[0]).enrolment]),
      desk.push(other.book, [other.genesis]),
    ]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    let conflicts = 0;
    seen.refuse = () => {
      conflicts += 1;
      if (conflicts < 3) throw new RelayError('relay/conflict', 'another front end was first');
    };
    const { results } = await desk.push(
      fleet.book,
      tills.map(({ enrolment }) => enrolment),
    );
    expect([conflicts, ...results.map(({ verdict }) => verdict)]).toEqual([3, 'stored', 'stored']);
  });

  it('do not suffer from a book whose log is damaged', async () => {
    const other = createFleet('a damaged shop');
    await desk.push(other.book, [other.genesis]);
    const { tile } = seen.store;
    seen.store.tile = (book, ...place) => (book === other.book ? undefined : tile(book, ...place));
    const [damaged, sound] = await Promise.allSettled([
      desk.push(other.book, [other.root.write()]),
      desk.push(fleet.book, [fleet.root.write()]),
    ]);
    expect(damaged).toMatchObject({ status: 'rejected', reason: { code: 'relay/failed' } });
    expect(sound).toMatchObject({ status: 'fulfilled', value: { results: [{ verdict: 'stored' }] } });
  });

  it('are told of a store that fails at once for one log and later for another, and nothing else is', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', hear);
    const { log } = seen.store;
    seen.store.log = (book, scope) => {
      if (scope === branch) throw new Error('what is in memory is damaged');
      return scope === yard ? sleep(5).then(() => Promise.reject(new Error('the server is gone'))) : log(book, scope);
    };
    const once = clientOf(desk.relay, { retry: { attempts: 1 } });
    await once.info();
    const pushAll = [yard, branch, hq].map((scope) => once.push(fleet.book, scope, [fleet.root.write({ scope })]));
    const settled = (await Promise.allSettled(pushAll)).map(({ status }) => status);
    await sleep(20);
    process.off('unhandledRejection', hear);
    expect({ settled, unheard }).toEqual({ settled: ['rejected', 'rejected', 'fulfilled'], unheard: [] });
  });

  it('do not suffer from a damaged log of their own book, and a store that fails is not asked about each of them', async () => {
    const scopes = Array.from({ length: 30 }, (_, index) => parseScope(`b/${index}`) as Scope);
    for (const scope of scopes) await desk.push(fleet.book, [fleet.root.write({ scope })], scope);
    const { tile } = seen.store;
    seen.store.tile = (book, scope, ...place) => (scope === scopes[3] ? undefined : tile(book, scope, ...place));
    seen.refuse = (batches) => {
      if (batches.some(({ scope }) => scope === scopes[7])) throw new Error('the page of this log is damaged');
    };
    const once = clientOf(desk.relay, { retry: { attempts: 1 } });
    await once.info();
    const pushAll = (): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(scopes.map((scope) => once.push(fleet.book, scope, [fleet.root.write({ scope })])));
    const failed = (await pushAll()).flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(failed).toEqual([3, 7]);
    let appends = 0;
    seen.refuse = () => {
      appends += 1;
      throw new Error('disk full');
    };
    // What goes on from an op that was lost is a gap, and no failure.
    const stored = (await pushAll()).flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(stored).toEqual([3, 7]);
    expect(appends).toBeLessThan(30);
  });
});
