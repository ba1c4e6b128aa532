/** Starts from the image of its rows in Node, once, on sql.js. Arguments: `keep` or `open`, where the files are, the book's id, and to keep: the relay's key, the book file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type ImagePlace, openBook } from '@tallystick/kernel';
import { nodeCrypto } from '@tallystick/kernel/node';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import type { BookId } from '@tallystick/oplog';
import { createFileLogStore } from '@tallystick/oplog/file';
import { createNodeAppendFile } from '@tallystick/oplog/node';
import { createMemoryKeyStore } from '@tallystick/sign';
import { shopVerbs } from '@tallystick/testkit';
import initSqlJs from 'sql.js';
import { timed } from '../suite.ts';
import { type Answer, newestSale } from './task.ts';

export interface Started extends Answer {
  readonly cpuMs: number;
  readonly rssMb: number;
}

const [kind, base = '', book = '', relayKey = '', file = ''] = process.argv.slice(2);
const images: ImagePlace = {
  load: (name) => (existsSync(`${base}.${name}`) ? readFileSync(`${base}.${name}`) : undefined),
  save: (name, parts) => writeFileSync(`${base}.${name}`, Buffer.concat(parts)),
  openPair: (name) => [createNodeAppendFile(`${base}.${name}-0`), createNodeAppendFile(`${base}.${name}-1`)],
};
const sqlite = await initSqlJs();

async function open() {
  const index = (await images.load('log-index')) ?? undefined;
  const log = createFileLogStore(createNodeAppendFile(`${base}.log`), { index });
  const { ed25519, hasher } = nodeCrypto;
  const store = {
    ...sqljsStore({ sqlite, log, images, keys: createMemoryKeyStore(ed25519, hasher) }),
    crypto: nodeCrypto,
  };
  const relay = relayKey === '' ? {} : { relayKey };
  const opened = await openBook({ store, verbs: shopVerbs, book: book as BookId, ...relay });
  if (kind === 'open') opened.query(newestSale);
  return { opened, scanned: log.scanned };
}

const { ms, cpuMs, value } = await timed(open);
const { opened, scanned } = value;
const rssMb = process.memoryUsage().rss / 2 ** 20;
if (kind === 'keep') {
  await opened.import(readFileSync(file));
  await opened.saveImage();
}
const [row] = opened.query("SELECT count(*) AS n FROM documents WHERE kind = 'sale'");
const misfit = opened.status().imageMisfit ?? '';
const started: Started = {
  ms,
  cpuMs,
  rssMb,
  scanned,
  misfit,
  sales: Number(row?.['n']),
  digest: opened.digest().digest,
};
await opened.close();
process.stdout.write(JSON.stringify(started));
