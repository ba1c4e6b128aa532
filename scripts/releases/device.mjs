// One device, one process, one task: `node device.mjs DATABASE TASK`, the task as JSON. Answers how things stand then, as JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import { openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { verbs } from 'corner-shop-verbs';

const { version } = JSON.parse(
  readFileSync(new URL('./node_modules/corner-shop-verbs/package.json', import.meta.url), 'utf8'),
);
const [path, text] = process.argv.slice(2);
const task = JSON.parse(text);
const store = nodeStore(path);
const book = await openBook({ store, verbs, release: `corner shop ${version}`, ...(task.book && { book: task.book }) });

const answers = [];
for (const file of task.import ?? []) await book.import(readFileSync(file));
if (task.import) await book.anchor();
if (task.enrol) answers.push(await book.commit('device.enroll', { ...task.enrol, name: 'till', role: 'till' }));
if (task.adopt) answers.push(await book.adopt());
for (const args of task.sell ?? []) answers.push(await book.commit('shop.sell', args));
if (task.export) writeFileSync(task.export, await book.export());

const proof = task.prove ? await book.prove(nodeStore(':memory:')) : undefined;
const key = await store.keys.load('device');
const { scopes, lacking } = book.status();
console.log(
  JSON.stringify({
    book: book.id,
    device: key.device,
    key: Buffer.from(key.publicKey).toString('hex'),
    answers: answers.map((answer) => (answer?.ok ? 'ok' : (answer?.code ?? 'nothing'))),
    stop: scopes[0]?.stop,
    lacking,
    digest: book.digest().digest,
    proven: proof?.ok,
    sales: book.query('SELECT count(*) AS n FROM sales')[0].n,
    byDay: verbs.length > 1 ? book.query('SELECT day, quantity FROM soldByDay ORDER BY day') : undefined,
  }),
);
await book.close();
