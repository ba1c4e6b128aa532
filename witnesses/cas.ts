/** Claims: three contenders a token, answers that never came, an arbiter that is gone in the middle, and a relay that forgot. */
import { nodeHasher } from '@tallystick/chain/node';
import { type Holder, createClaimFold, createMemoryRelayStore } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { entitlementAlarms } from '@tallystick/retail/entitlement';
import { type Device, openStage, type Send, type Stage } from '../packages/cas/test/stage.ts';
import { day, openBranches, present, setTiers } from '../packages/retail/test/entitlement/branches.ts';
import type { Facts, Population, Witness } from './claim.ts';

interface Shown {
  readonly of: Population;
  readonly facts: Facts;
  readonly holds: boolean;
}
type Play = (broken: boolean) => Promise<Shown>;

const nodeCrypto = { hasher: nodeHasher, ed25519: nodeEd25519 };

async function ownerIn(stage: Stage, send: Send, token: string): Promise<Holder | undefined> {
  const fold = createClaimFold();
  for (const record of await stage.read(send)) fold.note(record);
  return fold.holderOf(token);
}

/** Three devices want each token, at two front ends of one relay. The fault: the front ends have a store each. */
const oneOwner: Play = async (broken) => {
  const stage = await openStage(nodeCrypto);
  const apart = createMemoryRelayStore();
  const { enrolments, log } = stage.store;
  const second = broken
    ? { ...apart, enrolments, log: (...at: Parameters<typeof log>) => (at[1] === 'hq' ? log(...at) : apart.log(...at)) }
    : stage.store;
  const fronts = [stage.frontEnd(), stage.frontEnd(second)].map(
    (relay): Send =>
      (request) =>
        relay.fetch(request),
  );
  let [granted, disputed] = [0, 0];
  const tokens = Array.from({ length: 10 }, (_, index) => `prize/${index}`);
  for (const token of tokens) {
    const outcomes = await Promise.all(
      stage.devices.map(async (device, index) => {
        const [op, send] = [await device.claimOp(token), fronts[index % 2] as Send];
        const outcome = await stage.claimant(send).claim(token, op);
        await stage.claimant(send).reconcile([op]);
        return { op, outcome };
      }),
    );
    granted += outcomes.filter(({ outcome }) => outcome.kind === 'granted').length;
    for (const send of fronts) {
      const owner = await ownerIn(stage, send, token);
      for (const { op, outcome } of outcomes)
        if ((outcome.kind === 'granted') !== (op.hash === owner?.hash)) disputed += 1;
    }
  }
  const of = { tokens: tokens.length, contenders: stage.devices.length };
  return { of, facts: { granted, disputed }, holds: granted === tokens.length && disputed === 0 };
};

/** Every answer is lost once. The fault: whoever heard nothing takes it for a no. */
const lostAnswer: Play = async (broken) => {
  const stage = await openStage(nodeCrypto);
  const relay = stage.frontEnd();
  const deaf: Send = async (request) => {
    await relay.fetch(request);
    throw new TypeError('the answer was lost');
  };
  const send: Send = (request) => relay.fetch(request);
  let [unheard, known] = [0, 0];
  for (const [index, device] of stage.devices.entries()) {
    const token = `prize/${index % 2}`;
    const op = await device.claimOp(token);
    const first = await stage.claimant(deaf).claim(token, op);
    unheard += first.kind === 'unknown' ? 1 : 0;
    const outcome = broken ? first : await stage.claimant(send).claim(token, op);
    const isOwner = (await ownerIn(stage, send, token))?.hash === op.hash;
    known += outcome.kind === (isOwner ? 'granted' : 'held') ? 1 : 0;
  }
  return { of: { unheard }, facts: { known }, holds: unheard === 3 && known === unheard };
};

/** The relay is gone between a till's claim and its answer: the till takes the prize on trust, and another was first. The fault: it hands in nothing. */
const arbiterLost: Play = async (broken) => {
  const shop = await openBranches();
  try {
    await setTiers(shop, 1000);
    const url = await shop.issue({ kind: 'prize' });
    await shop.settle();
    const [first, second] = shop.branches;
    const read = await present(second.desk(), url);
    const other = await present(first.desk(true), url);
    if (typeof read === 'string' || typeof other === 'string') throw new Error('not read as unused');
    const won = await first.desk(true).take(other, { amountMinor: 1000, day, loss: 'receivable' });
    const lost = await second.desk().take(read, { amountMinor: 1000, day, loss: 'receivable' });
    if (!won.ok || !lost.ok) throw new Error('not taken');
    for (const [branch, { value }] of [
      [first, won],
      [second, lost],
    ] as const)
      await branch.sell(value);
    if (broken) await lost.value.release(day);
    await shop.settle();
    const losers = entitlementAlarms(shop.office).filter(({ kind }) => kind === 'lost');
    const receivable = shop.balance('1100');
    const isNamed = losers.length === 1 && losers[0]?.device === second.book.device;
    return {
      of: { handed: 2 },
      facts: { settled: won.value.isSettled, receivable, losers: losers.length },
      holds: isNamed && receivable === 1000,
    };
  } finally {
    await shop.close();
  }
};

/** The store forgets who has a token. The fault: the log is forgotten with it, and the relay was started again. */
const forgotten: Play = async (broken) => {
  const stage = await openStage(nodeCrypto);
  const [one, two] = stage.devices as [Device, Device];
  const first = stage.frontEnd();
  await stage.claimant((request) => first.fetch(request)).claim('prize', await one.claimOp('prize'));
  const { store } = stage;
  const apart = createMemoryRelayStore();
  const { enrolments, log } = store;
  const rest = broken
    ? { ...apart, enrolments, log: (...at: Parameters<typeof log>) => (at[1] === 'hq' ? log(...at) : apart.log(...at)) }
    : store;
  const relay = stage.frontEnd({ ...rest, claims: () => new Map() });
  const outcome = await stage.claimant((request) => relay.fetch(request)).claim('prize', await two.claimOp('prize'));
  const why = 'why' in outcome ? outcome.why : outcome.kind;
  return { of: { claims: 2 }, facts: { why }, holds: why === 'relay/claim-alarm' };
};

const plays: Readonly<Record<string, Play>> = {
  'one-owner': oneOwner,
  'lost-answer': lostAnswer,
  'arbiter-lost': arbiterLost,
  forgotten,
};

export const cas: Witness = {
  name: 'cas',
  claims: Object.keys(plays),
  async run({ broken, claim }) {
    for (const [name, play] of Object.entries(plays)) {
      const { of, facts, holds } = await play(broken);
      claim(of, { claim: name, ...facts }, holds);
    }
  },
};
