// The clauses of docs/spec/relay.md about who counts: under which key, until which day and on which branch, and what those hear who are nobody here.
import { encodeHex, type Op, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { encodeBundle } from '@tallystick/oplog/transport';
import { createMemoryKeyStore, type DeviceKey, rotateVerb, signOp } from '@tallystick/sign';
import { laterKey, proveRotation } from '@tallystick/sign/rotation';
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import {
  claims,
  damaged,
  ensure,
  ensureSaid,
  hq,
  openStage,
  push,
  readAs,
  type Stage,
  type Subject,
  type Writer,
} from './conformance-stage.ts';
import type { PushResult } from './verdict.ts';

const lastDay = '2026-01-31';
const dayAfter = '2026-02-01';
const nowhere = 'ab'.repeat(32) as OpHash;

/** As it came: what nobody is told is not in it. */
interface Said {
  readonly size: number;
  readonly checkpoint: string;
  readonly results: readonly PushResult[];
}

async function say(
  { send }: Subject,
  { book }: Stage,
  records: readonly OpRecord[],
  scope: Scope,
  way: 'ops' | 'claims' = 'ops',
): Promise<Said> {
  const path = `/v1/books/${book}/scopes/${encodeURIComponent(scope)}/${way}?checkpoint`;
  const answer = await send(path, { method: 'POST', body: encodeBundle(records) as Uint8Array<ArrayBuffer> });
  ensure(answer.status === 200, `a push is answered ${answer.status}`);
  return (await answer.json()) as Said;
}

/** `stored!quarantined` for each op. */
async function judged(
  subject: Subject,
  stage: Stage,
  records: readonly OpRecord[],
  scope: Scope = hq,
): Promise<string> {
  const { results } = await push(subject, stage, records, scope);
  return results.map(({ verdict, warnings = [] }) => [verdict, ...warnings].join('!')).join();
}

const claimBy = (writer: Writer, token: string): Promise<OpRecord> =>
  writer.write({ scope: claims, verb: 'test.claim@1', args: { claim: token } });

async function requireFree(subject: Subject, stage: Stage, by: Writer, token: string, what: string): Promise<void> {
  const record = await claimBy(by, token);
  const { results } = await subject.client.claim(stage.book, claims, [record]);
  ensure(results[0]?.holder?.hash === record.hash, `${what} has the token that it claims`);
}

const newKey = async ({ ed25519, hasher }: Subject): Promise<DeviceKey> =>
  createMemoryKeyStore(ed25519, hasher).create('another');

const signedBy = async (
  subject: Subject,
  { book }: Stage,
  key: DeviceKey,
  { op }: { readonly op: Op },
): Promise<OpRecord> => signOp({ ...op, device: key.device }, key, book, subject.hasher);

async function checkKeys(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till] = stage.tills;
  const first = await till.write();
  const next = laterKey(till.key.device, await newKey(subject));
  const args = { ...(await proveRotation(first.hash, next)) };
  const forced = await till.craft({
    seq: 2,
    prev: first.hash,
    verb: rotateVerb,
    args: { ...args, proof: '00'.repeat(64) },
  });
  const disagreed = await judged(subject, stage, [first, forced]);
  ensureSaid(disagreed, 'stored,bad-signature', 'an op, and a rotation to which the new key did not agree');
  const rotation = await till.write({ verb: rotateVerb, args });
  ensureSaid(await judged(subject, stage, [rotation]), 'stored', 'a rotation to which both keys agreed');
  const [old, own] = [
    await till.craft({ seq: 3, prev: rotation.hash }),
    await till.craft({ seq: 3, prev: rotation.hash }),
  ];
  const told = await judged(subject, stage, [old, await signedBy(subject, stage, next, own)]);
  ensureSaid(told, 'bad-signature,stored', 'after a rotation, an op under the old key, and under the new one');
  if (subject.reads === 'public') return;
  for (const [key, code] of [
    [till.key, 'relay/signature'],
    [next, 'no refusal'],
  ] as const)
    ensureSaid(
      await codeOf(readAs(subject, { ...till, key }).pull(stage.book, hq, 0)),
      code,
      `a read under the ${key === next ? 'new' : 'old'} key`,
    );
}

async function checkLastDay(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [guest, enrolment] = await stage.enrol('guest', 'till', hq, { untilDay: lastDay });
  const open = (day: string): Promise<OpRecord> => stage.root.write({ verb: 'day.open@1', args: { day } });
  const during = await judged(subject, stage, [enrolment, await open(lastDay), await guest.write()]);
  ensureSaid(during, 'stored,stored,stored', 'on the last day of a device, an op of it');
  const after = await judged(subject, stage, [await open(dayAfter), await guest.write()]);
  ensureSaid(after, 'stored,stored!quarantined', 'on the day after, an op of it');
  await push(subject, stage, [await claimBy(guest, 'late')], claims);
  await requireFree(subject, stage, stage.root, 'late', 'a device whose last day is over');
  if (subject.reads === 'public') return;
  const code = await codeOf(readAs(subject, guest).checkpoint(stage.book, hq));
  ensureSaid(code, 'relay/revoked', 'a read by a device whose last day is over');
}

async function checkBranches(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till, other] = stage.tills;
  const before = stage.opening.at(-1) as OpRecord;
  const key = await newKey(subject);
  const args = { ...before.op.args, device: key.device, key: encodeHex(key.publicKey) };
  const beside = await stage.root.craft({ seq: before.op.seq + 1, prev: before.hash, verb: before.op.verb, args });
  const forked = await judged(subject, stage, [await stage.root.write(), beside]);
  ensureSaid(forked, 'stored,fork', 'an op, and an enrolment at its place');
  const guest = await signedBy(subject, stage, key, await till.craft({ prev: beside.hash }));
  const told = await judged(subject, stage, [guest]);
  ensureSaid(told, 'unknown-device', 'an op of whom the losing branch lets in');
  const squat = await till.craft({ scope: claims, verb: 'test.claim@1', args: { claim: 'beside' } });
  const lost = await judged(subject, stage, [await till.write({ scope: claims }), squat], claims);
  ensureSaid(lost, 'stored,fork', 'an op, and a claim at its place');
  await requireFree(subject, stage, other, 'beside', 'the losing branch of a fork');
}

async function checkStrangers(subject: Subject): Promise<void> {
  const stage = await openStage(subject);
  const [till, other] = stage.tills;
  const alien = await openStage(subject, { isPushed: false });
  const granted = await claimBy(till, 'taken');
  await subject.client.claim(stage.book, claims, [granted]);
  const wanted = (of: Writer): Promise<OpRecord> =>
    of.craft({ scope: claims, verb: 'test.claim@1', args: { claim: 'taken' } });
  const unsigned = damaged(await wanted(other));
  for (const way of ['ops', 'claims'] as const)
    for (const [who, record] of [
      ['a stranger', await wanted(alien.tills[0])],
      ['whoever signed nothing', unsigned],
    ] as const) {
      const { results } = await say(subject, stage, [record], claims, way);
      ensure(results[0]?.position === undefined, `an op of ${who} is stored`);
      ensure(results[0]?.holder === undefined, `${who} is told who has a token`);
    }
  const told = await say(subject, stage, [await wanted(other)], claims, 'claims');
  ensureSaid(told.results[0]?.holder?.hash, granted.hash, 'the holder that a device is told of');
  if (subject.reads === 'public') return;
  for (const [who, record] of [
    ['a stranger', await alien.tills[0].write()],
    ['whoever signed nothing', damaged(await till.craft({ seq: 9, prev: nowhere }))],
  ] as const) {
    const { size, checkpoint, results } = await say(subject, stage, [record], hq);
    ensureSaid(size, 0, `the size of the log that ${who} is told`);
    ensureSaid(checkpoint, '', `the checkpoint that ${who} is told`);
    ensure(results[0]?.head === undefined, `${who} is told the head of a chain`);
  }
}

export const rosterClauses: readonly Clause[] = [
  clause('keys-in-force', 'Gate', 'a rotation takes both keys, and the old one writes and reads no more', checkKeys),
  clause('last-day', 'Gate', 'who is let in until a day is as one that is revoked on the day after', checkLastDay),
  clause('branches', 'Gate', 'the losing branch of a fork lets nobody in and has no token', checkBranches),
  clause('strangers', 'Push', 'who signed nothing is told neither of a log nor of a token', checkStrangers),
];
