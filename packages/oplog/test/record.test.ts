import {
  encodeOp,
  encodeRecord,
  type KeyId,
  maxRecordBytes,
  signatureOf,
  textOf,
  trustedRecord,
} from '@tallystick/oplog';
import { decodeRecord } from '@tallystick/oplog/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText, makeRecord, record, sampleOp } from './arbitraries.ts';
import { refusal } from './contract.ts';

const keyId = '5e'.repeat(32) as KeyId;
const signature = Uint8Array.from({ length: 64 }, (_, i) => i);
const text = encodeOp(sampleOp());

function codeOf(bytes: Uint8Array): string {
  const decoded = decodeRecord(bytes);
  return decoded.ok ? 'accepted' : decoded.code;
}

function withText(canonical: string | Uint8Array): Uint8Array {
  const tail = typeof canonical === 'string' ? new TextEncoder().encode(canonical) : canonical;
  return Uint8Array.from([...Buffer.from(keyId, 'hex'), ...signature, ...tail]);
}

describe('record', () => {
  it('is key id, signature and canonical text', () => {
    const bytes = encodeRecord(keyId, signature, text);
    expect(bytes).toEqual(withText(text));
    expect(decodeRecord(bytes)).toEqual({ ok: true, value: { op: sampleOp(), keyId, text, bytes } });
    expect(signatureOf({ bytes })).toEqual(signature);
    expect(textOf({ bytes })).toBe(text);
  });

  it('knows each key, also where all records are read into one buffer', () => {
    const keyIds = ['5e', '5e', '00', 'e5', '5e'].map((pair) => pair.repeat(32) as KeyId);
    const buffer = Buffer.alloc(encodeRecord(keyId, signature, text).length);
    const read = keyIds.map((id) => {
      buffer.set(encodeRecord(id, signature, text));
      const decoded = decodeRecord(buffer);
      return decoded.ok && decoded.value.keyId;
    });
    expect(read).toEqual(keyIds);
  });

  it('hands out a signature that nobody can change the record through', () => {
    const bytes = encodeRecord(keyId, signature, text);
    signatureOf({ bytes }).fill(0);
    expect(signatureOf({ bytes })).toEqual(signature);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'record/short'],
    ['no text', withText(''), 'record/short'],
    ['a text that is not UTF-8', withText(Uint8Array.of(0x22, 0xff, 0x22)), 'record/utf8'],
    ['an overlong UTF-8 form', withText(Uint8Array.of(0x22, 0xc0, 0x80, 0x22)), 'record/utf8'],
    ['a surrogate in UTF-8', withText(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)), 'record/utf8'],
    ['a byte order mark', withText(`\ufeff${text}`), 'canonical/syntax'],
    ['trailing bytes', withText(`${text}\u0000`), 'canonical/syntax'],
    ['a trailing space', withText(`${text} `), 'canonical/form'],
    ['a text that is no op', withText('{}'), 'op/args'],
    ['more bytes than a record may have', new Uint8Array(maxRecordBytes + 1), 'canonical/too-large'],
    ['as many bytes as a bundle frame can name', new Uint8Array(65_535), 'canonical/too-large'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('is never made from a wrong signature, key id or text', async () => {
    expect(await refusal(() => encodeRecord(keyId, signature.subarray(1), text))).toBe('record/signature');
    expect(await refusal(() => encodeRecord(keyId, new Uint8Array(0), text))).toBe('record/signature');
    expect(await refusal(() => encodeRecord('5E' as KeyId, signature, text))).toBe('record/key');
    expect(await refusal(() => encodeRecord(keyId, signature, 'x'.repeat(61_441)))).toBe('canonical/too-large');
  });

  it('says so when trusted bytes cannot be read', async () => {
    const hash = hashText(text);
    expect(await refusal(() => trustedRecord(withText(Uint8Array.of(0xff)), hash))).toBe('record/corrupt');
    expect(await refusal(() => trustedRecord(withText('{'), hash))).toBe('record/corrupt');
    expect(await refusal(() => textOf({ bytes: withText(Uint8Array.of(0xff)) }))).toBe('record/utf8');
  });

  it('holds the largest op that is accepted', () => {
    const room = 61_440 - encodeOp(sampleOp({ args: { x: '' } })).length;
    const { bytes } = makeRecord(sampleOp({ args: { x: 'x'.repeat(room) } }));
    expect(bytes.length).toBe(maxRecordBytes);
    expect(codeOf(bytes)).toBe('accepted');
  });

  it('decode(encode(record)) = record (property)', () => {
    fc.assert(
      fc.property(record, ({ op, hash, keyId: key, bytes }) => {
        const decoded = decodeRecord(bytes);
        expect(decoded).toEqual({ ok: true, value: { op, keyId: key, text: textOf({ bytes }), bytes } });
        expect(trustedRecord(bytes, hash)).toEqual({ op, hash, keyId: key, bytes });
      }),
    );
  });

  it('one flipped bit is refused, or another key, signature or op (property)', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 0, max: 7 }), (original, place, bit) => {
        const bytes = original.bytes.slice();
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        const decoded = decodeRecord(bytes);
        if (!decoded.ok) return;
        const isOther =
          at < 32
            ? decoded.value.keyId !== original.keyId
            : at < 96
              ? Buffer.compare(signatureOf({ bytes }), signatureOf(original)) !== 0
              : hashText(decoded.value.text) !== original.hash;
        expect(isOther).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on any bytes (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(codeOf(bytes)).toMatch(/\//);
      }),
    );
  });
});
