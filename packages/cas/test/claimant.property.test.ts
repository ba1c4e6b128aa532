// Three contenders a token at two front ends of one relay, over a network that loses, repeats and holds back: whatever happens, a token has one owner,
// every claimant comes to know how its claim ended, and every reader of the log sees the same.
import { nodeHasher } from '@tallystick/chain/node';
import { createClaimFold, createMemoryRelayStore, type RelayStore } from '@tallystick/relay-protocol';
import type { OpRecord } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ClaimOutcome } from '../src/index.ts';
import { type Device, openStage, type Send, type Stage } from './stage.ts';

/** What happens to one request. */
const fault = fc.constantFrom('none', 'none', 'lost', 'unanswered', 'twice', 'late', 'busy');
const contender = fc.record({
  /** Of its requests, one after another; then the network is well. */
  faults: fc.array(fault, { maxLength: 6 }),
  tier: fc.constantFrom('block', 'admit'),
  frontEnd: fc.nat(1),
  /** Between its tries it is started again, and asks another front end. */
  wanders: fc.boolean(),
});
const nodeCrypto = { hasher: nodeHasher, ed25519: nodeEd25519 };
const contest = fc.tuple(contender, contender, contender);

type Contender = typeof contender extends fc.Arbitrary<infer T> ? T : never;
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

interface Ending {
  readonly op: OpRecord;
  readonly outcome: ClaimOutcome;
  /** What the first front end said when it was asked once more. */
  readonly again: ClaimOutcome['kind'];
}

function faulty(send: Send, faults: readonly Fault[], held: Promise<unknown>[]): Send {
  const left = [...faults];
  return async (request) => {
    const hits = request.url.endsWith('/info') ? 'none' : (left.shift() ?? 'none');
    if (hits === 'lost') throw new TypeError('lost on the way');
    if (hits === 'busy') return new Response('{"code":"relay/busy"}', { status: 503 });
    if (hits === 'late') {
      // The caller hears of a broken connection, and what it sent arrives after all.
      held.push(Promise.resolve().then(() => send(request.clone())));
      throw new TypeError('held back');
    }
    if (hits === 'twice') await send(request.clone());
    const response = await send(request);
    if (hits === 'unanswered') throw new TypeError('the answer was lost');
    return response;
  };
}

/** One device wants one token until it knows. */
async function contend(
  stage: Stage,
  device: Device,
  token: string,
  fronts: readonly Send[],
  plan: Contender,
): Promise<Ending> {
  const op = await device.claimOp(token);
  const held: Promise<unknown>[] = [];
  const sends = fronts.map((send) => faulty(send, plan.faults, held));
  let outcome: ClaimOutcome = { kind: 'unknown', why: 'relay/unreachable' };
  for (let tries = 0; outcome.kind === 'unknown' || outcome.kind === 'admitted'; tries++) {
    if (tries > 12) throw new Error('it never came to know');
    const at = sends[(plan.frontEnd + (plan.wanders ? tries : 0)) % sends.length] as Send;
    const claimant = stage.claimant(at);
    if (outcome.kind === 'admitted') outcome = (await claimant.reconcile([op]))[0]?.outcome ?? outcome;
    else outcome = await claimant.claim(token, op, { tier: plan.tier });
  }
  await Promise.allSettled(held);
  // Who lost goes on from the lost op, so it has to stand in the log.
  const [settled] = await stage.claimant(fronts[0] as Send).reconcile([op]);
  return { op, outcome, again: settled?.outcome.kind ?? 'unknown' };
}

/** What is wrong with how the contests ended; nothing where all is well. */
async function audit(
  stage: Stage,
  fronts: readonly Send[],
  endings: ReadonlyMap<string, readonly Ending[]>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [index, send] of fronts.entries()) {
    const log = await stage.read(send);
    const fold = createClaimFold();
    for (const record of log) fold.note(record);
    const places = new Map(log.map(({ hash }, position) => [hash, position]));
    if (places.size !== log.length) wrong.push('an op stands twice');
    for (const [token, ended] of endings) {
      const owner = fold.holderOf(token);
      const granted = ended.filter(({ outcome }) => outcome.kind === 'granted');
      if (granted.length !== 1) wrong.push(`${token} was granted ${granted.length} times`);
      for (const { op, outcome, again } of ended) {
        if (again !== outcome.kind) wrong.push(`${outcome.kind} was ${again} when asked once more`);
        if (!places.has(op.hash)) wrong.push(`front end ${index} lost ${op.hash}`);
        const said = outcome.kind === 'held' ? outcome.holder.hash : outcome.kind === 'granted' ? op.hash : undefined;
        if (said !== owner?.hash) wrong.push(`${outcome.kind} of ${token} is not what front end ${index} folds`);
        if (outcome.kind === 'granted' && outcome.position !== places.get(op.hash)) wrong.push('another position');
      }
    }
  }
  return wrong;
}

async function play(
  contests: readonly (readonly Contender[])[],
  second?: (stage: Stage) => RelayStore,
): Promise<string[]> {
  const stage = await openStage(nodeCrypto);
  const relays = [stage.frontEnd(), stage.frontEnd(second?.(stage))];
  const fronts = relays.map(
    (relay): Send =>
      (request) =>
        relay.fetch(request),
  );
  const endings = new Map<string, Ending[]>();
  for (const [index, plans] of contests.entries()) {
    const token = `prize/${index}`;
    const contending = plans.map((plan, device) =>
      contend(stage, stage.devices[device] as Device, token, fronts, plan),
    );
    endings.set(token, await Promise.all(contending));
  }
  return audit(stage, fronts, endings);
}

it('a token has one owner, and everybody comes to know who', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(contest, { minLength: 1, maxLength: 4 }), async (contests) => {
      expect(await play(contests)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

it('is seen to be broken where the front ends have a store each', async () => {
  const plans: Contender[] = [0, 1, 0].map((frontEnd) => ({ faults: [], tier: 'block', frontEnd, wanders: false }));
  const apart = (stage: Stage): RelayStore => {
    const other = createMemoryRelayStore();
    // It has the people of the book, and a log of claims of its own.
    const own = new Set<string>([
      'log',
      'append',
      'find',
      'chains',
      'claims',
      'page',
      'records',
      'tile',
      'checkpointAt',
    ]);
    return new Proxy(stage.store, {
      get: (target, name: keyof RelayStore) => {
        if (!own.has(name)) return target[name];
        return (...args: readonly unknown[]) => {
          const scope = name === 'append' ? (args[0] as readonly { scope: string }[])[0]?.scope : args[1];
          const to = (scope === 'claims' ? other : target) as unknown as Record<string, (...x: unknown[]) => unknown>;
          return to[name]?.(...args);
        };
      },
    });
  };
  const wrong = await play([plans], apart);
  expect(wrong.some((what) => what.includes('granted 2 times'))).toBe(true);
  expect(wrong.some((what) => what.includes('is not what front end'))).toBe(true);
});
