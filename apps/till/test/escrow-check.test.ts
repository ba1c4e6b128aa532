// A key that was sealed by an invitation counts as backed up only where the book names the same people.
import { portableHasher } from '@tallystick/chain';
import { createBackedUpKey, createOrganisationIdentity } from '@tallystick/custody';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareSealed, isSealedElsewhere, noteSealed } from '../src/engine/escrow-check.ts';
import { readKeyState } from '../src/engine/key-state.ts';
import type { MadeKey } from '../src/engine/requests.ts';
import { type Counter, openCounter } from './counter.ts';

const ours = `age1${'q'.repeat(58)}`;
const second = `age1${'p'.repeat(58)}`;
const stranger = `age1${'z'.repeat(58)}`;
let counter: Counter;
let keys = 0;
let key: MadeKey;

beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter.close());
beforeEach(() => {
  keys += 1;
  key = { slot: 'device', keyId: keys.toString(16).padStart(64, '0'), backups: [], sealedTo: [ours, second] };
});

async function bookNames(...recipients: readonly string[]): Promise<void> {
  const named = await counter.shop.book.commit('escrow.set', { recipients });
  if (!named.ok) throw new Error(named.code);
}

function isElsewhere({ keyId }: MadeKey): boolean {
  return isSealedElsewhere(counter.shop.log, counter.shop.book, keyId);
}

function compare(): void {
  compareSealed(counter.shop.log, counter.shop.book, key.keyId);
}

describe('a key sealed by an invitation', () => {
  it('is fine where the book names the same, in any order, also when it names others later', async () => {
    await bookNames(second, ours);
    noteSealed(counter.shop.log, key);
    compare();
    expect(isElsewhere(key)).toBe(false);
    await bookNames(stranger);
    expect(isElsewhere(key)).toBe(false);
  });

  it.each([
    ['a stranger', [stranger]],
    ['a stranger beside ours', [ours, second, stranger]],
    ['only some of ours', [ours]],
  ])('is not where it was sealed to %s, also after a start', async (_name, sealedTo) => {
    await bookNames(ours, second);
    key = { ...key, sealedTo };
    noteSealed(counter.shop.log, key);
    compare();
    expect(isElsewhere(key)).toBe(true);
    await counter.openAgain();
    expect(isElsewhere(key)).toBe(true);
    expect(isElsewhere({ ...key, keyId: 'f'.repeat(64) })).toBe(false);
  });

  it('was never sealed where nobody was named', async () => {
    await bookNames(ours);
    noteSealed(counter.shop.log, { ...key, sealedTo: [] });
    noteSealed(counter.shop.log, undefined);
    compare();
    expect(isElsewhere(key)).toBe(false);
  });

  it('does not count as backed up, and the other ways still do', async () => {
    const { book } = counter.shop;
    await bookNames(ours, second);
    const { recipient } = await createOrganisationIdentity();
    const plan = { sealTo: [{ kind: 'organisation', recipients: [recipient] }] } as const;
    const { sealed } = await createBackedUpKey(createMemoryKeyStore(nobleEd25519, portableHasher), 'device', plan);
    const [row] = book.query<{ keyId: string }>('SELECT keyId FROM devices WHERE device = ?', [book.device]);
    const keyId = row?.keyId ?? '';
    for (const [kind, text] of [
      ['organisation', sealed[0] ?? ''],
      ['shares', ''],
    ] as const) {
      const told = await book.commit('key.backup', { device: book.device, keyId, kind, sealed: text });
      if (!told.ok) throw new Error(told.code);
    }
    const relay = { url: 'https://relay.example', vkey: 'relay' };
    const state = () => readKeyState({ ...counter.shop, record: { ...counter.shop.record, relay } });
    expect(state()).toMatchObject({ backups: ['organisation', 'shares'], isSealedElsewhere: false });
    noteSealed(counter.shop.log, { ...key, keyId, sealedTo: [stranger] });
    expect(state()).toMatchObject({ backups: ['shares'], isSealedElsewhere: true, escrow: [ours, second] });
  });
});
