/** Verifying a log with oplog, chain and sign alone: decode, canonical check, hash, link, the last signature of each run. */
import { openRecord, verifyChain, verifyRuns } from '@tallystick/chain';
import type { ChainHead, OpRecord } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { countAllocations } from '../allocations.ts';
import { countedCrypto, WorkCounter } from '../counts.ts';
import { type Author, type Crypto, nodeCrypto, verifierOf, writeChain } from '../ops.ts';
import { type Case, mustBe, opsPerSecond, perOp, type Suite, timed } from '../suite.ts';

/** Ops of one run: what a till sells between two pushes. */
const RUN = 100;
const COUNTED = 500;

/** Verifies a log; answers how many ops of it hold. */
type Verify = (log: Log, crypto: Crypto) => Promise<number>;

interface Log {
  readonly author: Author;
  readonly records: readonly OpRecord[];
  /** The records as they travel, a run in each bundle. */
  readonly bundles: readonly Uint8Array[];
}

export const chain: Suite = {
  name: 'chain',
  summary: 'a log of ops of 450 bytes verified in runs, without a kernel',
  prepare: async ({ ops }) => {
    const log = logOf(await writeChain(ops));
    return {
      cases: [
        chainCase(`chain-runs-${RUN}`, log, verifyBundles),
        chainCase(`chain-stored-${RUN}`, log, (one, crypto) => verifyStored(one, crypto, RUN)),
        chainCase('chain-stored-whole', log, (one, crypto) => verifyStored(one, crypto, one.records.length)),
      ],
      close: async () => undefined,
    };
  },
};

function logOf({ author, records }: Pick<Log, 'author' | 'records'>): Log {
  const bundles: Uint8Array[] = [];
  for (let from = 0; from < records.length; from += RUN) bundles.push(encodeBundle(records.slice(from, from + RUN)));
  return { author, records, bundles };
}

/** What a reader does with what it is handed: every bundle is a run by one key, and the next one builds on it. */
async function verifyBundles({ author, bundles }: Log, crypto: Crypto): Promise<number> {
  const verify = verifierOf(author, crypto);
  let head: ChainHead | undefined;
  for (const bundle of bundles) {
    const opened: OpRecord[] = [];
    for (const frame of decodeBundle(bundle).frames) {
      const record = openRecord(frame, crypto.hasher);
      if (record.ok) opened.push(record.value);
    }
    const { accepted } = await verifyRuns(opened, {
      headOf: () => head,
      enrolmentOf: () => author.enrolment,
      has: (hash) => hash === head?.hash,
      opOf: () => undefined,
      verify,
    });
    const last = accepted.at(-1);
    if (last !== undefined) head = { seq: last.op.seq, hash: last.hash };
  }
  return head?.seq ?? 0;
}

/** What an audit does with a chain that is stored: so many ops at a time, each time from the head of the last. */
async function verifyStored({ author, records }: Log, crypto: Crypto, run: number): Promise<number> {
  const verify = verifierOf(author, crypto);
  let head: ChainHead | undefined;
  for (let from = 0; from < records.length; from += run) {
    const start = head ?? { enrolment: author.enrolment };
    const verdict = await verifyChain(records.slice(from, from + run), { hasher: crypto.hasher, verify, start });
    if (!verdict.ok) break;
    head = verdict.head;
  }
  return head?.seq ?? 0;
}

function chainCase(name: string, log: Log, verify: Verify): Case {
  const ops = log.records.length;
  return {
    figures: [
      { name, unit: 'ops/s' },
      { name: `${name}-cpu`, unit: 'ops/s' },
    ],
    count: async () => {
      const counter = new WorkCounter();
      mustBe('verified ops', await verify(log, countedCrypto(nodeCrypto, counter)), ops);
      const { hashes, verifications } = counter;
      const bytes = log.records.reduce((sum, record) => sum + record.bytes.length, 0);
      const few = logOf({ author: log.author, records: log.records.slice(0, COUNTED) });
      return {
        ...perOp({ hashes, verifications, bytes }, ops),
        ...(await countAllocations(few.records.length, () => verify(few, nodeCrypto))),
      };
    },
    run: async () => {
      const { ms, cpuMs, value } = await timed(() => verify(log, nodeCrypto));
      mustBe('verified ops', value, ops);
      const spoilt = await verify(spoil(log), nodeCrypto);
      mustBe('a spoilt log verified up to the spoilt op at most', spoilt < ops, true);
      return [opsPerSecond(ops, ms), opsPerSecond(ops, cpuMs)];
    },
  };
}

/** The same log, one bit of the last signature turned: no signature covers what its run added. */
function spoil({ author, records }: Log): Log {
  const last = records.at(-1) as OpRecord;
  const bytes = Uint8Array.from(last.bytes);
  bytes[40] = (bytes[40] as number) ^ 1;
  return logOf({ author, records: [...records.slice(0, -1), { ...last, bytes }] });
}
