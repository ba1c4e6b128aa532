// The clauses of docs/spec/relay.md that can be tried from outside. Each opens a book of its own and says what it saw otherwise.
import {
  createTree,
  encodeVerifierKey,
  leafHash,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
} from '@tallystick/chain';
import { decodeHex, type OpHash, type OpRecord, type Tip } from '@tallystick/oplog';
import {
  claims,
  damaged,
  follow,
  hashes,
  hq,
  openStage,
  push,
  readAs,
  ensure,
  ensureSaid,
  requireReceipts,
  type Stage,
  type Subject,
  verifyBy,
  type Writer,
} from './conformance-stage.ts';
import { type Clause, clause, codeOf } from './conformance-clause.ts';
import { gateClauses } from './conformance-gate.ts';
import { keyClauses } from './conformance-keys.ts';
import { noteClauses } from './conformance-notes.ts';
import { requestClauses } from './conformance-requests.ts';
import { rosterClauses } from './conformance-roster.ts';
import { originOf, verifyCheckpoint } from './receipt.ts';
import { noteDigest, verifyStanding } from './standing.ts';
import { tileWidth } from './tile-path.ts';
import { rootAt } from './tiles.ts';

const writeMany = async (writer: Writer, count: number): Promise<OpRecord[]> => {
  const records: OpRecord[] = [];
  while (records.length < count) records.push(await writer.write());
  return records;
};

/** Ops of three devices, handed in by turns. */
interface Traded {
  /** In the order in which they were handed in, those that open the book included. */
  readonly pushed: readonly OpRecord[];
  /** By hash, as the receipts say. */
  readonly positions: ReadonlyMap<string, number | undefined>;
}

async function trade(subject: Subject, stage: Stage, rounds = 3): Promise<Traded> {
  const pushed: OpRecord[] = [...stage.opening];
  const positions = new Map<string, number | undefined>();
  for (let round = 0; round < rounds; round++) {
    for (const writer of [stage.root, ...stage.tills]) {
      const records = await writeMany(writer, 1 + (round % 3));
      const { results } = await push(subject, stage, records);
      for (const { hash, position } of results) positions.set(hash, position);
      pushed.push(...records);
    }
  }
  return { pushed, positions };
}

const verdictsOf = async (subject: Subject, stage: Stage, records: readonly OpRecord[]): Promise<string> =>
  (await push(subject, stage, records)).results.map(({ verdict }) => verdict).join();

const logClauses: readonly Clause[] = [
  clause('info', 'Requests', 'a relay says its name, its key and its limits', async ({ client, relay, hasher }) => {
    const info = await client.info();
    const key = parseVerifierKey(info.vkey, hasher);
    ensure(key.ok && key.value.name === info.name, 'its vkey is none of its name');
    ensure(info.vkey === encodeVerifierKey(relay, hasher), 'its vkey is not the pinned one');
    ensure(info.limits.maxBatchOps >= 1 && info.limits.maxBatchBytes >= 65_537, 'it takes no op of the greatest size');
  }),
  clause('kept', 'Push', 'whatever has a receipt is in the log', async (subject) => {
    const stage = await openStage(subject);
    const { pushed } = await trade(subject, stage);
    const present = new Set((await follow(subject, stage, stage.root)).records.map(({ hash }) => hash));
    const lost = pushed.filter(({ hash }) => !present.has(hash));
    ensure(lost.length === 0, `${lost.length} of ${pushed.length} ops with a receipt are not in the log`);
  }),
  clause('order', 'Push', 'ops stand where their receipts say, in the order of the pushes', async (subject) => {
    const stage = await openStage(subject);
    const { pushed, positions } = await trade(subject, stage);
    const { records } = await follow(subject, stage, stage.root);
    for (const [index, { hash }] of records.entries())
      ensure(
        (positions.get(hash) ?? index) === index,
        `op ${index} of the log was said to be at ${positions.get(hash)}`,
      );
    ensure(hashes(records) === hashes(pushed), 'the log has them in another order');
    const same = records.every(({ bytes }, index) => bytes.join() === pushed[index]?.bytes.join());
    ensure(same, 'the log has other bytes than were handed in');
  }),
  clause('again', 'Push', 'an op that is handed in again has its position and a receipt again', async (subject) => {
    const stage = await openStage(subject);
    const records = await writeMany(stage.tills[0], 4);
    const first = await push(subject, stage, records);
    const again = await push(subject, stage, records);
    ensureSaid(
      again.results.map(({ verdict }) => verdict).join(),
      'exists,exists,exists,exists',
      'ops handed in again',
    );
    const positions = ({ results }: typeof first): string => results.map(({ position }) => position).join();
    ensureSaid(positions(again), positions(first), 'the positions of ops handed in again');
    ensureSaid(again.size, first.size, 'the size of the log after that');
  }),
  clause(
    'signature',
    'Gate',
    'an op whose signature is not valid is refused, and hinders nobody else',
    async (subject) => {
      const stage = await openStage(subject);
      const [bad, good] = [damaged(await stage.tills[0].write()), await stage.tills[1].write()];
      const verdicts = await verdictsOf(subject, stage, [bad, good]);
      ensure(
        verdicts === 'bad-signature,stored',
        `an op with a forged signature and one of another device: ${verdicts}`,
      );
      const { records } = await follow(subject, stage, stage.root);
      ensure(!records.some(({ hash }) => hash === bad.hash), 'the forged op is in the log');
    },
  ),
  clause('chain', 'Gate', 'gaps, forks and strangers have verdicts of their own', async (subject) => {
    const stage = await openStage(subject);
    const [till, other] = stage.tills;
    const [first, second, third] = (await writeMany(till, 3)) as [OpRecord, OpRecord, OpRecord];
    ensureSaid(await verdictsOf(subject, stage, [first, third]), 'stored,gap', 'an op, and one after a gap');
    const fork = await till.craft({ seq: 2, prev: first.hash, args: { fork: 1 } });
    ensureSaid(await verdictsOf(subject, stage, [second, fork]), 'stored,fork', 'an op, and another one at its place');
    const stranger = await openStage(subject, { isPushed: false });
    const alien = await verdictsOf(subject, stage, [await stranger.tills[0].write()]);
    ensureSaid(alien, 'unknown-device', 'an op of a device that nobody enrolled');
    const beyond = await other.craft({ prev: 'ab'.repeat(32) as OpHash });
    const unlinked = await verdictsOf(subject, stage, [beyond]);
    ensureSaid(unlinked, 'gap', 'an op that links to nothing');
  }),
  clause(
    'pages',
    'Pages',
    'from every position on, the log is served to its end, under a note for exactly that',
    async (subject) => {
      const stage = await openStage(subject);
      const { pushed } = await trade(subject, stage);
      const whole = await follow(subject, stage, stage.root);
      ensure(whole.tip.size === pushed.length, `${whole.tip.size} of ${pushed.length} ops are served`);
      const client = readAs(subject, stage.root);
      for (let from = 0; from <= pushed.length; from++) {
        const tree = createTree(subject.hasher);
        for (const { bytes } of pushed.slice(0, from)) tree.append(leafHash(bytes, subject.hasher));
        const tip: Tip = { size: from, frontier: tree.frontier(), note: '' };
        const { records } = await follow(subject, stage, stage.root, { tip });
        ensure(hashes(records) === hashes(pushed.slice(from)), `from ${from} on, ${records.length} ops are served`);
      }
      const code = await codeOf(client.pull(stage.book, hq, pushed.length + 1));
      ensureSaid(code, 'relay/beyond-end', 'beyond the end');
    },
  ),
  clause('tiles', 'Tree', 'tiles and proofs lead to the root that is signed', async (subject) => {
    const { hasher, relay } = subject;
    const stage = await openStage(subject);
    const { pushed } = await trade(subject, stage);
    const client = readAs(subject, stage.root);
    const size = pushed.length;
    const note = await client.checkpoint(stage.book, hq);
    const origin = originOf(relay, stage.book, hq);
    const signed = await verifyCheckpoint(note, { key: relay, origin, verify: verifyBy(subject), hasher });
    ensure(signed.ok && signed.value.size === size, `the checkpoint is not one of ${size} ops`);
    const readTile = (level: number, index: number): Promise<Uint8Array> => {
      const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
      return client.tile(stage.book, hq, { level, index, width });
    };
    const root = decodeHex(signed.value.root);
    ensure((await rootAt(size, readTile, hasher)) === signed.value.root, 'the tiles do not lead to it');
    const tree = createTree(hasher);
    for (const [index, { bytes }] of pushed.entries()) {
      const leaf = leafHash(bytes, hasher);
      tree.append(leaf);
      if (index % 4 !== 0) continue;
      const inclusion = await client.inclusion(stage.book, hq, index, size);
      ensure(
        verifyInclusion({ index, size, leaf, root, proof: inclusion }, hasher),
        `no proof that op ${index} is in it`,
      );
      const first = index + 1;
      const proof = await client.consistency(stage.book, hq, first, size);
      const holds = verifyConsistency({ first, second: size, firstRoot: tree.root(), secondRoot: root, proof }, hasher);
      ensure(holds, `no proof that it continues the first ${first} ops`);
    }
  }),
  clause('one-log', 'Following', 'every reader is shown the same log', async (subject) => {
    const stage = await openStage(subject);
    const noteBySize = new Map<number, string>();
    for (let round = 0; round < 3; round++) {
      await trade(subject, stage, 1);
      for (const reader of [stage.root, stage.tills[0], stage.root, stage.tills[1]]) {
        const { tip } = await follow(subject, stage, reader);
        const body = tip.note.slice(0, tip.note.lastIndexOf('\n\n'));
        ensure((noteBySize.get(tip.size) ?? body) === body, `two roots for the first ${tip.size} ops`);
        noteBySize.set(tip.size, body);
        ensure(tip.size === Math.max(...noteBySize.keys()), `one reader sees ${tip.size} ops, another one more`);
      }
    }
  }),
  clause('only-grows', 'Following', 'the log never becomes shorter or another', async (subject) => {
    const { hasher, relay, client } = subject;
    const stage = await openStage(subject);
    let { tip } = await follow(subject, stage, stage.root);
    for (let round = 0; round < 6; round++) {
      await client.push(stage.book, hq, [await stage.tills[round % 2 === 0 ? 0 : 1].write()]);
      const next = await follow(subject, stage, stage.root, { tip });
      ensure(next.tip.size === tip.size + 1, `after one more op ${tip.size} ops are ${next.tip.size}`);
      const origin = originOf(relay, stage.book, hq);
      const check = { key: relay, origin, verify: verifyBy(subject), hasher };
      const standing = await verifyStanding(await client.standing(stage.book, hq, tip.note), check);
      ensure(
        standing.ok && standing.value.after === noteDigest(tip.note, relay, hasher),
        'it does not say how the log stands',
      );
      ensure(standing.value.size >= next.tip.size, `it signs for ${standing.value.size} ops after ${next.tip.size}`);
      ({ tip } = next);
    }
  }),
  clause(
    'claims',
    'Claims',
    'a token has one owner, whoever asks at the same time, and the next hears who',
    async (subject) => {
      const stage = await openStage(subject);
      const tokens = ['token-1', 'token-2', 'token-3'];
      for (const claim of tokens) {
        const contenders = await Promise.all(
          stage.tills.map((till) => till.write({ scope: claims, verb: 'test.claim@1', args: { claim } })),
        );
        const answers = await Promise.all(
          contenders.map((record) => subject.client.claim(stage.book, claims, [record])),
        );
        for (const answer of answers) await requireReceipts(subject, stage.book, claims, answer);
        const said = answers.map(({ results }) => results[0]?.verdict);
        ensure(
          said.filter((verdict) => verdict === 'stored').length === 1,
          `two contenders hear ${said.join(' and ')}`,
        );
        const winner = contenders[said.indexOf('stored')];
        ensure(
          answers.every(({ results }) => results[0]?.holder?.hash === winner?.hash),
          'it names another holder',
        );
        const loser = said.indexOf('stored') === 0 ? 1 : 0;
        ensureSaid(said[loser], 'held', 'the claim that came second');
        // Handed in all the same, it stays a claim that lost, so that the chain of its device goes on.
        await push(subject, stage, [contenders[loser] as OpRecord], claims);
        const again = await subject.client.claim(stage.book, claims, [winner as OpRecord]);
        ensure(again.results[0]?.holder?.hash === winner?.hash, 'asked again, it names another holder');
        const late = stage.tills[loser];
        const run: OpRecord[] = [];
        for (const args of [{}, { claim }, {}]) run.push(await late.write({ scope: claims, args }));
        const { results } = await subject.client.claim(stage.book, claims, run);
        const verdicts = results.map(({ verdict }) => verdict).join();
        ensureSaid(verdicts, 'stored,held,gap', 'a run with a claim that is taken');
        await push(subject, stage, run, claims);
      }
    },
  ),
  clause('revoked', 'Gate', 'a revoked device hands in under quarantine, and claims nothing', async (subject) => {
    const stage = await openStage(subject);
    const [till] = stage.tills;
    await push(subject, stage, await writeMany(till, 2));
    const args = { device: till.key.device, reason: 'stolen' };
    await push(subject, stage, [await stage.root.write({ verb: 'device.revoke@1', args })]);
    const { results } = await push(subject, stage, [await till.write()]);
    ensure(
      results[0]?.warnings?.includes('quarantined') === true,
      `an op of a revoked device is ${results[0]?.verdict} without a warning`,
    );
    const claim = await till.write({ scope: claims, verb: 'test.claim@1', args: { claim: 'stolen' } });
    const outcome = await subject.client.claim(stage.book, claims, [claim]);
    const [said] = outcome.results;
    ensureSaid(said?.verdict, 'quarantined', 'a claim of a revoked device');
    ensure(said?.position === undefined, 'a claim of a revoked device has a place in the log');
    ensure(said?.holder?.hash !== claim.hash, 'a revoked device has a token now');
  }),
  clause(
    'reads',
    'Authentication',
    'only devices of the book read it, under a key that is theirs, and none that is revoked',
    async (subject) => {
      if (subject.reads === 'public') return;
      const stage = await openStage(subject);
      const [till, other] = stage.tills;
      const unsigned = await codeOf(subject.client.pull(stage.book, hq, 0));
      ensureSaid(unsigned, 'relay/unsigned', 'a read that nobody signed');
      const stranger = await openStage(subject, { isPushed: false });
      const denied = await codeOf(readAs(subject, stranger.root).pull(stage.book, hq, 0));
      ensureSaid(denied, 'relay/not-enrolled', 'a read by a device of another book');
      const thief = { ...till, key: { ...other.key, device: till.key.device } };
      const forged = await codeOf(readAs(subject, thief).pull(stage.book, hq, 0));
      ensureSaid(forged, 'relay/signature', 'a read signed with the key of another device');
      const args = { device: till.key.device, reason: 'lost' };
      await push(subject, stage, [await stage.root.write({ verb: 'device.revoke@1', args })]);
      // What revoked it, it may read; what comes after is none of its business.
      const [log] = await readAs(subject, stage.root).scopes(stage.book);
      await push(subject, stage, [await other.write()]);
      const gone = readAs(subject, till);
      for (const read of [() => gone.checkpoint(stage.book, hq), () => gone.pull(stage.book, hq, log?.size ?? 0)]) {
        const revoked = await codeOf(read());
        ensureSaid(revoked, 'relay/revoked', 'a read by a revoked device');
      }
    },
  ),
  clause('apart', 'Requests', 'nothing of one book is seen or taken in another', async (subject) => {
    const [stage, other] = [await openStage(subject), await openStage(subject)];
    await trade(subject, stage, 1);
    const { records } = await follow(subject, other, other.root);
    ensure(hashes(records) === hashes(other.opening), 'a book shows ops that are not its own');
    const taken = await verdictsOf(subject, other, [await stage.tills[0].write()]);
    ensureSaid(taken, 'unknown-device', 'an op of another book');
    const sizes = await readAs(subject, other.root).scopes(other.book);
    ensure(sizes.length === 1 && sizes[0]?.size === other.opening.length, 'a book has logs that are not its own');
    const absent = await openStage(subject, { isPushed: false });
    const code = await codeOf(readAs(subject, absent.root).pull(absent.book, hq, 0));
    ensureSaid(code, 'relay/unknown-book', 'a book that is not here');
  }),
  {
    ...clause('durable', 'Push', 'what has a receipt outlives the relay being killed', async (subject) => {
      const stage = await openStage(subject);
      const records = await writeMany(stage.tills[0], 5);
      const { tip } = await follow(subject, stage, stage.root);
      for (const record of records.slice(0, -1)) await push(subject, stage, [record]);
      await push(subject, stage, records.slice(-1));
      await subject.restart?.();
      const after = await follow(subject, stage, stage.root, { tip });
      ensure(hashes(after.records) === hashes(records), `${after.records.length} of ${records.length} ops are left`);
    }),
    needsRestart: true,
  },
];

export const clauses: readonly Clause[] = [
  ...logClauses,
  ...noteClauses,
  ...gateClauses,
  ...rosterClauses,
  ...requestClauses,
  ...keyClauses,
];
