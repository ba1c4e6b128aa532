// What holds for every text, key and place: it opens where it was sealed and nowhere else, and nothing of it can be changed or seen.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createSubject,
  type EnvelopePlace,
  isEnvelope,
  maxEnvelopeTextBytes,
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  verifyCommitment,
} from '../src/index.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const subjectKey = createSubject();
const place: EnvelopePlace = { book: 'b', scope: 'hq', device: 'd', id: 'i', field: 'name' };
const runs = { numRuns: 60 };

it('opens where it was sealed, with the salt that its commitment is under', () => {
  fc.assert(
    fc.property(text, (value) => {
      const sealed = sealEnvelope(value, subjectKey, place);
      const opened = openEnvelope(sealed, subjectKey, place);
      expect(opened).toMatchObject({ ok: true, value: { text: value } });
      const envelope = parseEnvelope(sealed);
      if (!opened.ok || envelope === undefined) return;
      expect(verifyCommitment(envelope, opened.value)).toBe(true);
      expect(verifyCommitment(envelope, { ...opened.value, text: `${value}x` })).toBe(false);
    }),
    runs,
  );
});

it('opens under no other key and at no other place', () => {
  const parts = fc.constantFrom<keyof EnvelopePlace>('book', 'scope', 'device', 'id', 'field');
  fc.assert(
    fc.property(text, parts, fc.string({ minLength: 1, maxLength: 40 }), (value, part, other) => {
      fc.pre(other !== place[part]);
      const sealed = sealEnvelope(value, subjectKey, place);
      const there = openEnvelope(sealed, subjectKey, { ...place, [part]: other });
      const byAnother = openEnvelope(sealed, { ...createSubject(), subject: subjectKey.subject }, place);
      expect([there, byAnother]).toMatchObject([{ code: 'erasure/no-match' }, { code: 'erasure/no-match' }]);
    }),
    runs,
  );
});

it('refuses each changed character, and never throws', () => {
  const sealed = sealEnvelope('Anna Nowak', subjectKey, place);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.string({ minLength: 0, maxLength: 3 }), (at, put) => {
      const changed = sealed.slice(0, at) + put + sealed.slice(at + 1);
      expect(changed === sealed || !openEnvelope(changed, subjectKey, place).ok).toBe(true);
    }),
    { numRuns: 200 },
  );
  fc.assert(fc.property(fc.anything(), (value) => !isEnvelope(value)));
});

it('tells the order of magnitude of a length and no more', () => {
  const lengthOf = (units: number): number => sealEnvelope('x'.repeat(units), subjectKey, place).length;
  expect(new Set(Array.from({ length: 31 }, (_, units) => lengthOf(units))).size).toBe(1);
  const all = Array.from({ length: maxEnvelopeTextBytes / 31 }, (_, step) => lengthOf(step * 31));
  expect(new Set(all).size).toBe(7);
});

it('says no to what is too long, no Unicode, or stands nowhere', () => {
  const seal = (value: string, at: Partial<EnvelopePlace> = {}) => sealEnvelope(value, subjectKey, { ...place, ...at });
  expect(() => seal('é'.repeat(2032))).toThrow(expect.objectContaining({ code: 'erasure/text' }));
  expect(() => seal('\ud800')).toThrow(expect.objectContaining({ code: 'erasure/text' }));
  expect(() => seal('x', { field: '' })).toThrow(expect.objectContaining({ code: 'erasure/place' }));
});
