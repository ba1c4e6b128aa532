/** What a screen asks of a book after every entry reads nothing that is as large as its manifest. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineVerb, openBook } from '../src/index.ts';
import { nodeStore } from '../src/node.ts';

const nothing = defineVerb({
  name: 'test.nothing',
  version: 1,
  roles: ['owner'],
  tables: [],
  args: z.strictObject({}),
  plan: () => [],
});

it('reads the manifest once for a place of hq, and again when hq has gone on', async () => {
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
  const book = await openBook({ store: { ...store, sql }, verbs: [nothing] });
  const statusReads = (): boolean => {
    asked.length = 0;
    expect(book.status().lacking).toEqual([]);
    return asked.some((text) => /"manifest"|"tableShapes"/.test(text));
  };
  expect([statusReads(), statusReads()]).toEqual([true, false]);
  await book.commit('test.nothing', {});
  expect([statusReads(), statusReads()]).toEqual([true, false]);
  await book.close();
});

it('is a plain value that stays as it was when the book is closed', async () => {
  const book = await openBook({ store: nodeStore(':memory:'), verbs: [] });
  const status = book.status();
  await book.close();
  expect(structuredClone(status).lacking).toEqual([]);
});

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? (member.bind(target) as unknown) : member;
}
