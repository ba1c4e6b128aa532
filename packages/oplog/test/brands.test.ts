import {
  parseBookId,
  parseDeviceId,
  parseKeyId,
  parseOpHash,
  parseOpId,
  parseRootHash,
  parseScope,
  parseVerbRef,
} from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';

const hash = '0123456789abcdef'.repeat(4);
const parsers = { parseBookId, parseDeviceId, parseKeyId, parseOpHash, parseRootHash };

describe('ids', () => {
  it.each(Object.entries(parsers))('%s takes 64 lowercase hex digits and nothing else', (_name, parse) => {
    expect(parse(hash)).toBe(hash);
    for (const x of [
      hash.toUpperCase(),
      hash.slice(1),
      `${hash}0`,
      `${hash}\n`,
      ` ${hash}`,
      '',
      1,
      null,
      undefined,
      [hash],
      {},
    ]) {
      expect(parse(x)).toBeUndefined();
    }
  });

  it('takes names by their patterns', () => {
    expect(['hq', 'b/042', 'claims', '0', 'wallet/a_b-c'].map(parseScope)).not.toContain(undefined);
    expect(
      ['', '-a', 'HQ', 'a b', 'ä', 'a.b', 'a'.repeat(65), ['hq']].map(parseScope).every((x) => x === undefined),
    ).toBe(true);
    expect(['sale.complete@1', 'hq.mark@12', 'a.b.c-d_e@999999'].map(parseVerbRef)).not.toContain(undefined);
    const wrong = [
      'sale',
      '@1',
      'sale@',
      'sale@1000000',
      'Sale@1',
      'sale..x@1',
      '.a@1',
      'a.@1',
      'a@1@1',
      'a@1\n',
      null,
    ];
    expect(wrong.map(parseVerbRef).every((x) => x === undefined)).toBe(true);
    const id = '019aa2c6-0000-7000-8000-000000000001';
    expect(parseOpId(id)).toBe(id);
    for (const x of ['019aa2c600007000800000000000000 1', `0${id}`, `${id}0`, id.toUpperCase()])
      expect(parseOpId(x), x).toBeUndefined();
  });
});
