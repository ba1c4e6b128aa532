/** Two halves of a tally: each names the other, both can be carried away, and neither party can change the notches alone. */
import { defineVerb, openBook, refuse } from '@tallystick/kernel';
import { readTally, tallies, tallyVerbs, verifyTally } from '@tallystick/kernel/tally';
import { verifyOpProof } from '@tallystick/chain/op-proof';
import { nodeHasher } from '@tallystick/chain/node';
import { parseVerifierKey } from '@tallystick/chain';
import { decodeHex, encodeHex, type OpHash, type OpRecord } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTestRelay, provenDigest } from './fleet.ts';
import { memoryKeys, move, stock, stores, testEdge } from './shop.ts';

/** Goods move when both have signed. */
const receive = defineVerb({
  name: 'stock.receive',
  version: 1,
  roles: ['owner', 'till'],
  tables: [stock, tallies],
  args: z.strictObject({ offer: z.string().regex(/^[!-?A-~]*$/) }),
  plan: (view, _op, { offer }) => {
    const tally = view.get(tallies, { offer });
    if (tally?.state !== 'accepted' || tally.kind !== 'custody') return refuse('shop/not-handed-over');
    return [stock.add({ sku: tally.subject }, { onHand: (JSON.parse(tally.terms) as { units: number }).units })];
  },
});
const verbs = [move, receive, ...tallyVerbs] as const;
const openShop = async (options: object = {}, seed = 1) =>
  openBook({
    store: stores['better-sqlite3'](),
    keys: memoryKeys(),
    verbs,
    edge: testEdge(seed, 1_764_500_000_000 + seed * 1_000_000),
    ...options,
  });
type Shop = Awaited<ReturnType<typeof openShop>>;

const open: Shop[] = [];
afterEach(async () => {
  for (const book of open.splice(0)) await book.close();
});

async function scene(): Promise<{ office: Shop; van: Shop; bystander: Shop; exchange: () => Promise<void> }> {
  const office = await openShop();
  const others: Shop[] = [];
  for (const [index, role] of (['van', 'till', 'auditor'] as const).entries()) {
    const keys = memoryKeys();
    const key = await keys.create('device');
    await office.commit('device.enroll', { device: key.device, key: encodeHex(key.publicKey), name: role, role });
    others.push(await openShop({ keys, book: office.id }, index + 2));
  }
  const [van, bystander] = others as [Shop, Shop];
  open.push(office, ...others);
  for (const book of others) {
    await book.import(await office.export());
    await book.anchor();
  }
  const exchange = async (): Promise<void> => {
    for (const from of open) for (const to of open) if (from !== to) await to.import(await from.export());
  };
  return { office, van, bystander, exchange };
}

const refused = (code: string): object => ({ ok: false, code });
const offerTo = (to: { device: string }) => ({ to: to.device, kind: 'custody', subject: 'tea', terms: { units: 40 } });

async function offer(from: Shop, to: { device: string }): Promise<OpHash> {
  const commit = await from.commit('tally.offer', offerTo(to));
  if (!commit.ok) throw new Error(commit.code);
  return commit.hash;
}

describe('a tally', () => {
  it('has two halves that are proven with no server', async () => {
    const { office, van, exchange } = await scene();
    const hash = await offer(office, van);
    expect(await office.commit('stock.receive', { offer: hash })).toMatchObject(refused('shop/not-handed-over'));
    await exchange();
    expect(await readTally(van, hash)).toMatchObject({
      state: 'offered',
      offer: { proof: undefined },
      answer: undefined,
    });
    const accepted = await van.commit('tally.accept', { offer: hash });
    expect(accepted).toMatchObject({ ok: true });
    const relay = await createTestRelay();
    for (const book of [office, van, office]) await book.sync(relay);
    expect(await office.commit('stock.receive', { offer: hash })).toMatchObject({ ok: true });
    expect(office.query('SELECT onHand FROM stock')).toEqual([{ onHand: 40 }]);

    const tally = await readTally(office, hash);
    expect(tally).toMatchObject({
      state: 'accepted',
      offer: { record: { hash } },
      answer: { record: { op: { args: { offer: hash } } } },
    });
    expect(await readTally(office, tally?.answer?.record.hash as OpHash)).toEqual(tally);
    const log = parseVerifierKey(String(office.status().relayKey), nodeHasher);
    if (!log.ok) throw new Error(log.message);
    const check = {
      origin: `relay.test/${office.id}/hq`,
      log: log.value,
      verify: nodeEd25519.verify,
      hasher: nodeHasher,
    };
    const carried: OpRecord[] = [];
    for (const half of [tally?.offer, tally?.answer]) {
      const proven = await verifyOpProof(String(half?.proof), check);
      expect(proven).toMatchObject({ ok: true, value: { record: { hash: half?.record.hash } } });
      if (proven.ok) carried.push(proven.value.record);
      const moved = String(half?.proof).replace(/^index (\d+)$/m, (_, at) => `index ${Number(at) + 1}`);
      expect(await verifyOpProof(moved, check)).toMatchObject({ ok: false });
    }
    const publicKeyOf = (keyId: string, device: string): Uint8Array | undefined => {
      const [row] = office.query('SELECT key FROM devices WHERE device = ? AND keyId = ?', [device, keyId]);
      return row && decodeHex(String(row['key']));
    };
    const keys = { book: office.id, ed25519: nodeEd25519, publicKeyOf };
    const [one, other] = carried as [OpRecord, OpRecord];
    const parts = { from: office.device, to: van.device, kind: 'custody', subject: 'tea', terms: { units: 40 } };
    expect(await verifyTally({ offer: one, answer: other }, keys)).toMatchObject({
      ok: true,
      value: { state: 'accepted', ...parts, offer: one.hash, answer: other.hash },
    });
    expect(await verifyTally({ offer: other, answer: one }, keys)).toMatchObject(refused('tally/offer'));
    await provenDigest(office);
  });

  it('is answered once, and only by the device it names', async () => {
    const { office, van, bystander, exchange } = await scene();
    const hash = await offer(office, van);
    await exchange();
    for (const verb of ['accept', 'decline'] as const) {
      const by = (book: Shop) =>
        verb === 'accept'
          ? book.commit('tally.accept', { offer: hash })
          : book.commit('tally.decline', { offer: hash, reason: 'short' });
      expect(await by(bystander)).toMatchObject(refused('tally/not-addressed'));
      expect(await by(office)).toMatchObject(refused('tally/not-addressed'));
    }
    expect(await van.commit('tally.decline', { offer: hash, reason: '' })).toMatchObject(refused('kernel/bad-args'));
    expect(await van.commit('tally.decline', { offer: hash, reason: 'two are broken' })).toMatchObject({ ok: true });
    expect(await van.commit('tally.accept', { offer: hash })).toMatchObject(refused('tally/answered'));
    expect(await van.commit('tally.accept', { offer: '00'.repeat(32) })).toMatchObject(refused('tally/unknown-offer'));
    await exchange();
    expect(office.query('SELECT state, reason FROM tallies')).toEqual([
      { state: 'declined', reason: 'two are broken' },
    ]);
    expect(await office.commit('stock.receive', { offer: hash })).toMatchObject(refused('shop/not-handed-over'));
  });

  it('is offered to a device of the book, and not to oneself', async () => {
    const { office, van } = await scene();
    const auditor = open.at(-1) as Shop;
    expect(await office.commit('tally.offer', offerTo(office))).toMatchObject(refused('tally/own-tally'));
    expect(await office.commit('tally.offer', offerTo({ device: '00'.repeat(32) }))).toMatchObject(
      refused('tally/unknown-device'),
    );
    expect(await auditor.commit('tally.offer', offerTo(office))).toMatchObject(refused('kernel/role'));
    const bad = [{ kind: '' }, { subject: 'x'.repeat(201) }, { terms: [] as never }, { to: 'van' }];
    for (const change of bad)
      expect(await office.commit('tally.offer', { ...offerTo(van), ...change })).toMatchObject(
        refused('kernel/bad-args'),
      );
  });

  it('that a revoked device accepted waits like any other work', async () => {
    const { office, van, exchange } = await scene();
    const hash = await offer(office, van);
    await exchange();
    await office.commit('device.revoke', { device: van.device, reason: 'lost' });
    await van.commit('tally.accept', { offer: hash });
    await exchange();
    expect(office.query('SELECT state FROM tallies')).toEqual([{ state: 'offered' }]);
    expect(office.quarantine()).toMatchObject([{ verb: 'tally.accept@1', code: 'kernel/revoked' }]);
    expect(await office.recoverAll(van.device)).toMatchObject([{ ok: true }]);
    const tally = await readTally(office, hash);
    expect(tally).toMatchObject({ state: 'accepted', answer: { record: { op: { device: van.device } } } });
    await provenDigest(office);
  });
});
