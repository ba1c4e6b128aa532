/**
 * A program, run by parts.test.ts on its own: what the kernel loads when, and what it says while a part cannot be had. `import()` really fails here, as it
 * does in a browser whose network is gone. Prints one line of JSON.
 */
import { registerHooks } from 'node:module';

const asked: string[] = [];
let isGone = false;
registerHooks({
  resolve(specifier, context, next) {
    const part = /\/(part-\w+|indexed-db-log)\.ts$/.exec(specifier)?.[1];
    if (part === undefined) return next(specifier, context);
    asked.push(part);
    if (isGone) throw new Error(`${part} is gone`);
    return next(specifier, context);
  },
  load(url, context, next) {
    const loaded = next(url, context);
    // A file that comes late, as over a bad line.
    if (!url.endsWith('/part-exchange.ts') || loaded.source === undefined) return loaded;
    return { ...loaded, source: `await globalThis.late;\n${Buffer.from(loaded.source as Uint8Array).toString()}` };
  },
});
let arrive: () => void = () => undefined;
Reflect.set(globalThis, 'late', new Promise<void>((resolve) => (arrive = resolve)));
const { loadParts, openBook } = await import('../src/index.ts');
const { nodeCrypto, nodeStore } = await import('../src/node.ts');
const { createMemoryKeyStore } = await import('@tallystick/sign');
const { createMemoryRelayStore, createRelay, createRelayClient } = await import('@tallystick/relay-protocol');

const book = await openBook({ store: nodeStore(':memory:'), verbs: [] });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );
const open = (day: string): Promise<unknown> => book.commit('day.open', { day });

await open('2026-11-20');
book.query('SELECT * FROM businessDays');
book.status();
const alone = asked.splice(0);
isGone = true;
const { hasher, ed25519 } = nodeCrypto;
const { publicKey, sign } = await createMemoryKeyStore(ed25519, hasher).create('relay');
const signer = { name: 'relay.example', publicKey, sign };
const relay = createRelay({ store: createMemoryRelayStore(), signer, hasher, ed25519 });
const client = createRelayClient({ url: 'http://relay.example', fetch: (request) => relay.fetch(request) });
const nowhere = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
const missed: string[] = [];
const { device } = book;
for (const ask of [
  () => book.sync(client),
  () => book.verify(),
  () => book.saveSnapshotProof(nowhere),
  () => book.renew(),
  () => book.rotate(),
])
  missed.push(await codeOf(ask()));
const isSame = book.device === device;
const sold = await codeOf(open('2026-11-21'));
// Something is held back, which an opening would look at again.
const shelf = nodeStore(':memory:');
const kept = { ...shelf, close: () => undefined };
const first = await openBook({ store: kept, verbs: [] });
const [hash, bytes] = [first.pendingOps()[0]?.hash as never, new Uint8Array(1)];
await shelf.log.setAside([{ hash, scope: 'hq' as never, code: 'chain/gap', message: '', bytes }]);
await first.close();
const opened = await codeOf(openBook({ store: kept, verbs: [] }));
await shelf.close();
isGone = false;
asked.splice(0);
const asks = [book.admission(), book.dismissAsides(), book.rotate()];
const wait = new Promise<string>((resolve) => setTimeout(resolve, 3000, 'held up'));
const beside = await Promise.race([codeOf(open('2026-11-22')), wait]);
arrive();
await Promise.all(asks);
asked.splice(0);
const { pushed } = await book.sync(client);
const { ok, ops } = await book.verify();
const inTurn = asked.splice(0);
await loadParts();
console.log(
  JSON.stringify({ alone, missed, isSame, opened, sold, beside, inTurn, pushed, verified: ok && ops, atOnce: asked }),
);
await book.close();
