/** What a screen asks of a book after every entry reads nothing that is as large as its manifest. */
import { expect, it } from 'vitest';
import { openBook } from '../src/index.ts';
import { nodeStore } from '../src/node.ts';

it('reads the manifest only for what the book has adopted and this program lacks', async () => {
  const store = nodeStore(':memory:');
  const asked: string[] = [];
  const sql = new Proxy(store.sql, {
    get(target, name): unknown {
      if (name !== 'query') return bound(target, name);
      return (text: string, params: readonly (string | number)[]) => {
        asked.push(text);
        return target.query(text, params);
      };
    },
  });
  const book = await openBook({ store: { ...store, sql }, verbs: [] });
  const readsManifest = (): boolean => asked.some((text) => /"manifest"|"tableShapes"/.test(text));
  asked.length = 0;
  const status = book.status();
  expect([status.scopes.length, asked.length > 0, readsManifest()]).toEqual([1, true, false]);
  expect([status.lacking, readsManifest()]).toEqual([[], true]);
  await book.close();
});

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? (member.bind(target) as unknown) : member;
}
