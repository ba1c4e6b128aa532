// The clauses of docs/spec/relay.md, "Gate", that are about one op and what it builds on.
import { createIdMint, type OpId, type OpRecord, type RootHash, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { type Clause, clause } from './conformance-clause.ts';
import { ensure, ensureSaid, follow, hq, openStage, type Stage, type Subject, tipOf } from './conformance-stage.ts';

const branch = 'b/042' as Scope;
const maxTextBytes = 61_440;
const daysMs = 86_400_000;
const wrongRoot = 'ab'.repeat(32) as RootHash;

/** `verdict` of each record, with its warnings: `stored!clock-ahead`. Past the client, which would not send some of them. */
async function judged(
  { send }: Subject,
  { book }: Stage,
  records: readonly Pick<OpRecord, 'bytes'>[],
  scope = hq,
): Promise<string> {
  const path = `/v1/books/${book}/scopes/${encodeURIComponent(scope)}/ops`;
  const answer = await send(path, { method: 'POST', body: encodeBundle(records) as Uint8Array<ArrayBuffer> });
  ensure(answer.status === 200, `a push is answered ${answer.status}`);
  const { results } = (await answer.json()) as { results: { verdict: string; warnings?: readonly string[] }[] };
  return results.map(({ verdict, warnings = [] }) => [verdict, ...warnings].join('!')).join();
}

const behind = ({ bytes }: OpRecord, spaces: number): Pick<OpRecord, 'bytes'> => {
  const longer = new Uint8Array(bytes.length + spaces).fill(0x20);
  longer.set(bytes);
  return { bytes: longer };
};

async function checkShapes(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till, other] = stage.tills;
  const { genesis: another } = await openStage(subject, { isPushed: false });
  const op = await till.craft({});
  const wrong = [await till.craft({ scope: branch }), another, behind(op, 1), behind(op, maxTextBytes)];
  const said = await judged(subject, stage, [...wrong, await other.write()]);
  const expected = 'misplaced,misplaced,not-canonical,too-large,stored';
  ensureSaid(said, expected, 'what is not of this log, no op or too long, and an op of another device');
  const { tip } = await follow(subject, stage, stage.root);
  ensure(tip.size === stage.opening.length + 1, `${tip.size} ops are in the log`);
}

async function checkBasis(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till, other] = stage.tills;
  const { size, root } = await tipOf(subject, stage, (await follow(subject, stage, stage.root)).tip.note);
  const missing = await other.write();
  const builtOn = await till.craft({ seen: { heads: [missing.hash] } });
  const told = [
    await judged(subject, stage, [await till.craft({ seen: { size: size + 9, root: wrongRoot } })]),
    await judged(subject, stage, [builtOn]),
    await judged(subject, stage, [missing, builtOn]),
  ].join(' ');
  ensureSaid(told, 'basis basis stored,stored', 'an op that builds on what is not here, and one with it');
  const mark = (at: number, of: RootHash): Promise<OpRecord> =>
    other.craft({ scope: branch, verb: 'hq.mark@1', args: { size: at, root: of } });
  const marks: string[] = [];
  for (const record of [await mark(size, wrongRoot), await mark(size + 9, root), await mark(size, root)])
    marks.push(await judged(subject, stage, [record], branch));
  ensure(marks.join() === 'basis,basis,stored', `marks with another root, beyond hq, and as it is: ${marks.join()}`);
}

async function checkWarnings(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till, other] = stage.tills;
  const { size } = (await follow(subject, stage, stage.root)).tip;
  const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const id: OpId = createIdMint({ now: () => Date.now() + 3 * daysMs, random }).mint();
  const said = await judged(subject, stage, [
    await till.write({ id }),
    await other.write({ seen: { size, root: wrongRoot } }),
  ]);
  ensureSaid(said, 'stored!clock-ahead,stored!seen-differs', 'a clock far ahead, and another log seen');
}

export const gateClauses: readonly Clause[] = [
  clause('shapes', 'Gate', 'what is no op, too long or not of this log is refused by itself', checkShapes),
  clause('basis', 'Gate', 'an op waits for what it builds on, and a mark for the hq that it names', checkBasis),
  clause('warnings', 'Gate', 'a clock far ahead and a log seen otherwise are stored, and warned of', checkWarnings),
];
