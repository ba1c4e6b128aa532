// Three contenders a token, lane by lane, until everybody knows how it ended: at whichever front end answers, whatever is done to the engine meanwhile.
import { type Claimant, type ClaimOutcome, createClaimant } from '@tallystick/cas';
import { nodeHasher } from '@tallystick/chain/node';
import type { OpRecord } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { type Cast, claims, type Device } from '../../packages/cas/test/cast.ts';
import type { Engine } from './engine.ts';

/** How one contender's claim ended. */
export interface Ending {
  readonly token: string;
  readonly op: OpRecord;
  readonly outcome: ClaimOutcome;
  /** From the first request to the answer that decided, and when that was. */
  readonly tookMs: number;
  readonly atMs: number;
  /** Times that it was not known how it ended. */
  readonly unknowns: number;
}

/** Of one request; then another front end is asked. */
const deadlineMs = 3_000;
const maxTries = 60;

export function claimantAt(engine: Engine, cast: Cast, front: number): Claimant {
  const send = engine.fronts[front % engine.fronts.length] as Engine['fronts'][number];
  return createClaimant({
    client: createRelayClient({ url: 'http://relay.drill', fetch: send, retry: { baseMs: 20 } }),
    book: cast.book,
    scope: claims,
    relay: engine.relay,
    verifyNote: (key, message, signature) => nodeEd25519.verify(key, message, signature),
    hasher: nodeHasher,
  });
}

/** One device, which asks its front ends in turn; it never takes an answer that did not come for a no. */
export function createContender(device: Device, claimants: readonly Claimant[]): (token: string) => Promise<Ending> {
  let at = 0;
  return async (token) => {
    const op = await device.claimOp(token);
    const startMs = performance.now();
    let outcome: ClaimOutcome = { kind: 'unknown', why: 'relay/unreachable' };
    let unknowns = 0;
    for (let tries = 0; outcome.kind === 'unknown' && tries < maxTries; tries++) {
      outcome = await (claimants[at++ % claimants.length] as Claimant).claim(token, op, { deadlineMs });
      if (outcome.kind === 'unknown') unknowns += 1;
    }
    const atMs = performance.now();
    const ending = { token, op, outcome, tookMs: atMs - startMs, atMs, unknowns };
    // The chain of its device goes on from an op that lost, so that has to stand in the log.
    if (outcome.kind === 'held') await handIn(op, claimants);
    return ending;
  };
}

async function handIn(op: OpRecord, claimants: readonly Claimant[]): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const claimant = claimants[tries % claimants.length] as Claimant;
    const [found] = await claimant.reconcile([op], { deadlineMs });
    if (found?.outcome.kind === 'held') return;
    if (found?.outcome.kind !== 'unknown') throw new Error(`${op.hash}: held, and now ${found?.outcome.kind}`);
  }
  throw new Error(`${op.hash} could not be handed in`);
}

/** Each lane has three devices of its own, which contend for one token after another until there is none. */
export async function contend(
  engine: Engine,
  cast: Cast,
  nextToken: () => string | undefined,
  note: (ending: Ending) => void,
): Promise<void> {
  const lanes = Math.floor(cast.devices.length / 3);
  const run = async (lane: number): Promise<void> => {
    const contenders = [0, 1, 2].map((index) => {
      const device = cast.devices[lane * 3 + index] as Device;
      const order = engine.fronts.map((_, front) => claimantAt(engine, cast, lane + index + front));
      return createContender(device, order);
    });
    for (let token = nextToken(); token !== undefined; token = nextToken()) {
      const asked = token;
      await Promise.all(contenders.map(async (contender) => note(await contender(asked))));
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}
