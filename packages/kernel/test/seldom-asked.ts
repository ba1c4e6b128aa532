/**
 * A program, run by parts.test.ts on its own: what the kernel loads when, and what it says while a part cannot be had. `import()` really fails here, as it
 * does in a browser whose network is gone. Prints one line of JSON.
 */
import { registerHooks } from 'node:module';

const asked: string[] = [];
let isGone = false;
registerHooks({
  resolve(specifier, context, next) {
    const part = /\/(part-\w+)\.ts$/.exec(specifier)?.[1];
    if (part === undefined) return next(specifier, context);
    asked.push(part);
    if (isGone) throw new Error(`${part} is gone`);
    return next(specifier, context);
  },
  load(url, context, next) {
    const loaded = next(url, context);
    // A file that comes late, as over a bad line.
    if (!/\/part-(?!acts)\w+\.ts$/.test(url) || loaded.source === undefined) return loaded;
    return { ...loaded, source: `await globalThis.late;\n${Buffer.from(loaded.source as Uint8Array).toString()}` };
  },
});
let arrive: () => void = () => undefined;
Reflect.set(globalThis, 'late', new Promise<void>((resolve) => (arrive = resolve)));
const { loadParts, openBook } = await import('../src/index.ts');
const { nodeCrypto, nodeStore } = await import('../src/node.ts');
const { createMemoryKeyStore } = await import('@tallystick/sign');
const { createMemoryRelayStore, createRelay, createRelayClient } = await import('@tallystick/relay-protocol');

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  );
isGone = true;
const unbegun = await codeOf(openBook({ store: nodeStore(':memory:'), verbs: [] }));
isGone = false;
asked.splice(0);
const book = await openBook({ store: nodeStore(':memory:'), verbs: [] });
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
const missed = [await codeOf(loadParts())];
const atOnce = asked.splice(0);
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
let watch: NodeJS.Timeout | undefined;
const wait = new Promise<string>((resolve) => (watch = setTimeout(resolve, 20_000, 'held up')));
const shelves = new Map<string, readonly Uint8Array[]>();
const place = {
  load: (name: string) => Promise.resolve(shelves.get(name)?.[0]),
  save: (name: string, parts: readonly Uint8Array[]) => Promise.resolve(void shelves.set(name, parts)),
};
const empty = (): ReturnType<typeof nodeStore> => nodeStore(':memory:');
// What is asked for while its part is on its way: each alone, so that one that holds the book shows.
const asks: Promise<string>[] = [];
const beside: string[] = [];
const inTurn: string[] = [];
let days = 0;
for (const ask of [
  () => book.admission(),
  () => book.dismissAsides(),
  () => book.export(),
  () => book.appointRelay({ vkey: 'nobody' }),
  () => book.verify(),
  () => book.replay(empty()),
  () => book.prove(empty()),
  () => book.attest(),
  () => book.saveSnapshot(place),
  () => book.saveSnapshotProof(nowhere),
  () => book.archive({ to: place }),
]) {
  asks.push(codeOf(ask()));
  // The part is asked for, and the book is idle, before somebody sells.
  await new Promise((resolve) => setTimeout(resolve, 1));
  inTurn.push(...new Set(asked.splice(0)));
  days += 1;
  beside.push(await Promise.race([codeOf(open(`2026-12-${String(days).padStart(2, '0')}`)), wait]));
}
const closing = await openBook({ store: empty(), verbs: [] });
const late = codeOf(closing.export());
const closed = await Promise.race([codeOf(closing.close()), wait]);
arrive();
clearTimeout(watch);
const came = await Promise.all(asks);
const afterClose = await late;
await book.rotate();
// A commit that nobody waits for is in what is asked for next, and a close in the same breath waits for that.
const racing = await openBook({ store: empty(), verbs: [] });
void racing.commit('day.open', { day: '2026-11-20' });
const file = racing.export();
const isClosed = racing.close();
const seen = new TextDecoder().decode(await file).includes('2026-11-20');
await isClosed;
const { pushed } = await book.sync(client);
const { ok, ops } = await book.verify();
const verified = ok && ops;
console.log(
  JSON.stringify({
    unbegun,
    alone,
    atOnce,
    missed,
    isSame,
    opened,
    sold,
    inTurn,
    beside,
    closed,
    afterClose,
    came,
    seen,
    pushed,
    verified,
  }),
);
await book.close();
