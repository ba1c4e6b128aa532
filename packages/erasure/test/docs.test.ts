// The example and the codes of docs/spec/envelope.md are those of the code.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openEnvelope, type SubjectId } from '../src/index.ts';

const spec = readFileSync(new URL('../../../docs/spec/envelope.md', import.meta.url), 'utf8');

it('has an example that opens', () => {
  const envelope = /^env1\..*$/m.exec(spec)?.[0] ?? '';
  const subjectKey = { subject: '5a'.repeat(16) as SubjectId, generation: 1, key: new Uint8Array(32).fill(0x4b) };
  const book = 'd1982adb92597352e1c7d2ad457bb129395bc81a6662e5868b7bbd32d60fc431';
  const id = '019ad466-0000-7000-8000-000000000001';
  const place = { book, device: 'c0'.repeat(32), field: 'name', id, scope: 'hq' };
  expect(openEnvelope(envelope, subjectKey, place)).toMatchObject({ ok: true, value: { text: 'Anna Nowak' } });
});
