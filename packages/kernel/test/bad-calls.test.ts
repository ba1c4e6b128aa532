// Whoever has no types: the calls that every program makes, with every wrong kind of value: each is answered, or refused by a code that the README lists, and the book works after it.
import { readFileSync } from 'node:fs';
import { type Book, openBook } from '@tallystick/kernel';
import { nodeStore } from '@tallystick/kernel/node';
import { expect, it } from 'vitest';
import { memoryKeys, shopVerbs } from './shop.ts';

const wrong: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  'a number': 7,
  'a text': 'Nonsense!',
  'an object': {},
  'no prototype': Object.create(null) as unknown,
  'a list': [],
  'a list of nothing': [undefined],
  'a symbol': Symbol('nonsense'),
};

/** The book without its types. */
type Untyped = Readonly<Record<keyof Book, (...given: readonly unknown[]) => unknown>>;
type Call = (book: Untyped, value: unknown) => unknown;

const moved = { sku: 'apple', quantity: 1 };
const scratch = (): ReturnType<typeof nodeStore> => nodeStore(':memory:');

const calls: Readonly<Record<string, Call>> = {
  commit: (book, value) => book.commit(value, {}),
  'commit, args': (book, value) => book.commit('stock.move', value),
  'commit, scope': (book, value) => book.commit('stock.move', moved, { scope: value }),
  'commit, at': (book, value) => book.commit('stock.move', moved, { at: value }),
  commitAll: (book, value) => book.commitAll(value),
  'commitAll, one of them': (book, value) => book.commitAll([value]),
  query: (book, value) => book.query(value),
  'query, params': (book, value) => book.query('SELECT ?', value),
  'query, one of its params': (book, value) => book.query('SELECT ?', [value]),
  read: (book, value) => book.read(value),
  queryHere: (book, value) => book.queryHere(value),
  subscribe: (book, value) => book.subscribe(value),
  sync: (book, value) => book.sync(value),
  import: (book, value) => book.import(value),
  'asOf, store': (book, value) => book.asOf({ sizes: {} }, value),
  replay: (book, value) => book.replay(value),
  prove: (book, value) => book.prove(value),
  'archive, until': (book, value) =>
    book.archive({ to: { load: () => undefined, save: () => undefined }, until: value }),
  sign: (book, value) => book.sign(value, ''),
  'sign, text': (book, value) => book.sign('recovery/1', value),
  openBook: (_, value) => openBook(value as never),
  'openBook, store': (_, value) => openBook({ store: value as never, verbs: [] }),
  ...Object.fromEntries(
    'verbs book scope'
      .split(' ')
      .map((option): [string, Call] => [
        `openBook, ${option}`,
        async (_, value) => (await openBook({ store: scratch(), verbs: [], [option]: value })).close(),
      ]),
  ),
  'openBook, a verb': (_, value) => openBook({ store: scratch(), verbs: [value as never] }),
};

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** Refusals that are answered have codes of the protocol, too. */
const answered = /^(?:op|canonical|relay)\/[a-z-]+$/;

/** The code of what is thrown or answered, or what happened otherwise. */
async function outcomeOf(call: () => unknown): Promise<string | undefined> {
  try {
    const answer = [await call()].flat()[0] as { readonly ok?: boolean; readonly code?: string } | undefined;
    return answer?.ok === false ? answer.code : undefined;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    return code ?? `${String(error)}, without a code`;
  }
}

it('a call that no type allows is answered, or refused by a code, and a sale comes after it', async () => {
  const book = await openBook({ store: scratch(), verbs: shopVerbs, keys: memoryKeys() });
  const found: string[] = [];
  let sales = 0;
  for (const [name, call] of Object.entries(calls)) {
    for (const [kind, value] of Object.entries(wrong)) {
      const code = await outcomeOf(() => call(book as unknown as Untyped, value));
      const isListed = code === undefined || answered.test(code) || readme.includes(`\`${code}\``);
      if (!isListed) found.push(`${name} of ${kind}: ${code}`);
    }
    const after = await book.commit('stock.move', { sku: 'pear', quantity: 1 });
    if (!after.ok) found.push(`a sale after ${name}: ${after.code}`);
    sales += 1;
  }
  expect(found).toEqual([]);
  expect(book.query("SELECT onHand FROM stock WHERE sku = 'pear'")).toEqual([{ onHand: sales }]);
  await book.close();
});

it('gives no signature over the preimage of an op', async () => {
  const book = await openBook({ store: scratch(), verbs: shopVerbs });
  await expect(book.sign('sig/1' as never, '')).rejects.toMatchObject({ code: 'kernel/bad-call' });
  await book.close();
});
