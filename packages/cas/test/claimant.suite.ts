// What a claimant answers, whatever the network does. Run in Node and in a browser.
import { createClaimFold } from '@tallystick/relay-protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { CasError } from '../src/index.ts';
import { type Device, mustBe, openStage, type Send, type Stage } from './stage.ts';

export function runClaimants(): void {
  describe('a claimant', () => {
    let stage: Stage;
    let send: Send;
    beforeEach(async () => {
      stage = await openStage();
      const relay = stage.frontEnd();
      send = (request) => relay.fetch(request);
    });
    const one = (): Device => stage.devices[0] as Device;
    const two = (): Device => stage.devices[1] as Device;

    it('is granted the token with a receipt, or hears who has it', async () => {
      const [first, second] = [await one().claimOp('gift/1'), await two().claimOp('gift/1')];
      const granted = mustBe(await stage.claimant(send).claim('gift/1', first), 'granted');
      expect([granted.position, granted.receipt.includes(first.hash)]).toEqual([0, true]);
      const held = await stage.claimant(send).claim('gift/1', second);
      expect(held).toEqual({ kind: 'held', holder: { hash: first.hash, device: first.op.device, position: 0 } });
      const fold = createClaimFold();
      for (const record of await stage.read(send)) fold.note(record);
      expect(fold.holderOf('gift/1')).toEqual(mustBe(held, 'held').holder);
    });

    it('asks one request of a relay that it knows', async () => {
      let requests = 0;
      const claimant = stage.claimant((request) => {
        requests += 1;
        return send(request);
      });
      await claimant.claim('a', await one().claimOp('a'));
      requests = 0;
      await claimant.claim('b', await one().claimOp('b'));
      expect(requests).toBe(1);
    });

    it('comes to know an answer that was lost by asking again', async () => {
      const op = await one().claimOp('gift/1');
      const lossy: Send = async (request) => {
        const response = await send(request);
        if (request.url.includes('/claims?')) throw new TypeError('connection reset');
        return response;
      };
      expect(await stage.claimant(lossy).claim('gift/1', op)).toEqual({ kind: 'unknown', why: 'relay/unreachable' });
      expect(await stage.claimant(send).claim('gift/1', op)).toMatchObject({ kind: 'granted', position: 0 });
    });

    it('waits no longer than its deadline at either tier, nor than its caller', async () => {
      const silent: Send = (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
      const claimant = stage.claimant(silent, { retry: { baseMs: 0 } });
      const op = await one().claimOp('gift/1');
      expect(await claimant.claim('gift/1', op, { deadlineMs: 5 })).toEqual({ kind: 'unknown', why: 'relay/aborted' });
      expect(await claimant.claim('gift/1', op, { tier: 'admit', deadlineMs: 5 })).toMatchObject({ kind: 'admitted' });
      const stop = new AbortController();
      const asked = claimant.claim('gift/1', op, { signal: stop.signal });
      stop.abort();
      expect(await asked).toMatchObject({ kind: 'unknown' });
    });

    it('reconciles what was admitted: a loss stands in the log, and what comes after it', async () => {
      const gone: Send = () => Promise.reject(new TypeError('no network'));
      const [lost, won, note] = [await one().claimOp('a'), await one().claimOp('b'), await one().note()];
      for (const [token, op] of [
        ['a', lost],
        ['b', won],
      ] as const) {
        expect(await stage.claimant(gone).claim(token, op, { tier: 'admit' })).toMatchObject({ kind: 'admitted' });
      }
      expect(await stage.claimant(gone).reconcile([lost, won])).toMatchObject([
        { outcome: { kind: 'unknown' } },
        { outcome: { kind: 'unknown' } },
      ]);
      const first = await two().claimOp('a');
      mustBe(await stage.claimant(send).claim('a', first), 'granted');
      const found = await stage.claimant(send).reconcile([lost, won, note]);
      expect(found).toMatchObject([
        { op: lost, outcome: { kind: 'held', holder: { hash: first.hash }, position: 1 } },
        { op: won, outcome: { kind: 'granted', position: 2 } },
      ]);
      expect((await stage.read(send)).map(({ hash }) => hash)).toEqual(
        [first, lost, won, note].map(({ hash }) => hash),
      );
      expect(await stage.claimant(send).reconcile([lost])).toMatchObject([{ outcome: { kind: 'held', position: 1 } }]);
    });

    it('hears why it may not claim', async () => {
      await stage.revoke(one(), send);
      expect(await stage.claimant(send).claim('a', await one().claimOp('a'))).toMatchObject({
        kind: 'refused',
        verdict: 'quarantined',
      });
      const before = await two().note();
      const op = await two().claimOp('a');
      expect(await stage.claimant(send).claim('a', op)).toMatchObject({ kind: 'refused', verdict: 'gap' });
      expect(await stage.claimant(send).claim('a', op, { before: [before] })).toMatchObject({ kind: 'granted' });
    });

    it('throws what asking again does not mend', async () => {
      const op = await one().claimOp('a');
      await expect(stage.claimant(send).claim('b', op)).rejects.toMatchObject({ code: 'cas/other-token' });
      const elsewhere: Send = (request) => send(new Request(request.url.replace(stage.book, 'ab'.repeat(32)), request));
      await expect(stage.claimant(elsewhere).claim('a', op)).rejects.toMatchObject({ code: 'relay/unknown-book' });
    });

    it('believes no grant that the relay did not sign', async () => {
      const first = await one().claimOp('a');
      await stage.claimant(send).claim('a', first);
      const op = await two().claimOp('a');
      const liar: Send = async (request) => {
        const response = await send(request);
        if (!request.url.includes('/claims?')) return response;
        const answer = (await response.json()) as { results: object[] };
        const holder = { hash: op.hash, device: op.op.device, position: 1 };
        return Response.json({ ...answer, results: [{ hash: op.hash, verdict: 'stored', position: 1, holder }] });
      };
      const asked = stage.claimant(liar).claim('a', op);
      await expect(asked).rejects.toThrow(CasError);
      await expect(asked).rejects.toMatchObject({ code: 'cas/bad-receipt' });
    });

    it('does not decide while the relay’s memories differ', async () => {
      await stage.claimant(send).claim('a', await one().claimOp('a'));
      const forgetful = stage.frontEnd({ ...stage.store, claims: () => new Map() });
      const claimant = stage.claimant((request) => forgetful.fetch(request));
      const op = await two().claimOp('a');
      expect(await claimant.claim('a', op)).toEqual({ kind: 'unknown', why: 'relay/claim-alarm' });
      expect(await claimant.claim('a', op, { tier: 'admit' })).toEqual({ kind: 'admitted', why: 'relay/claim-alarm' });
      expect(await claimant.reconcile([op])).toMatchObject([{ outcome: { kind: 'unknown' } }]);
      expect(await stage.read(send)).toHaveLength(1);
    });
  });
}
