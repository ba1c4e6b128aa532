/** Opens a book, verifies its log and reads every op. Arguments: the database, `once` or `apart`, `count` to count work instead of timing it. */
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import type { OpRecord } from '@tallystick/oplog';
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

/** Keeps every op that the check of the log hands on. */
async function readAsVerified(book: Till['book']) {
  const records: OpRecord[] = [];
  const report = await book.verify({ read: (page) => void records.push(...page.records) });
  return { book, report, records };
}

async function readAfterVerifying(book: Till['book']) {
  const report = await book.verify();
  return { book, report, records: await recordsOf(book) };
}

const { ms, cpuMs, value } = await timed(() => (mode === 'count' ? countStatements(counter, reopen) : reopen()));
const counts = { ...counter.counts(), bytes: wireBytes(value.records) };
const reopened: Reopened = {
  ms,
  cpuMs,
  ops: value.records.length,
  problems: value.report.problems.length,
  digest: value.book.digest().digest,
  counts,
};
await value.book.close();
process.stdout.write(JSON.stringify(reopened));
