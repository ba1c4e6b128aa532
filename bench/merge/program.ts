/** Takes one book file into a replica, once. Arguments: the database, the book file, `count` to count work instead of timing it. */
import { readFile } from 'node:fs/promises';
import { nodeCrypto, nodeStore } from '@tallystick/kernel/node';
import { countedCrypto, countStatements, WorkCounter } from '../counts.ts';
import { openTill } from '../sales.ts';
import { timed } from '../suite.ts';

export interface Merged {
  readonly ms: number;
  readonly cpuMs: number;
  /** Peak memory of the whole process, in MB (10^6 bytes). */
  readonly rssMb: number;
  readonly added: number;
  readonly aside: number;
  readonly digest: string;
  readonly counts: Readonly<Record<string, number>>;
}

const [path = '', file = '', mode] = process.argv.slice(2);
const counter = new WorkCounter();
const crypto = mode === 'count' ? countedCrypto(nodeCrypto, counter) : nodeCrypto;
const { book } = await openTill({ store: nodeStore(path), crypto });
counter.reset();

const merge = async () => {
  const bytes = await readFile(file);
  return { report: await book.import(bytes), bytes: bytes.length };
};
const { ms, cpuMs, value } = await timed(() => (mode === 'count' ? countStatements(counter, merge) : merge()));
const merged: Merged = {
  ms,
  cpuMs,
  rssMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
  added: value.report.added,
  aside: value.report.aside.length + value.report.undecodable.length,
  counts: { ...counter.counts(), bytes: value.bytes },
  digest: book.digest().digest,
};
await book.close();
process.stdout.write(JSON.stringify(merged));
