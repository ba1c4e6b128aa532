/** Whatever arrives when, and whatever is claimed, no unit is counted twice and none disappears: on every replica, at every moment. */
import { lineAmountMinor } from '@tallystick/ledger';
import type { OpRecord } from '@tallystick/oplog';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type AnyBook, anyHistory, expectOneState, moved, type Scene } from '../../../guards/test/scene.ts';
import { custodyOf, custodyOffer, inTransit, stockPositions, transferFaults, transferNote } from '../../src/supply.ts';
import {
  balances,
  branch,
  carrier,
  depot,
  dispatch,
  handOver,
  head,
  manager,
  mugs,
  office,
  openChain,
  other,
  receipt,
  shop,
  warehouse,
} from './chain.ts';

const scopes = [depot, shop, other] as const;
const anyAct = fc.record({
  kind: fc.constantFrom('buy', 'send', 'send', 'send', 'receive', 'receive', 'receive', 'sell'),
  device: fc.constantFrom(warehouse, branch),
  scope: fc.constantFrom(...scopes),
  to: fc.constantFrom(...scopes),
  /** Which of the transfers that the device knows. */
  which: fc.nat(9),
  quantity: fc.integer({ min: 1, max: 9 }),
  /** Mostly to the scope that it is for. */
  astray: fc.constantFrom(false, false, false, true),
});
type Act = typeof anyAct extends fc.Arbitrary<infer A> ? A : never;

async function act(scene: Scene, { kind, device, scope, to, which, quantity, astray }: Act): Promise<void> {
  const book = scene.books[device]!;
  if (kind === 'buy')
    await scene.commit(device, 'stock.receive', { ...head, reference: 'D', lines: [mugs(quantity)] }, scope);
  else if (kind === 'send')
    await scene.commit(device, 'transfer.dispatch', { ...head, to, lines: [mugs(quantity)] }, scope);
  else if (kind === 'sell') {
    const lines = [{ sku: 'MUG', name: 'Mug', quantity: 0 - quantity, unitPriceMilliMinor: 200_000 }];
    await scene.commit(device, 'stock.adjust', { ...head, lines, reason: 'broken' }, scope);
  } else {
    const known = book.query<{ transfer: string; toScope: string }>(
      'SELECT transfer, toScope FROM transfers ORDER BY 1',
    );
    const one = known[which % Math.max(1, known.length)];
    if (one === undefined) return;
    await scene.commit(device, 'transfer.receive', receipt(book, one.transfer, [quantity]), astray ? to : one.toScope);
  }
}

/** What came in from outside less what went out, of what a replica has: it must be somewhere, in transit, or lost. */
function expectNothingCountedTwice(book: AnyBook): void {
  const [outside] = book.query<{ n: number }>(
    "SELECT coalesce(sum(quantity), 0) AS n FROM documentLines WHERE kind IN ('receipt', 'adjustment')",
  );
  const there = stockPositions(book).reduce((sum, { onHand, inTransit: way, lost }) => sum + onHand + way + lost, 0);
  expect(there).toBe(outside?.n);
}

/** The naive reference: lists of what was sent and of what came, out of the ops that were not refused. */
async function expectAsReference(scene: Scene): Promise<{ received: number; refused: number }> {
  const book = scene.books[0]!;
  const refused = new Set(book.query<{ hash: string }>('SELECT hash FROM refusals').map(({ hash }) => hash));
  // A second count of the same goods stands, and counts for nothing.
  const again = book.query<{ hash: string }>("SELECT hash FROM corrections WHERE code = 'retail/transfer-received'");
  for (const { hash } of again) refused.add(hash);
  const records: OpRecord[] = [];
  for (const scope of scopes) records.push(...(await book.log.settled(scope as never, 0, 1000)));
  const stands = records.filter(({ hash }) => !refused.has(hash));
  const of = (verb: string) => stands.filter(({ op }) => op.verb === verb);
  const lines = (record: OpRecord) => (record.op.args as { lines: { quantity: number; received: number }[] }).lines;
  const count = (list: readonly OpRecord[], column: 'quantity' | 'received' = 'quantity') =>
    list.reduce((sum, record) => sum + lines(record).reduce((all, line) => all + line[column], 0), 0);
  const [sent, came] = [of('transfer.dispatch@1'), of('transfer.receive@1')];
  const onHand = scopes.map((scope) => {
    const here = (list: readonly OpRecord[]) => list.filter(({ op }) => op.scope === scope);
    const bought = count(here(of('stock.receive@1'))) + count(here(of('stock.adjust@1')));
    return bought - count(here(sent)) + count(here(came), 'received');
  });
  expect(
    scopes.map((scope) =>
      Number(book.query('SELECT sum(onHand) AS n FROM stock WHERE scope = ?', [scope])[0]?.['n'] ?? 0),
    ),
  ).toEqual(onHand);
  const arrived = new Set(came.map(({ op }) => op.args['transfer']));
  const open = sent.filter(({ op }) => !arrived.has(op.id));
  expect(
    inTransit(book)
      .map(({ transfer, quantity }) => [transfer, quantity])
      .sort(),
  ).toEqual(open.map((record) => [record.op.id, lines(record)[0]?.quantity]).sort());
  expect(balances(book)['1200'] ?? 0).toBe(200 * (count(sent) - count(came)));
  expect(balances(book)['5950'] ?? 0).toBe(200 * (count(came) - count(came, 'received')));
  return { received: came.length, refused: refused.size };
}

it('transfers count every unit once', { timeout: 120_000 }, async () => {
  const met = { received: 0, refused: 0 };
  const send: Act = { kind: 'send', device: warehouse, scope: depot, to: shop, which: 0, quantity: 5, astray: false };
  const twice: readonly object[] = [
    send,
    { kind: 'deliver', from: warehouse, to: branch },
    { ...send, kind: 'receive', device: branch },
    { ...send, kind: 'receive' },
  ];
  await fc.assert(
    fc.asyncProperty(anyHistory(3, anyAct), async (history) => {
      const scene = await openChain();
      try {
        for (const event of history) {
          if (!(await moved(scene, event))) await act(scene, event as Act);
          for (const book of scene.books) expectNothingCountedTwice(book);
        }
        await scene.settle();
        await expectOneState(scene);
        const { received, refused } = await expectAsReference(scene);
        met.received += received;
        met.refused += refused;
      } finally {
        await scene.close();
      }
    }),
    { seed: 1, numRuns: 8, examples: [[twice as never]] },
  );
  expect(Math.min(met.received, met.refused)).toBeGreaterThan(0);
});

const quantities = fc.array(fc.nat({ max: 9 }), { minLength: 2, maxLength: 2 });
const sent = [7, 9];

it('whatever is signed, the hops of a transfer add up to what was lost, in goods and in money', async () => {
  const scene = await openChain();
  const lost = { units: 0, minor: 0 };
  const met = { earlier: 0, carried: 0, counted: 0, unsigned: 0 };
  await fc.assert(
    fc.asyncProperty(quantities, quantities, quantities, fc.boolean(), async (took, gave, received, isSigned) => {
      const lines = [mugs(sent[0]!), mugs(sent[1]!, { sku: 'TEA', quantityScale: 3, unitCostMilliMinor: 333_333 })];
      const transfer = await dispatch(scene, lines);
      await scene.deliver(warehouse, branch);
      const book = scene.books[branch]!;
      const after = String(transferNote(book, transfer)?.dispatch);
      const terms = custodyOffer(transfer, scene.device(branch), { after, took, gave });
      const delivery = await scene.must(warehouse, 'tally.offer', terms, shop);
      await scene.deliver(warehouse, branch);
      await scene.must(branch, 'tally.accept', { offer: delivery }, shop);
      const args = receipt(book, transfer, received, isSigned ? { delivery } : {});
      await scene.must(branch, 'transfer.receive', args, shop);
      const [row] = book.query<{ units: number; minor: number }>(
        'SELECT coalesce(sum(quantity), 0) AS units, coalesce(sum(amountMinor), 0) AS minor FROM transitLosses',
      );
      lost.units += 16 - received.reduce((all, quantity) => all + quantity, 0);
      lost.minor += 200 * (7 - received[0]!) + lineMinor(9) - lineMinor(received[1]!);
      expect(row).toEqual(lost);
      expect(balances(book)['5950'] ?? 0).toBe(lost.minor);
      const holders = { warehouse: scene.device(warehouse), branch: scene.device(branch) };
      const hops = hopsOnPaper(isSigned ? { took, gave, received } : { received }, holders);
      expect(
        book.query(
          'SELECT line, hop, holder, quantity, amountMinor FROM transitLosses WHERE transfer = ? ORDER BY line, hop',
          [transfer],
        ),
      ).toEqual(hops);
      for (const { hop } of hops) met[hop] += 1;
    }),
    { seed: 1, numRuns: 15, examples: [[[6, 9], [5, 8], [4, 7], true]] },
  );
  expect(lost.units).not.toBe(0);
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
  await scene.close();
});

type Hop = 'earlier' | 'carried' | 'counted' | 'unsigned';
interface Said {
  readonly took?: readonly number[];
  readonly gave?: readonly number[];
  readonly received: readonly number[];
}

/** Who lost what of each line, by what was signed: before it was signed for nobody has a name. */
function hopsOnPaper(
  { took, gave, received }: Said,
  holders: { readonly warehouse: string; readonly branch: string },
): { readonly line: number; readonly hop: Hop; readonly holder: string }[] {
  return sent.flatMap((quantity, index) => {
    const worth = (units: number): number => (index === 0 ? 200 * units : lineMinor(units));
    const came = received[index]!;
    const row = (hop: Hop, holder: string, had: number, left: number) =>
      had === left
        ? []
        : [{ line: index + 1, hop, holder, quantity: had - left, amountMinor: worth(had) - worth(left) }];
    if (took === undefined || gave === undefined) return row('unsigned', '', quantity, came);
    return [
      ...row('carried', holders.warehouse, took[index]!, gave[index]!),
      ...row('counted', holders.branch, gave[index]!, came),
      ...row('earlier', '', quantity, took[index]!),
    ];
  });
}

it('along a chain of hands each giver answers for what went while they had it', async () => {
  const scene = await openChain();
  const hands = [warehouse, carrier, manager, branch] as const;
  const met = { lost: 0, lies: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ gave: fc.nat({ max: 9 }), lie: fc.constantFrom(0, 0, 0, 1) }), {
        minLength: 1,
        maxLength: 3,
      }),
      async (drawn) => {
        const transfer = await dispatch(scene, [mugs(9)]);
        await scene.deliver(warehouse, office);
        let had = 9;
        const expected = [];
        for (const [index, { gave, lie }] of drawn.entries()) {
          const [from, to] = [hands[index]!, hands[index + 1]!];
          await handOver(scene, transfer, { from, to, scope: depot, took: [had + lie], gave: [gave] });
          const [giver, taker] = [scene.device(from), scene.device(to)];
          expected.push({ giver, taker, lost: [had - gave], isLinked: true, isConsistent: lie === 0 });
          met.lost += had - gave === 0 ? 0 : 1;
          met.lies += lie;
          had = gave;
        }
        const book = scene.books[office]!;
        const steps = custodyOf(book, transfer);
        expect(
          steps.map(({ giver, taker, lost, isLinked, isConsistent }) => ({
            giver,
            taker,
            lost,
            isLinked,
            isConsistent,
          })),
        ).toEqual(expected);
        const liars = expected.flatMap(({ giver, isConsistent }) => (isConsistent ? [] : [giver]));
        const named = transferFaults(book).filter((fault) => fault.transfer === transfer);
        expect(named.map(({ kind, device }) => [kind, device])).toEqual(
          liars.map((giver) => ['custody-differs', giver]),
        );
      },
    ),
    {
      seed: 1,
      numRuns: 10,
      examples: [
        [
          [
            { gave: 9, lie: 0 },
            { gave: 8, lie: 1 },
          ],
        ],
      ],
    },
  );
  expect(Math.min(met.lost, met.lies)).toBeGreaterThan(0);
  await scene.close();
});

/** What thousandths of the tea are worth. */
const lineMinor = (quantity: number): number => lineAmountMinor(quantity, 3, 333_333) ?? Number.NaN;

it('goes red when a receipt does not take its goods out of transit (falsifier)', async () => {
  const scene = await openChain();
  const args = { ...head, to: shop, lines: [mugs(5)] };
  await scene.must(warehouse, 'transfer.dispatch', args, depot);
  const book = scene.books[warehouse]!;
  expectNothingCountedTwice(book);
  const forgetful = {
    query: (sql: string) => book.query(sql.replace('quantity, 0 FROM transit', '0 - quantity, 0 FROM transit')),
  } as AnyBook;
  expect(() => expectNothingCountedTwice(forgetful)).toThrow('expected');
  await scene.close();
});
