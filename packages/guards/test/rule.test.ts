/** Rules that owners set and verbs obey: when they hold, what they refuse with, how they are tried, and what is no rule. */
import type { Verb } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import type { Json } from '@tallystick/oplog';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { tryRule } from '../src/index.ts';
import { parseRule, ruleBounds } from '../src/rule-ast.ts';
import { evaluateRule, evaluationBounds, reasonOf } from '../src/rule-eval.ts';
import { readRule } from '../src/rule-memo.ts';
import { exprOf } from './cel.ts';
import { refundVerbs, unguardedRefundVerbs } from './refund.ts';
import { anyHistory, createScene, expectOneState, moved, type Scene } from './scene.ts';

const [OFFICE, TILL] = [0, 1];
const open: Scene[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

const verb = 'refund.give';
const small = "args.amountMinor <= 500 || author.role == 'owner'";
async function openScene(verbs: readonly Verb[] = refundVerbs): Promise<Scene> {
  const scene = await createScene(verbs, ['till']);
  open.push(scene);
  return scene;
}
const setRule = (scene: Scene, text: string, rule = 'small-refunds'): Promise<string> =>
  scene.commit(OFFICE, 'rule.set', { verb, rule, expr: exprOf(text) });
const refunds = (scene: Scene): number => scene.books[OFFICE]!.query('SELECT id FROM refunds').length;

describe('a rule', () => {
  it('refuses what it does not come to true for, by name, version and values', async () => {
    const scene = await openScene();
    expect(await setRule(scene, small)).toBe('ok');
    await scene.settle();
    const large = { sale: 's-1', amountMinor: 501 };
    expect(await scene.books[TILL]!.commit(verb, large)).toMatchObject({
      ok: false,
      code: 'guards/rule',
      details: { rule: 'small-refunds', version: 1, 'args.amountMinor': 501, 'author.role': 'till' },
    });
    expect(await scene.commit(TILL, verb, { ...large, amountMinor: 500 })).toBe('ok');
    expect(await scene.commit(OFFICE, verb, large)).toBe('ok');
  });

  /** The till refunds 900 while it does not know that the rule came first. */
  const late = async (verbs: readonly Verb[]): Promise<Scene> => {
    const scene = await openScene(verbs);
    await setRule(scene, small);
    await scene.sync(OFFICE);
    await scene.must(TILL, verb, { sale: 's-1', amountMinor: 900 });
    await scene.settle();
    await expectOneState(scene);
    return scene;
  };

  it('holds on fold, also for a device that has not heard of it', async () => {
    const scene = await late(refundVerbs);
    expect(refunds(scene)).toBe(0);
    expect(scene.refusedCodes()).toEqual(['guards/rule']);
  });

  it('with the guard off refuses nothing (falsifier)', async () => {
    expect(refunds(await late(unguardedRefundVerbs))).toBe(1);
  });

  it('has versions, of which the last is in force until it is dropped', async () => {
    const scene = await openScene();
    await setRule(scene, small);
    await setRule(scene, 'args.amountMinor <= 100');
    const args = { sale: 's-1', amountMinor: 300 };
    expect(await scene.books[OFFICE]!.commit(verb, args)).toMatchObject({ details: { version: 2 } });
    expect(await scene.commit(OFFICE, 'rule.drop', { verb, rule: 'small-refunds' })).toBe('ok');
    expect(await scene.commit(OFFICE, verb, args)).toBe('ok');
    expect(await scene.commit(OFFICE, 'rule.drop', { verb, rule: 'small-refunds' })).toBe('guards/no-rule');
    await setRule(scene, 'false');
    expect(await scene.books[OFFICE]!.commit(verb, args)).toMatchObject({ details: { version: 3 } });
    expect(scene.books[OFFICE]!.query('SELECT version FROM rules_history ORDER BY place')).toHaveLength(3);
  });

  it('holds in a branch from the mark that includes it', async () => {
    const scene = await openScene();
    const args = { sale: 's-1', amountMinor: 900 };
    expect(await scene.commit(OFFICE, verb, args, 'b/1')).toBe('ok');
    await setRule(scene, 'args.amountMinor <= 500');
    await scene.settle();
    expect(await scene.commit(OFFICE, verb, args, 'b/1')).toBe('guards/rule');
    expect(await scene.commit(OFFICE, 'rule.set', { verb, rule: 'x', expr: exprOf('true') }, 'b/1')).toBe(
      'guards/only-hq',
    );
    expect(await scene.commit(OFFICE, 'rule.drop', { verb, rule: 'small-refunds' }, 'b/1')).toBe('guards/only-hq');
  });

  it('sees rows and the business day, and says what of them it read', async () => {
    const scene = await openScene();
    await setRule(scene, "has(rows.sale) && args.amountMinor <= rows.sale.totalMinor && day >= '2026-11-21'");
    const give = async (amountMinor: number): Promise<object> => {
      const commit = await scene.books[OFFICE]!.commit(verb, { sale: 's-1', amountMinor });
      return commit.ok ? { ok: true } : commit.details;
    };
    expect(await give(1)).toMatchObject({ 'rows.sale': 'absent' });
    await scene.must(OFFICE, 'shop.sell', { sale: 's-1', totalMinor: 250, note: '' });
    expect(await give(251)).toMatchObject({ 'args.amountMinor': 251, 'rows.sale.totalMinor': 250 });
    expect(await give(250)).toMatchObject({ day: '' });
    await scene.must(OFFICE, 'day.open', { day: '2026-11-21' });
    expect(await give(250)).toEqual({ ok: true });
  });

  it('names the element that decides, and cuts what is long', async () => {
    const scene = await openScene();
    await setRule(scene, "args.lines.all(l, l.quantity < 10) && !(rows.sale.note.contains('void'))");
    const lines = [5, 12, 3].map((quantity) => ({ sku: 'tea', quantity }));
    const commit = await scene.books[OFFICE]!.commit(verb, { sale: 's-1', amountMinor: 1, lines });
    expect(commit).toMatchObject({ details: { 'args.lines[1].quantity': 12 } });
    expect(Object.keys(commit.ok ? {} : commit.details)).toHaveLength(3);
    // 99 units and then the first half of a pair: a cut between its halves would have no canonical text.
    await scene.must(OFFICE, 'shop.sell', { sale: 's-2', totalMinor: 1, note: `${'x'.repeat(99)}\u{1F375} void` });
    const long = await scene.books[OFFICE]!.commit(verb, { sale: 's-2', amountMinor: 1, lines: [] });
    await setRule(scene, `has(args["lines"][0].${'x'.repeat(200)})`);
    const deep = await scene.books[OFFICE]!.commit(verb, { sale: 's-1', amountMinor: 1, lines });
    const path = Object.keys(deep.ok ? {} : deep.details).find((key) => key.startsWith('args[lines][0].x'));
    expect(path).toHaveLength(100);
    expect(long).toMatchObject({ code: 'guards/rule', details: { 'rows.sale.note': 'x'.repeat(99) } });
  });

  it('that comes to nothing refuses too', async () => {
    const scene = await openScene();
    await setRule(scene, 'args.amountMinor * 1000 < args.limit');
    const commit = await scene.books[OFFICE]!.commit(verb, { sale: 's-1', amountMinor: 1 });
    expect(commit).toMatchObject({
      code: 'guards/rule-error',
      details: { reason: 'no-such-key', rule: 'small-refunds' },
    });
    await setRule(scene, 'args.amountMinor');
    expect(await scene.books[OFFICE]!.commit(verb, { sale: 's-1', amountMinor: 1 })).toMatchObject({
      code: 'guards/rule-error',
      details: { reason: 'not-boolean' },
    });
  });

  it('is one of at most 16 for a verb, and set by owners', async () => {
    const scene = await openScene();
    for (let count = 1; count <= 16; count++) expect(await setRule(scene, 'true', `rule-${count}`)).toBe('ok');
    expect(await setRule(scene, 'true', 'rule-17')).toBe('guards/too-many-rules');
    await scene.settle();
    expect(await scene.commit(TILL, 'rule.set', { verb, rule: 'x', expr: exprOf('true') })).toBe('kernel/role');
  });
});

it('what counts is what a reading of the ops in their order says', async () => {
  const anyAct = fc.record({
    kind: fc.constantFrom('set', 'drop', 'give', 'give', 'give'),
    device: fc.nat(2),
    amount: fc.integer({ min: 1, max: 9 }),
  });
  const setBy = (device: number) => ({ kind: 'set', device, amount: 1 }) as const;
  const giveBy = (device: number) => ({ kind: 'give', device, amount: 9 }) as const;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(anyHistory(3, anyAct), async (history) => {
      const scene = await createScene(refundVerbs, ['owner', 'owner']);
      try {
        for (const step of history) {
          if (await moved(scene, step)) continue;
          const { kind, device, amount } = step as { kind: string; device: number; amount: number };
          const rule = 'most';
          if (kind === 'give') await scene.commit(device, verb, { sale: 's', amountMinor: amount });
          else if (kind === 'drop') await scene.commit(device, 'rule.drop', { verb, rule });
          else await scene.commit(device, 'rule.set', { verb, rule, expr: exprOf(`args.amountMinor <= ${amount}`) });
        }
        await scene.settle();
        await expectOneState(scene);
        let most = Infinity;
        const expected: string[] = [];
        for (const { op } of await scene.books[0]!.log.settled('hq' as never, 0, 1000)) {
          if (op.verb === 'rule.set@1') most = Number(/"int64Value":"(\d+)"/.exec(op.args['expr'] as string)?.[1]);
          else if (op.verb === 'rule.drop@1') most = Infinity;
          else if (op.verb === 'refund.give@1' && Number(op.args['amountMinor']) <= most) expected.push(op.id);
        }
        const given = scene.books[0]!.query<{ id: string }>('SELECT id FROM refunds ORDER BY id').map(({ id }) => id);
        expect(given).toEqual(expected.sort());
        refused += scene.refusedCodes().length;
      } finally {
        await scene.close();
      }
    }),
    { seed: 1, numRuns: 8, examples: [[[setBy(0), giveBy(1)]]] },
  );
  expect(refused).toBeGreaterThan(0);
});

describe('a trial', () => {
  it('names what comes to be refused if the same had been done under the rule, whatever was done', async () => {
    const met = { stood: 0, refused: 0 };
    const amounts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(amounts, fc.nat({ max: 9 }), fc.nat({ max: 9 }), async (given, most, other) => {
        const lived = async (rules: readonly (readonly [string, number])[]) => {
          const scene = await createScene(refundVerbs, []);
          for (const [rule, at] of rules) await setRule(scene, `args.amountMinor <= ${at}`, rule);
          const answers: string[] = [];
          for (const amountMinor of given) answers.push(await scene.commit(OFFICE, verb, { sale: 's', amountMinor }));
          return { scene, answers };
        };
        const past = await lived([['in-force', other]]);
        const book = past.scene.books[OFFICE]!;
        const before = book.digest().digest;
        const into = nodeStore(':memory:');
        const rule = { verb, rule: 'strict', expr: exprOf(`args.amountMinor <= ${most}`) };
        const { asked, refused } = await tryRule(book, rule, { verbs: refundVerbs, into });
        await into.close();
        const under = await lived([
          ['in-force', other],
          ['strict', most],
        ]);
        const stood = given.filter((_amount, index) => past.answers[index] === 'ok');
        const falls = given.filter((_amount, index) => past.answers[index] === 'ok' && under.answers[index] !== 'ok');
        expect(asked).toBe(stood.length);
        expect(refused.map(({ refusal }) => refusal.details['args.amountMinor'])).toEqual(falls);
        expect(book.digest().digest).toBe(before);
        met.stood += stood.length - falls.length;
        met.refused += falls.length;
        for (const { scene } of [past, under]) await scene.close();
      }),
      { seed: 1, numRuns: 8 },
    );
    expect(Math.min(met.stood, met.refused)).toBeGreaterThan(0);
  });

  it('says which past ops a rule would have refused, and changes nothing', async () => {
    const scene = await openScene();
    const book = scene.books[OFFICE]!;
    for (const amountMinor of [100, 600, 300, 900]) await scene.must(OFFICE, verb, { sale: 's', amountMinor });
    await setRule(scene, 'args.amountMinor < 700', 'cap');
    await scene.must(TILL, verb, { sale: 's', amountMinor: 800 });
    await scene.settle();
    const digest = book.digest().digest;
    const attempt = async (text: string, verbs = refundVerbs) => {
      const into = nodeStore(':memory:');
      const trial = await tryRule(book, { verb, rule: 'strict', expr: exprOf(text) }, { verbs, into });
      await into.close();
      return trial;
    };
    const { asked, refused } = await attempt('args.amountMinor <= 500');
    // The 800 of the till is refused already.
    expect(asked).toBe(4);
    expect(refused.map(({ refusal }) => refusal.details['args.amountMinor'])).toEqual([600, 900]);
    expect(refused[0]).toMatchObject({ device: book.device, scope: 'hq', refusal: { code: 'guards/rule' } });
    expect((await attempt('true')).refused).toEqual([]);
    // What the trial said is what comes of it.
    await setRule(scene, 'args.amountMinor <= 500', 'strict');
    expect(await scene.commit(OFFICE, verb, { sale: 's', amountMinor: 600 })).toBe('guards/rule');
    expect(await scene.commit(OFFICE, verb, { sale: 's', amountMinor: 500 })).toBe('ok');
    // A verb that asks no rule says nothing of it.
    const other = await openScene(unguardedRefundVerbs);
    await other.must(OFFICE, verb, { sale: 's', amountMinor: 600 });
    const into = nodeStore(':memory:');
    const silent = await tryRule(
      other.books[OFFICE]!,
      { verb, rule: 'strict', expr: exprOf('false') },
      { verbs: unguardedRefundVerbs, into },
    );
    await into.close();
    expect(silent).toEqual({ asked: 0, refused: [] });
    expect(digest).not.toBe('');
  });
});

describe('what is no rule', () => {
  const codeOf = (text: string): string => {
    const read = parseRule(text, new Set(['args']));
    return read.ok ? 'ok' : `${read.code} ${read.what}`;
  };
  const node = (expr: string): string => codeOf(exprOf(expr));

  it.each([
    ['1.5', 'guards/rule-unsupported doubleValue'],
    ['1u', 'guards/rule-unsupported uint64Value'],
    ['null', 'guards/rule-unsupported nullValue'],
    ["b'x'", 'guards/rule-unsupported bytesValue'],
    ['{1: 1}', 'guards/rule-unsupported mapKey'],
    ["{args.sku: 'x'}", 'guards/rule-unsupported mapKey'],
    ["{'a': 1, 'a': 2}", 'guards/rule-malformed mapKey'],
    ["type('a')", 'guards/rule-unsupported type'],
    ["'a'.int()", 'guards/rule-unsupported int'],
    ["timestamp('2026-11-21T00:00:00Z')", 'guards/rule-unsupported timestamp'],
    ["'a'.matches('(?=a)')", 'guards/rule-unsupported pattern'],
    ["'a'.matches('a', 'b')", 'guards/rule-unsupported matches'],
    ['[1].map(x, x)', 'guards/rule-unsupported comprehensionExpr'],
    ['[1].exists_one(x, x == 1)', 'guards/rule-unsupported comprehensionExpr'],
    ['9007199254740992', 'guards/rule-range 9007199254740992'],
    ['secret', 'guards/rule-variable secret'],
    ['[1].all(x, x == 1) && x == 1', 'guards/rule-variable x'],
    ['args.size(1)', 'guards/rule-unsupported size'],
  ])('%s', (expr, code) => {
    expect(node(expr)).toBe(code);
  });

  it.each([
    ['', 'guards/rule-malformed json'],
    ['{', 'guards/rule-malformed json'],
    ['null', 'guards/rule-malformed expr'],
    ['[]', 'guards/rule-malformed expr'],
    ['{}', 'guards/rule-malformed expr'],
    ['{"constExpr":{"boolValue":true},"identExpr":{"name":"args"}}', 'guards/rule-malformed expr'],
    ['{"__proto__":{"constExpr":{"boolValue":true}}}', 'guards/rule-unsupported __proto__'],
    ['{"constExpr":{"int64Value":"1e3"}}', 'guards/rule-malformed int64Value'],
    ['{"constExpr":{"boolValue":1}}', 'guards/rule-unsupported boolValue'],
    ['{"identExpr":{"name":1}}', 'guards/rule-malformed identExpr'],
    ['{"selectExpr":{"operand":{"identExpr":{"name":"args"}}}}', 'guards/rule-malformed selectExpr'],
    ['{"callExpr":{"function":"!_"}}', 'guards/rule-unsupported !_'],
    ['{"callExpr":{"args":[]}}', 'guards/rule-malformed callExpr'],
    ['{"callExpr":{"function":"toString","args":[]}}', 'guards/rule-unsupported toString'],
    ['{"listExpr":{"elements":1}}', 'guards/rule-malformed listExpr'],
    ['{"structExpr":{"entries":1}}', 'guards/rule-malformed structExpr'],
    ['{"structExpr":{"entries":[1]}}', 'guards/rule-malformed structExpr'],
    ['{"structExpr":{"messageName":"M"}}', 'guards/rule-unsupported messageName'],
    [
      '{"structExpr":{"entries":[{"optionalEntry":true,"mapKey":{"constExpr":{"stringValue":"a"}}}]}}',
      'guards/rule-unsupported mapKey',
    ],
    ['{"listExpr":{"optionalIndices":[0]}}', 'guards/rule-unsupported optionalIndices'],
    ['{"constExpr":{"stringValue":"\\ud83c"}}', 'guards/rule-unsupported stringValue'],
    ['{"selectExpr":{"operand":{"identExpr":{"name":"args"}},"field":"\\ud83c"}}', 'guards/rule-malformed selectExpr'],
    ['{"\\ud83c":{}}', 'guards/rule-unsupported text'],
    ['{"comprehensionExpr":{}}', 'guards/rule-malformed comprehensionExpr'],
    ['{"comprehensionExpr":{"iterVar":"x","accuVar":"x"}}', 'guards/rule-unsupported comprehensionExpr'],
  ])('%s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('reads a tree as every reader of CEL does, or not at all', () => {
    const codeOf = (text: string): unknown => {
      const read = parseRule(text, new Set(['args', 'day']));
      return read.ok ? 'ok' : `${read.code} ${read.what}`;
    };
    const all = exprOf("[args.a].all(x, [x].exists(y, y == 'b'))");
    expect(codeOf(all)).toBe('ok');
    const sum = /"(?:@result|__result__)"/g;
    expect(codeOf(all.replaceAll(sum, '"sum"'))).toBe('ok');
    // A sum of that name would stand before what the predicate names.
    for (const taken of ['"args"', '"x"'])
      expect(codeOf(all.replaceAll(sum, taken))).toBe('guards/rule-unsupported comprehensionExpr');
    // One of several: which of two constants a reader takes is its own affair.
    const matches = exprOf("args.a.matches('^a')").replace('"stringValue":"^a"', '"int64Value":"1","stringValue":"^a"');
    expect(codeOf(matches)).toBe('guards/rule-unsupported pattern');
    const map = exprOf("{'a': true}['a']");
    expect(codeOf(map)).toBe('ok');
    expect(codeOf(map.replace('"mapKey"', '"fieldKey":"b","mapKey"'))).toBe('guards/rule-malformed structExpr');
  });

  it('is what is too large, however it is', () => {
    expect(codeOf(' '.repeat(ruleBounds.text + 1))).toBe('guards/rule-too-large text');
    expect(codeOf('['.repeat(ruleBounds.nesting + 1))).toBe('guards/rule-too-large nesting');
    expect(codeOf(`"${'['.repeat(ruleBounds.nesting + 1)}\\"["`)).toBe('guards/rule-malformed expr');
    expect(node(`${'!'.repeat(ruleBounds.depth - 1)}true`)).toBe('ok');
    let deep = '{"constExpr":{"boolValue":true}}';
    for (let depth = 0; depth < ruleBounds.depth; depth++) deep = `{"callExpr":{"function":"!_","args":[${deep}]}}`;
    expect(codeOf(deep)).toBe('guards/rule-too-large depth');
    expect(node(`[${'1,'.repeat(ruleBounds.nodes - 2)}1]`)).toBe('ok');
    const one = '{"constExpr":{"int64Value":"1"}}';
    expect(codeOf(`{"listExpr":{"elements":[${new Array(ruleBounds.nodes).fill(one).join()}]}}`)).toBe(
      'guards/rule-too-large nodes',
    );
  });

  it('is refused where it is set', async () => {
    const scene = await openScene();
    const set = (expr: string) => scene.books[OFFICE]!.commit('rule.set', { verb, rule: 'r', expr });
    expect(await set('{')).toMatchObject({ code: 'guards/rule-malformed', details: { rule: 'r', what: 'json' } });
    expect(await set('['.repeat(400))).toMatchObject({ code: 'guards/rule-too-large', details: { what: 'nesting' } });
    expect(await set(exprOf('1.5'))).toMatchObject({ code: 'guards/rule-unsupported' });
    expect(await set(exprOf('clock'))).toMatchObject({ code: 'guards/rule-variable', details: { what: 'clock' } });
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => codeOf(text) !== ''),
      { numRuns: 200 },
    );
  });
});

it('read before or not is the same rule', () => {
  const [first, ...others] = Array.from({ length: 100 }, (_one, count) => exprOf(`args.amount == ${count}`));
  const before = readRule(first!);
  expect(readRule(first!)).toBe(before);
  for (const other of others) expect(readRule(other).ok).toBe(true);
  // Long forgotten, and read anew.
  expect(readRule(first!)).not.toBe(before);
  expect(readRule(first!)).toEqual(before);
});

describe('an evaluation', () => {
  const come = (text: string, bindings: Readonly<Record<string, Json>> = {}): unknown => {
    const variables = new Map(Object.entries(bindings));
    const read = parseRule(exprOf(text), new Set(variables.keys()));
    if (!read.ok) throw new Error(`${read.code} ${read.what}`);
    const { value } = evaluateRule(read.value.root, variables);
    return reasonOf(value) ?? value;
  };
  const max = Number.MAX_SAFE_INTEGER;

  it.each([
    ['n + 1', 'overflow'],
    ['-n - 2', 'overflow'],
    ['n * 2', 'overflow'],
    ['n * 3 == n * 3', 'overflow'],
    ['n / 0', 'divide-by-zero'],
    ['n % 0', 'divide-by-zero'],
    ['n + "a"', 'no-such-overload'],
    ['list[3]', 'no-such-index'],
    ['list[-1]', 'no-such-index'],
    ['map.constructor', 'no-such-key'],
    ['map["__proto__"]', 'no-such-key'],
    ['has(map.toString)', false],
    ['{"__proto__": 1}.__proto__', 1],
    ['{"a": 1}["constructor"]', 'no-such-key'],
    ['{"a": n + 1}.a == 1 || true', true],
    ['int("9007199254740992")', 'overflow'],
    ['int("-0")', 0],
    ['int("")', 'conversion'],
    ['int(" 1")', 'conversion'],
    ['int(true)', 'no-such-overload'],
    ['bool("yes")', 'conversion'],
    ['bool(1)', 'no-such-overload'],
    ['string(list)', 'no-such-overload'],
    ['n.matches("1")', 'no-such-overload'],
    ['n + 1 > 0 || true', true],
    ['false && n + 1 > 0', false],
    ['list.exists(x, 6 / x == 3)', true],
    ['list.all(x, 6 / x > 0)', 'divide-by-zero'],
    ['map.all(key, key < "c")', true],
    ['-7 / 2', -3],
    ['-7 % 2', -1],
    ['0 * -1', 0],
    ['size("\u{1F375}")', 1],
    ['"\u{1F375}" > "\uFB00"', true],
  ])('of %s', (text, value) => {
    const got = come(text, { n: max, list: [0, 1, 2], map: { a: 1, b: 2 } });
    expect(Object.is(got, value) || got).toBe(true);
  });

  it('ends within its steps, and is read within its bounds, whatever is nested', () => {
    // What docs/guards.md says, whatever the program has.
    const said = { steps: 20_000, depth: 64 };
    const met = { ended: 0, came: 0, tooDeep: 0 };
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), (lengths, levels) => {
        const lists = Object.fromEntries(
          lengths.map((length, index) => [`list${index}`, Array.from({ length }, (_one, at) => at)]),
        );
        const text = lengths.reduceRight((inner, _length, index) => `list${index}.all(x${index}, ${inner})`, 'x0 >= 0');
        const rounds = lengths.reduce((product, length) => product * length, 1);
        const value = come(text, lists);
        // A round costs a step or more, and no more than a few.
        if (rounds > said.steps) expect(value).toBe('steps');
        else if (20 * rounds < said.steps) expect(value).toBe(true);
        met[value === 'steps' ? 'ended' : 'came'] += 1;
        const deep = Array.from({ length: levels }).reduce<string>(
          (of) => `{"callExpr":{"function":"!_","args":[${of}]}}`,
          '{"constExpr":{"boolValue":true}}',
        );
        const read = parseRule(deep, new Set());
        expect(read.ok).toBe(levels < said.depth);
        met.tooDeep += read.ok ? 0 : 1;
      }),
      { seed: 1, numRuns: 60 },
    );
    expect(Math.min(met.ended, met.came, met.tooDeep)).toBeGreaterThan(0);
  });

  it('ends, however much it is asked', () => {
    const list = new Array<number>(1_000).fill(0);
    const nested = 'list.all(a, list.all(b, list.all(c, a == b)))';
    expect(come(nested, { list })).toBe('steps');
    const text = 'x'.repeat(evaluationBounds.text);
    expect(come('text + "y"', { text })).toBe('text-length');
    const [hay, needle] = ['a'.repeat(30_000), `${'a'.repeat(15_000)}b`];
    expect(come('hay.contains(needle)', { hay, needle })).toBe('steps');
    expect(come('hay.contains("aab")', { hay })).toBe(false);
    const others = new Array<string>(100).fill(text);
    expect(come('others.all(one, one == text)', { others, text })).toBe('steps');
    const wide = Object.fromEntries(list.map((_zero, index) => [`k${index}`, index]));
    expect(come('list.all(x, wide == wide)', { list, wide })).toBe('steps');
    // What ran out answers nothing more: not even what would decide.
    expect(come(`${nested} || true`, { list })).toBe('steps');
  });
});
