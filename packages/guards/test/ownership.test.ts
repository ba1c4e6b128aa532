/** One writer at a time, whoever comes late; and what happens where nobody asks who owns a thing. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Verb } from '@tallystick/kernel';
import { ownerOf } from '../src/index.ts';
import { jobVerbs, unguardedJobVerbs } from './job.ts';
import { createScene, expectOneState, type Scene } from './scene.ts';

const [OFFICE, ANN, BOB] = [0, 1, 2];
const entity = 'job-1';
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

async function openScene(verbs: readonly Verb[] = jobVerbs): Promise<Scene> {
  const scene = await createScene(verbs, ['van', 'van', 'manager']);
  open.push(scene);
  return scene;
}
const notesBy = (scene: Scene): readonly string[] =>
  scene.books[OFFICE]!.query<{ by: string }>('SELECT "by" FROM notes ORDER BY "by"').map(({ by }) => by);

describe('exclusive dispatch', () => {
  it('delivers a thing to one device, whoever else dispatched it apart', async () => {
    const scene = await openScene();
    await scene.must(OFFICE, 'work.dispatch', { entity, to: scene.device(ANN) });
    await scene.must(3, 'work.dispatch', { entity, to: scene.device(BOB) });
    await scene.settle();
    expect(scene.books[BOB]!.query('SELECT owner FROM owners')).toEqual([{ owner: scene.device(ANN) }]);
    expect(scene.refusedCodes()).toEqual(['guards/dispatched']);
    expect(await scene.commit(OFFICE, 'work.dispatch', { entity, to: scene.device(BOB) })).toBe('guards/dispatched');
    await expectOneState(scene);
  });

  it('lets a device take what is free, and owners and managers alone give it to others', async () => {
    const scene = await openScene();
    expect(await scene.commit(ANN, 'work.dispatch', { entity, to: scene.device(BOB) })).toBe('guards/role');
    expect(await scene.commit(ANN, 'work.dispatch', { entity, to: scene.device(ANN) })).toBe('ok');
    expect(await scene.commit(OFFICE, 'work.dispatch', { entity: 'job-2', to: '0'.repeat(64) })).toBe(
      'guards/unknown-device',
    );
  });
});

describe('single writer', () => {
  it('is the owner alone', async () => {
    const scene = await openScene();
    expect(await scene.commit(ANN, 'job.note', { entity })).toBe('guards/unowned');
    await scene.must(OFFICE, 'work.dispatch', { entity, to: scene.device(ANN) });
    await scene.settle();
    expect(await scene.commit(ANN, 'job.note', { entity })).toBe('ok');
    expect(await scene.commit(BOB, 'job.note', { entity })).toBe('guards/not-owner');
    expect(await scene.commit(OFFICE, 'handoff.offer', { entity, to: scene.device(BOB) })).toBe('guards/not-owner');
    expect(await scene.commit(OFFICE, 'handoff.offer', { entity: 'job-9', to: scene.device(BOB) })).toBe(
      'guards/unowned',
    );
    expect(await scene.commit(OFFICE, 'handoff.move', { entity: 'job-9', to: scene.device(BOB), reason: 'x' })).toBe(
      'guards/unowned',
    );
  });

  /** Ann notes while the job is given to Bob, who notes too; then all meet. */
  const twoWriters = async (verbs: readonly Verb[]): Promise<Scene> => {
    const scene = await openScene(verbs);
    await scene.must(OFFICE, 'work.dispatch', { entity, to: scene.device(ANN) });
    await scene.settle();
    await scene.must(OFFICE, 'handoff.move', { entity, to: scene.device(BOB), reason: 'Ann does not answer' });
    await scene.sync(OFFICE);
    await scene.sync(BOB);
    await scene.must(ANN, 'job.note', { entity });
    await scene.must(BOB, 'job.note', { entity });
    await scene.settle();
    return scene;
  };

  it('refuses the edit that comes in after a handoff, and shows it', async () => {
    const scene = await twoWriters(jobVerbs);
    expect(notesBy(scene)).toEqual([scene.device(BOB)]);
    const refused = scene.books[OFFICE]!.query('SELECT code, verb, device, details FROM refusals');
    const details = JSON.stringify({ entity, owner: scene.device(BOB) });
    expect(refused).toEqual([{ code: 'guards/not-owner', verb: 'job.note@1', device: scene.device(ANN), details }]);
    await expectOneState(scene);
  });

  it('with the guard off both have written (falsifier)', async () => {
    const scene = await twoWriters(unguardedJobVerbs);
    expect(notesBy(scene)).toEqual([scene.device(ANN), scene.device(BOB)].sort());
    expect(scene.refusedCodes()).toEqual([]);
  });
});

describe('ordered handoff', () => {
  const offered = async (): Promise<{ scene: Scene; offer: string }> => {
    const scene = await openScene();
    await scene.must(OFFICE, 'work.dispatch', { entity, to: scene.device(ANN) });
    await scene.settle();
    await scene.must(ANN, 'job.note', { entity });
    const offer = await scene.must(ANN, 'handoff.offer', { entity, to: scene.device(BOB) });
    return { scene, offer };
  };

  it('takes two ops, between which nobody writes', async () => {
    const { scene, offer } = await offered();
    expect(await scene.commit(ANN, 'job.note', { entity })).toBe('guards/offered');
    expect(await scene.commit(ANN, 'handoff.offer', { entity, to: scene.device(OFFICE) })).toBe('guards/offered');
    expect(await scene.commit(BOB, 'handoff.accept', { entity, offer })).toBe('guards/no-offer');
    await scene.deliver(ANN, BOB);
    expect(await scene.commit(BOB, 'job.note', { entity })).toBe('guards/not-owner');
    await scene.must(BOB, 'handoff.accept', { entity, offer });
    await scene.must(BOB, 'job.note', { entity });
    await scene.settle();
    expect(scene.refusedCodes()).toEqual([]);
    expect(await scene.commit(ANN, 'job.note', { entity })).toBe('guards/not-owner');
    await expectOneState(scene);
  });

  it('is between two: no third takes it, nobody offers to himself or to nobody', async () => {
    const { scene, offer } = await offered();
    await scene.settle();
    expect(await scene.commit(OFFICE, 'handoff.accept', { entity, offer })).toBe('guards/not-addressed');
    await scene.must(BOB, 'handoff.cancel', { entity, offer });
    expect(await scene.commit(BOB, 'handoff.accept', { entity, offer })).toBe('guards/no-offer');
    expect(await scene.commit(BOB, 'handoff.cancel', { entity, offer })).toBe('guards/no-offer');
    await scene.settle();
    expect(await scene.commit(ANN, 'handoff.offer', { entity, to: scene.device(ANN) })).toBe('guards/own-offer');
    expect(await scene.commit(ANN, 'handoff.offer', { entity, to: 'f'.repeat(64) })).toBe('guards/unknown-device');
    expect(await scene.commit(ANN, 'job.note', { entity })).toBe('ok');
  });

  it('is cancelled by its sides, an owner or a manager', async () => {
    const { scene, offer } = await offered();
    const bystander = await createScene(jobVerbs, ['van', 'van', 'van']);
    open.push(bystander);
    await bystander.must(ANN, 'work.dispatch', { entity, to: bystander.device(ANN) });
    const other = await bystander.must(ANN, 'handoff.offer', { entity, to: bystander.device(BOB) });
    await bystander.settle();
    expect(await bystander.commit(3, 'handoff.cancel', { entity, offer: other })).toBe('guards/role');
    await scene.settle();
    expect(await scene.commit(OFFICE, 'handoff.cancel', { entity, offer })).toBe('ok');
  });

  it('says who owns a thing to any verb', () => {
    const row = { entity, owner: 'a', since: 'b', offer: '', offeredTo: '' };
    expect(ownerOf({ get: () => row } as never, entity)).toBe('a');
    expect(ownerOf({ get: () => undefined } as never, entity)).toBeUndefined();
  });
});
