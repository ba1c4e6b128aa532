/** Opens a book, verifies its log and reads every op. Arguments: the database, `once` or `apart`, `count` to count work instead of timing it. */
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { countedCrypto, countStatements, WorkCounter } from '../counts.ts';
import { openTill, recordsOf, type Till, wireBytes } from '../sales.ts';
import { timed } from '../suite.ts';

export interface Reopened {
  readonly ms: number;
  readonly cpuMs: number;
  readonly ops: number;
  readonly problems: number;
  readonly digest: string;
  readonly counts: Readonly<Record<string, number>>;
}

const [path = '', reading, mode] = process.argv.slice(2);
const counter = new WorkCounter();
const crypto = mode === 'count' ? countedCrypto(nodeCrypto, counter) : nodeCrypto;

async function reopen() {
  const { book } = await openTill({ store: nodeStore(path), crypto });
  return reading === 'once' ? readAsVerified(book) : readAfterVerifying(book);
}

/** Looks at every op that the check of the log hands on, and keeps none. */
async function readAsVerified(book: Till['book']) {
  let [ops, bytes] = [0, 0];
  const report = await book.verify({
    read: ({ records }) => {
      ops += records.length;
      bytes += wireBytes(records);
    },
  });
  return { book, report, ops, bytes };
}

/** Keeps them all. */
async function readAfterVerifying(book: Till['book']) {
  const report = await book.verify();
  const records = await recordsOf(book);
  return { book, report, ops: records.length, bytes: wireBytes(records) };
}

const { ms, cpuMs, value } = await timed(() => (mode === 'count' ? countStatements(counter, reopen) : reopen()));
const counts = { ...counter.counts(), bytes: value.bytes };
const reopened: Reopened = {
  ms,
  cpuMs,
  ops: value.ops,
  problems: value.report.problems.length,
  digest: value.book.digest().digest,
  counts,
};
await value.book.close();
process.stdout.write(JSON.stringify(reopened));
