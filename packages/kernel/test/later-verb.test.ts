// A release of the kernel that has one verb more than the first one: in force by adoption alone, so that no two kernels disagree.
import * as first from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { encodeHex } from '@tallystick/oplog';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as builtin from '../src/builtin.ts';
import { firstVerbs } from '../src/builtin.ts';
import { memoryKeys, testEdge } from './shop.ts';

const ofTheFirstRelease = [
  'book.open@1',
  'device.enroll@1',
  'device.admit@1',
  'device.rotate@1',
  'device.revoke@1',
  'policy.revoke@1',
  'device.recover@1',
  'device.dismiss@1',
  'recovery.set@1',
  'key.overrule@1',
  'day.open@1',
  'policy.day@1',
  'manifest.adopt@1',
  'hq.mark@1',
  'book.attest@1',
  'relay.appoint@1',
];

type Kernel = typeof first;
type AnyBook = first.Book<readonly first.Verb[]>;
let later: Kernel;

beforeAll(async () => {
  // Modules that come later would come twice.
  await first.loadParts();
  vi.resetModules();
  vi.doMock('../src/builtin.ts', async (original) => {
    const kernel = await original<typeof builtin>();
    const { defineVerb } = await import('../src/verb.ts');
    const label = defineVerb<'device.label', { readonly day: string }>({
      name: 'device.label',
      version: 1,
      roles: ['owner'],
      tables: [kernel.devices],
      args: kernel.dayOpen.args,
      plan: (view, op, { day }) => {
        const row = view.get(kernel.devices, { device: op.device });
        return row === undefined ? [] : [kernel.devices.write({ ...row, name: `since ${day}` })];
      },
    });
    return { ...kernel, builtinVerbs: [...kernel.builtinVerbs, label] };
  });
  later = await import('@tallystick/kernel');
  vi.doUnmock('../src/builtin.ts');
});
// Whoever comes next in this process has the kernel as it is.
afterAll(() => void vi.resetModules());

const label = ['device.label' as 'day.open', { day: '2026-11-22' }] as const;
const namesIn = (book: AnyBook) => book.query("SELECT name FROM devices WHERE name <> 'root' ORDER BY name");

function open(kernel: Kernel, keys = memoryKeys(), book?: AnyBook['id']): Promise<AnyBook> {
  const verbs: readonly first.Verb[] = [];
  const options = { store: nodeStore(':memory:'), keys, verbs, edge: testEdge(), release: 'pos 2' };
  return kernel.openBook(book === undefined ? options : { ...options, book, edge: testEdge(2) });
}

describe('the verbs of the kernel', () => {
  it('that need no adoption are those of the first release', () => {
    expect([...firstVerbs]).toEqual(ofTheFirstRelease);
    expect(first.builtinVerbs.filter(({ ref }) => !firstVerbs.has(ref))).toEqual([]);
    expect(later.builtinVerbs.map(({ ref }) => ref).filter((ref) => !firstVerbs.has(ref))).toEqual(['device.label@1']);
  });

  it('that came later have no effect before they are adopted, and stop a kernel that lacks them', async () => {
    const [ownerKeys, tillKeys] = [memoryKeys(), memoryKeys()];
    const before = await open(first, ownerKeys);
    const file = await before.export();
    const owner = await open(later, ownerKeys, before.id);
    await owner.import(file);
    await owner.anchor();
    expect(await owner.commit(...label)).toMatchObject({ ok: false, code: 'kernel/not-adopted' });
    const key = await tillKeys.create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name: 'till', role: 'till' } as const;
    expect(await owner.commit('device.enroll', args)).toMatchObject({ ok: true });
    const till = await open(first, tillKeys, before.id);
    await till.import(await owner.export());
    expect(till.digest()).toEqual(owner.digest());

    expect(await owner.adopt()).toMatchObject({ ok: true });
    expect(await owner.commit(...label)).toMatchObject({ ok: true });
    expect(namesIn(owner)).toEqual([{ name: 'since 2026-11-22' }, { name: 'till' }]);
    await till.import(await owner.export());
    const [stopped] = till.status().scopes;
    expect(stopped?.stop).toMatchObject({ code: 'kernel/unsupported-verb', verb: 'device.label@1', release: 'pos 2' });
    expect(namesIn(till)).toEqual([{ name: 'office' }, { name: 'till' }]);
  });

  it('that came later are in force in a new book from its first op on', async () => {
    const owner = await open(later);
    expect(await owner.adopt()).toBeUndefined();
    expect(await owner.commit(...label)).toMatchObject({ ok: true });
  });
});
