// The vectors of docs/spec/envelope.md. Runs in Node and in a browser.
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { describe, expect, it } from 'vitest';
import openVectors from '../../../fixtures/envelope/open.json' with { type: 'json' };
import { isEnvelope, openEnvelope, parseEnvelope, sealEnvelope, type SubjectId, subjectKeyId } from '../src/index.ts';

export function runVectors(): void {
  describe('open.json', () => {
    it.each(openVectors)('$name', ({ input, expect: expected }) => {
      const { subject, generation, key, place, envelope } = input;
      const subjectKey = { subject: subject as SubjectId, generation, key: decodeHex(key) };
      const opened = openEnvelope(envelope, subjectKey, place);
      expect(isEnvelope(envelope)).toBe(expected.code !== 'erasure/not-an-envelope');
      if (!opened.ok) return expect({ ok: false, code: opened.code }).toEqual(expected);
      const { text, salt } = opened.value;
      const nonce = parseEnvelope(envelope)?.nonce as Uint8Array;
      const dice = (count: number): Uint8Array => (count === nonce.length ? nonce : salt);
      expect(sealEnvelope(text, subjectKey, place, dice)).toBe(envelope);
      expect({ ok: true, text, salt: encodeHex(salt), keyId: subjectKeyId(subjectKey) }).toEqual(expected);
    });
  });
}
