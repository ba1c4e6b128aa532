/** What each guard kills: the same devices, apart in the same way, with the guards on and, where they are broken, off. */
import { randomBytes } from 'node:crypto';
import { type RuleTrial, tryRule } from '@tallystick/guards';
import { type Book, openBook, type Verb } from '@tallystick/kernel';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { encodeHex, type OpHash } from '@tallystick/oplog';
import { createMemoryKeyStore } from '@tallystick/sign';
import { bookFileOf, createWriter } from '@tallystick/testkit';
import type { Witness } from './claim.ts';
import { conformanceCounts } from '../packages/guards/test/conformance.ts';
import { guardedVerbs } from './guard-verbs.ts';
import { conforming, endless, hostile } from './rule-language.ts';

type AnyBook = Book<readonly Verb[]>;

/** An office, two vans and an agent, who meet when they say so; what is done later has the later id. */
interface Firm {
  readonly office: AnyBook;
  readonly ann: AnyBook;
  readonly bob: AnyBook;
  readonly agent: AnyBook;
  /** Everybody gets what everybody has. */
  meet(): Promise<void>;
  /** Commits what must be accepted where it is done; answers the op's id. */
  act(book: AnyBook, verb: string, args: object): Promise<string>;
  /** Signs an op with the agent's key, whatever the agent's own program says, and hands it in. */
  forge(verb: string, args: object): Promise<void>;
  /** What a rule for refunds would have refused of what the office has. */
  tried(expr: string): Promise<RuleTrial>;
  /** How much was done by a verb in the end. */
  done(verb: string): number;
  /** Ops that were refused in the end with this code. */
  killed(code: string): number;
}

async function withFirm(verbs: readonly Verb[], work: (firm: Firm) => Promise<void>): Promise<void> {
  let nowMs = 1_795_000_000_000;
  const edge = { now: () => (nowMs += 10), random: (count: number) => Uint8Array.from(randomBytes(count)) };
  const common = { verbs, edge, crypto: nodeCrypto };
  const newKeys = () => createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher);
  const office = await openBook({ ...common, store: nodeStore(':memory:'), keys: newKeys() });
  const books: AnyBook[] = [office];
  const join = async (name: string, role: 'van' | 'agent') => {
    const keys = newKeys();
    const key = await keys.create('device');
    const args = { device: key.device, key: encodeHex(key.publicKey), name, role };
    const enrolled = await office.commit('device.enroll', args);
    if (!enrolled.ok) throw new Error(enrolled.code);
    const book = await openBook({ ...common, store: nodeStore(':memory:'), keys, book: office.id });
    books.push(book);
    return { book, key, enrolment: enrolled.hash };
  };
  const [ann, bob, agent] = [await join('ann', 'van'), await join('bob', 'van'), await join('agent', 'agent')];
  const meet = async (): Promise<void> => {
    for (const book of books.slice(1)) await office.import(await book.export());
    for (const book of books.slice(1)) await book.import(await office.export());
    for (const book of books.slice(1)) await book.anchor();
  };
  const one = (sql: string, param: string): number => office.query<{ n: number }>(sql, [param])[0]?.n ?? 0;
  await meet();
  try {
    await work({
      office,
      ann: ann.book,
      bob: bob.book,
      agent: agent.book,
      meet,
      act: async (book, verb, args) => {
        const commit = await book.commit(verb, args);
        if (!commit.ok) throw new Error(`${verb}: ${commit.code}`);
        return commit.id;
      },
      forge: async (verb, args) => {
        const { key, enrolment } = agent;
        const after: OpHash = enrolment;
        const writer = createWriter({ key, book: office.id, after, hasher: nodeCrypto.hasher, atMs: nowMs });
        await office.import(bookFileOf(office.id, [await writer.write({ verb, args: args as never })]));
      },
      tried: async (expr) => {
        const into = nodeStore(':memory:');
        try {
          return await tryRule(office, { verb, rule: 'small', expr }, { verbs, into });
        } finally {
          await into.close();
        }
      },
      done: (verb) => one('SELECT coalesce(sum(amount), 0) AS n FROM acts WHERE verb = ?', verb),
      killed: (code) => one('SELECT count(*) AS n FROM refusals WHERE code = ?', code),
    });
  } finally {
    for (const book of books) await book.close();
  }
}

type Facts = Readonly<Record<string, string | number>>;
interface Shown {
  /** How many ops were looked at. */
  readonly ops: number;
  readonly facts: Facts;
  readonly holds: boolean;
}
type Scenario = (firm: Firm) => Promise<Shown>;

/** Goods, refunds and money: what may be done in all. */
const POOL = 10;
const untilDay = '2026-11-23';
const verb = 'refund.give';
/** `args.amount <= 5`, as a tree. */
const mostFive = JSON.stringify({
  callExpr: {
    function: '_<=_',
    args: [
      { selectExpr: { operand: { identExpr: { name: 'args' } }, field: 'amount' } },
      { constExpr: { int64Value: '5' } },
    ],
  },
});

async function lease({ office, act }: Firm, quantity: number, device: string): Promise<string> {
  return act(office, 'lease.grant', { pool: 'seats', scope: 'hq', quantity, untilDay, device });
}

const scenarios: Readonly<Record<string, Scenario>> = {
  identity: async ({ ann, bob, act, meet, done }) => {
    for (const book of [ann, ann, bob]) await act(book, 'shop.sell', { of: 'tea', amount: 1 });
    await meet();
    return { ops: 3, facts: { sold: done('sell') }, holds: done('sell') === 3 };
  },
  reference: async ({ ann, meet, done }) => {
    const commit = await ann.commit('shop.void', { of: 'no-such-sale' });
    await meet();
    return { ops: 1, facts: { voided: done('void') }, holds: !commit.ok && done('void') === 0 };
  },
  role: async ({ forge, office, killed }) => {
    await forge('shop.sell@1', { of: 'tea', amount: 1 });
    const rows = office.query('SELECT "of" FROM acts UNION ALL SELECT "of" FROM likenesses').length;
    return {
      ops: 1,
      facts: { forged: rows, killed: killed('kernel/role') },
      holds: rows === 0 && killed('kernel/role') === 1,
    };
  },
  dispatch: async ({ office, ann, bob, act, meet, done, killed }) => {
    await act(ann, 'job.give', { of: 'job', to: ann.device });
    await act(bob, 'job.give', { of: 'job', to: bob.device });
    await act(office, 'job.give', { of: 'job', to: bob.device });
    await meet();
    return { ops: 3, facts: { given: done('give'), killed: killed('guards/dispatched') }, holds: done('give') === 1 };
  },
  'single-writer': async ({ office, ann, bob, act, meet, done, killed }) => {
    await act(office, 'work.dispatch', { entity: 'job', to: ann.device });
    await meet();
    await act(office, 'handoff.move', { entity: 'job', to: bob.device, reason: 'ann is away' });
    await bob.import(await office.export());
    await act(ann, 'job.note', { of: 'job' });
    await act(bob, 'job.note', { of: 'job' });
    await meet();
    return { ops: 2, facts: { noted: done('note'), killed: killed('guards/not-owner') }, holds: done('note') === 1 };
  },
  handoff: async ({ office, ann, bob, act, meet, done }) => {
    await act(office, 'work.dispatch', { entity: 'job', to: ann.device });
    await meet();
    await act(ann, 'job.note', { of: 'job' });
    await act(ann, 'handoff.offer', { entity: 'job', to: bob.device });
    // The window: ann has let go, and bob has not taken.
    const [before, between] = [
      await bob.commit('job.note', { of: 'job' }),
      await ann.commit('job.note', { of: 'job' }),
    ];
    await bob.import(await ann.export());
    const offer = String(bob.query('SELECT offer FROM owners')[0]?.['offer']);
    // Another to whom it was not offered takes nothing.
    await office.import(await ann.export());
    const taken = await office.commit('handoff.accept', { entity: 'job', offer });
    await act(bob, 'handoff.accept', { entity: 'job', offer });
    await act(bob, 'job.note', { of: 'job' });
    await meet();
    const inWindow = [before, between].filter(({ ok }) => ok).length;
    const facts = { noted: done('note'), inWindow, taken: taken.ok ? 'ok' : taken.code };
    return { ops: 5, facts, holds: inWindow === 0 && done('note') === 2 && facts.taken === 'guards/not-addressed' };
  },
  reservation: async (firm) => {
    const { office, ann, bob, act, meet, done } = firm;
    await act(office, 'pool.fill', { pool: 'seats', quantity: POOL });
    const leases = [await lease(firm, 6, ann.device), await lease(firm, 4, bob.device)];
    await meet();
    let asked = 1;
    // What is leased to Ann is hers alone to draw.
    const foreign = await bob.commit('stock.take', { of: leases[0], amount: 1 });
    for (const [index, book] of [ann, bob].entries())
      for (const amount of [4, 1, 1, 1, 3]) {
        asked += 1;
        await book.commit('stock.take', { of: leases[index], amount });
      }
    await meet();
    const facts = { pool: POOL, taken: done('take'), foreign: foreign.ok ? 'ok' : foreign.code };
    return { ops: asked, facts, holds: done('take') === POOL && facts.foreign === 'guards/not-holder' };
  },
  'lease-expiry': async (firm) => {
    const { office, ann, act, meet, done, killed } = firm;
    await act(office, 'pool.fill', { pool: 'seats', quantity: POOL });
    const away = await lease(firm, 6, ann.device);
    await meet();
    await act(ann, 'stock.take', { of: away, amount: 2 });
    await meet();
    for (const day of ['2026-11-21', untilDay]) await act(office, 'day.open', { day });
    const early = await office.commit('lease.expire', { lease: away });
    await act(office, 'day.open', { day: '2026-11-24' });
    await act(office, 'lease.expire', { lease: away });
    // What is free again, as the books say.
    const { available } = office.query<{ available: number }>('SELECT available FROM pools')[0] ?? { available: 0 };
    const rest = await lease(firm, available, office.device);
    await act(office, 'stock.take', { of: rest, amount: available });
    await act(ann, 'stock.take', { of: away, amount: 3 });
    await meet();
    const asked = early.ok ? 'ok' : early.code;
    const facts = { pool: POOL, taken: done('take'), early: asked, killed: killed('guards/lease-ended') };
    return { ops: 4, facts, holds: done('take') === POOL && asked === 'guards/lease-running' };
  },
  rule: async ({ office, ann, act, meet, done, killed }) => {
    await act(office, 'rule.set', { verb, rule: 'small', expr: mostFive });
    await act(ann, verb, { of: 'sale', amount: 9 });
    await act(ann, verb, { of: 'sale', amount: 5 });
    await meet();
    const [row] = office.query<{ details: string }>("SELECT details FROM refusals WHERE code = 'guards/rule'");
    const named = row?.details === '{"args.amount":9,"rule":"small","version":1}';
    return {
      ops: 2,
      facts: { refunded: done('refund'), killed: killed('guards/rule') },
      holds: named && done('refund') === 5,
    };
  },
  'rule-bounded': async ({ office, ann, act, meet, done, killed }) => {
    const answers: string[] = [];
    for (const [index, expr] of hostile.entries()) {
      const set = await office.commit('rule.set', { verb, rule: `hostile-${index}`, expr });
      answers.push(set.ok ? 'ok' : set.code);
    }
    await act(office, 'rule.set', { verb, rule: 'endless', expr: endless });
    await act(ann, verb, { of: 'sale', amount: 5 });
    await meet();
    const refused = answers.filter((answer) => /^(guards\/rule-|kernel\/bad-args)/.test(answer)).length;
    const ended = killed('guards/rule-error');
    return {
      ops: answers.length + 2,
      facts: { refused, ended, refunded: done('refund') },
      holds: refused === hostile.length && ended === 1 && done('refund') === 0,
    };
  },
  'rule-tried': async ({ office, ann, act, meet, tried, done, killed }) => {
    for (const amount of [3, 9, 5, 6]) await act(ann, verb, { of: 'sale', amount });
    await meet();
    const before = office.digest().digest;
    const { asked, refused } = await tried(mostFive);
    const amounts = refused.map(({ refusal }) => refusal.details['args.amount']).join(',');
    const isAsBefore = office.digest().digest === before && done('refund') === 23 && killed('guards/rule') === 0;
    return { ops: 4, facts: { asked, refused: amounts }, holds: asked === 4 && amounts === '9,6' && isAsBefore };
  },
  authority: async ({ office, ann, agent, act, meet, done, killed }) => {
    for (const book of [ann, agent]) await act(office, 'spender.set', { device: book.device, subject: 'ada' });
    const limit = { subject: 'ada', scope: 'hq', currency: 'GBP', limitMinor: 100, period: 'day' };
    await act(office, 'spend.limit', limit);
    await act(office, 'day.open', { day: '2026-11-21' });
    await meet();
    let asked = 1;
    // A plan that nobody has approved counts: what is left of the limit is less by it, and is whole again when the plan is taken back.
    const plan = await act(ann, 'spend.plan', { currency: 'GBP', amountMinor: 90, untilDay });
    const beside = await ann.commit('purchase.make', { amount: 20 });
    await act(ann, 'spend.void', { plan });
    for (const book of [ann, agent])
      for (const amount of [40, 40, 40]) {
        asked += 1;
        await book.commit('purchase.make', { amount });
      }
    await meet();
    return {
      ops: asked,
      facts: {
        limit: 100,
        bought: done('buy'),
        beside: beside.ok ? 'ok' : beside.code,
        killed: killed('guards/over-limit'),
      },
      holds: done('buy') === 80 && !beside.ok,
    };
  },
};

/** Reading asks nobody. The fault: what is read must be leased, as what is drawn. */
async function readAnywhere(firm: Firm, broken: boolean): Promise<Shown> {
  const { office, ann, bob, act, meet } = firm;
  await act(office, 'pool.fill', { pool: 'seats', quantity: POOL });
  const held = await lease(firm, 6, ann.device);
  await act(office, 'work.dispatch', { entity: 'job', to: ann.device });
  await meet();
  const tables = ['pools', 'leases', 'owners'];
  let read = 0;
  for (const table of tables) {
    const mayRead = !broken || (await bob.commit('stock.take', { of: held, amount: 1 })).ok;
    if (mayRead) read += bob.query(`SELECT * FROM ${table}`).length;
  }
  return { ops: tables.length, facts: { read }, holds: read === tables.length };
}

export const guards: Witness = {
  name: 'guards',
  claims: [...Object.keys(scenarios), 'read-anywhere', 'rule-language'],
  async run({ broken, claim }) {
    for (const [guard, scenario] of Object.entries(scenarios))
      await withFirm(guardedVerbs(!broken), async (firm) => {
        const { ops, facts, holds } = await scenario(firm);
        claim({ ops }, { claim: guard, ...facts }, holds);
      });
    await withFirm(guardedVerbs(true), async (firm) => {
      const { ops, facts, holds } = await readAnywhere(firm, broken);
      claim({ tables: ops }, { claim: 'read-anywhere', ...facts }, holds);
    });
    const { cases, ...outcome } = conforming(broken);
    const holds = outcome.passed === conformanceCounts['passed'] && outcome.wrong === 0;
    claim({ cases }, { claim: 'rule-language', ...outcome }, holds);
  },
};
