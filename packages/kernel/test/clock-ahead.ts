/**
 * A program, run by parts.test.ts on its own, several times on one file. First a book takes the sale, still pending, of a till whose clock is two days ahead; then it is
 * opened, and sells where no part of the kernel can be had, from the start or soon after, and is proven where it can. Prints one line of JSON.
 */
import { registerHooks } from 'node:module';

const [, , path, step] = process.argv as [string, string, string, string];
const asked: string[] = [];
let isGone = step === 'offline';
registerHooks({
  resolve(specifier, context, next) {
    const part = /\/(part-\w+|judging)\.ts$/.exec(specifier)?.[1];
    if (part === undefined || !isGone) return next(specifier, context);
    asked.push(part);
    throw new Error(`${part} is gone`);
  },
});
const { defineVerb, openBook, setTable } = await import('../src/index.ts');
const { nodeCrypto, nodeStore } = await import('../src/node.ts');

const sales = setTable('sales', { key: { id: 'text' }, columns: { cents: 'integer' } });
const sale = defineVerb<'sale.ring', { readonly cents: number }>({
  name: 'sale.ring',
  version: 1,
  roles: ['owner', 'till'],
  tables: [sales],
  args: { publicTexts: {}, '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  plan: (_view, { id }, { cents }) => [sales.put({ id, cents })],
});
const verbs = [sale] as const;
const book = await openBook({ store: nodeStore(path), verbs });
const codeOf = (work: Promise<{ readonly ok: boolean; readonly code?: string }>): Promise<unknown> =>
  work.then(
    (answer) => answer.code ?? answer.ok,
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );

/** A till enrols, everything has its place at a relay but the last it sells. */
async function takeSaleOfTomorrow(): Promise<void> {
  const { createMemoryRelayStore, createRelay, createRelayClient } = await import('@tallystick/relay-protocol');
  const { createMemoryKeyStore } = await import('@tallystick/sign');
  const { publicKey, sign } = await createMemoryKeyStore(nodeCrypto.ed25519, nodeCrypto.hasher).create('relay');
  const signer = { name: 'relay.example', publicKey, sign };
  const relay = createRelay({ store: createMemoryRelayStore(), signer, ...nodeCrypto });
  const client = createRelayClient({ url: 'http://relay.example', fetch: (request) => relay.fetch(request) });
  const ahead = {
    now: () => Date.now() + 2 * 86_400_000,
    random: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  };
  const till = await openBook({ store: nodeStore(':memory:'), verbs, book: book.id, edge: ahead });
  const { device, publicKey: key } = till.status();
  await book.commit('device.enroll', { device, key, name: 'till', role: 'till' });
  await book.sync(client);
  await till.sync(client);
  await book.sync(client);
  await till.commit('sale.ring', { cents: 900 });
  await book.import(await till.export());
  await till.close();
}

if (step === 'begin') await takeSaleOfTomorrow();
if (step === 'day') await book.commit('day.open', { day: '2026-11-23' });
if (step === 'cut off') {
  // What the opening asked for is on its way; after that the line is gone.
  await new Promise((resolve) => setImmediate(resolve));
  isGone = true;
}
const sold = [
  await codeOf(book.commit('sale.ring', { cents: 1 })),
  await codeOf(book.commit('sale.ring', { cents: 2 })),
];
isGone = false;
const { problems } = await book.prove(nodeStore(':memory:'));
const rows = book.query<{ readonly cents: number }>('SELECT cents FROM sales ORDER BY cents').map(({ cents }) => cents);
console.log(JSON.stringify({ sold, rows, pending: book.pendingOps().length, problems, asked }));
await book.close();
