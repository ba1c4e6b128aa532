import { decodeHex, textOf } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import { hashOp, portableHasher, openRecord } from '../src/index.ts';
import { deviceNamed, flipBit, hasher, makeChain } from './fixtures.ts';

const [record] = makeChain(deviceNamed('root'), 1);
if (record === undefined) throw new Error('no fixture');

describe('records', () => {
  it('are known by SHA-256("tallystick/op/1\\n" || canonical text)', () => {
    const preimage = new TextEncoder().encode(`tallystick/op/1\n${textOf(record)}`);
    expect(decodeHex(hashOp(textOf(record), hasher))).toEqual(new Uint8Array(portableHasher.sha256(preimage)));
  });

  it('open to the op, its hash and its key', () => {
    expect(openRecord(record.bytes, hasher)).toEqual({ ok: true, value: record });
  });

  it('do not open when they are not canonical, and nothing is thrown', () => {
    expect(openRecord(new Uint8Array(0), hasher)).toMatchObject({ ok: false });
    const lastByte = (record.bytes.length - 1) * 8;
    expect(openRecord(flipBit(record, lastByte).bytes, hasher)).toMatchObject({ ok: false });
  });

  it('keep their hash under another signature: it is the same op', () => {
    const resigned = openRecord(flipBit(record, 300).bytes, hasher);
    expect(resigned.ok && resigned.value.hash).toBe(record.hash);
  });
});
