import { describe, expect, it } from 'vitest';
import { parsePush, parseRoute } from '../src/routes.ts';

const book = 'a'.repeat(64);
const paths = [
  `/v1/books/${book}/scopes/hq/ops`,
  `/v1/books/${book}/scopes/b%2F00042/ops?checkpoint`,
  `/v1/books/${book}/scopes/b%2F00042/claims`,
  `/v1/books/${book}/scopes/b%2f00042/ops`,
  `/v1/books/${book}/scopes/b%2F%2F1/ops`,
  `/v1/books/${book}/scopes/${'x'.repeat(300)}/ops`,
  `/v1/books/${book}/scopes/b%2F1/ops?checkpoint=1&more`,
  `/v1/books/${book}/scopes/hq/../hq/ops`,
  `/v1/books/${book}/scopes/%2e%2e/ops`,
  `/v1/books/${book}/scopes/hq/ops/`,
  `/v1/books/${book}/scopes/hq/checkpoint`,
  `/v1/books/${book.toUpperCase()}/scopes/hq/ops`,
  `/v2/books/${book}/scopes/hq/ops`,
  `//v1/books/${book}/scopes/hq/ops`,
];

describe('the path of a push', () => {
  it.each(paths)('is read by the short way as by the long one: %s', (path) => {
    const outcome = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    const long = outcome(() => parseRoute('POST', new URL(path, 'http://relay')));
    const isOther = typeof long === 'object' && (long as { kind: string }).kind !== 'push';
    expect(outcome(() => parsePush(path))).toEqual(isOther ? 'relay/method' : long);
  });
});
