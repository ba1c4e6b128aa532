import { encodeHex } from '@tallystick/oplog';
import { Encrypter, armor } from 'age-encryption';
import { expect, it } from 'vitest';
import * as z from 'zod';
import {
  createReaderIdentity,
  createSubject,
  findEnvelopes,
  isRecipient,
  parseSubject,
  parseWrappedName,
  personal,
  publicText,
  renewKey,
  sealEnvelope,
  subjectKeyId,
  unwrapKey,
  wrapKey,
  wrappedName,
} from '../src/index.ts';

it('opens for each reader and nobody else, and only as the key that the log names', async () => {
  const [anna, ben, eve] = await Promise.all([createReaderIdentity(), createReaderIdentity(), createReaderIdentity()]);
  const key = renewKey(createSubject());
  const wrapped = await wrapKey(key, [anna.recipient, ben.recipient]);
  const keyId = subjectKeyId(key);
  for (const { identity } of [anna, ben])
    expect(await unwrapKey(wrapped, identity, keyId)).toEqual({ ok: true, value: key });
  expect(await unwrapKey(wrapped, eve.identity, keyId)).toMatchObject({ code: 'erasure/not-a-reader' });
  // Whoever carries it can wrap a key of their own for the same readers.
  const forged = await wrapKey({ ...key, key: createSubject().key }, [anna.recipient]);
  expect(await unwrapKey(forged, anna.identity, keyId)).toMatchObject({ code: 'erasure/other-key' });
  expect(await unwrapKey('hello', anna.identity, keyId)).toMatchObject({ code: 'erasure/not-wrapped' });
  expect(await unwrapKey('x'.repeat(200_001), anna.identity, keyId)).toMatchObject({ code: 'erasure/not-wrapped' });
  const encrypter = new Encrypter();
  encrypter.addRecipient(anna.recipient);
  const other = armor.encode(await encrypter.encrypt(`tallystick/subject-key/1\n${encodeHex(key.key)}\n`));
  expect(await unwrapKey(other, anna.identity, keyId)).toMatchObject({ code: 'erasure/not-wrapped' });
  expect(wrapped).not.toContain(key.subject);
});

it('wraps for somebody', async () => {
  const { recipient } = await createReaderIdentity();
  expect([isRecipient(recipient), isRecipient('age1x'), isRecipient(recipient.toUpperCase())]).toEqual([
    true,
    false,
    false,
  ]);
  for (const readers of [[], ['age1nobody'], Array.from({ length: 1_001 }, () => recipient)])
    await expect(wrapKey(createSubject(), readers)).rejects.toMatchObject({ code: 'erasure/readers' });
});

it('names keys and reads names', () => {
  const key = createSubject();
  const name = wrappedName(key, ['age1b', 'age1a']);
  expect(parseWrappedName(name)).toEqual({ subject: key.subject, generation: 1 });
  expect([wrappedName(key, ['age1a', 'age1b']) === name, wrappedName(key, ['age1a']) === name]).toEqual([true, false]);
  expect([parseWrappedName(`${key.subject}.0.${'0'.repeat(16)}`), parseWrappedName(key.subject)]).toEqual([
    undefined,
    undefined,
  ]);
  expect([parseSubject(key.subject), parseSubject('Anna'), parseSubject(1)]).toEqual([
    key.subject,
    undefined,
    undefined,
  ]);
});

it('marks personal texts, and finds what is sealed', () => {
  const schema = z.strictObject({
    name: personal(z.string()),
    sku: publicText(z.string(), 'goods'),
    lines: z.array(z.strictObject({ note: personal(z.string()).exactOptional() })),
  });
  const key = createSubject();
  const place = { book: 'b', scope: 'hq', device: 'd', id: 'i' };
  const seal = (field: string): string => sealEnvelope('Anna', key, { ...place, field });
  const args = { name: seal('name'), sku: 'TEA', lines: [{}, { note: seal('lines.1.note') }] };
  expect(schema.safeParse(args).success).toBe(true);
  expect(findEnvelopes(args).map(({ field, envelope }) => [field, envelope.subject])).toEqual([
    ['name', key.subject],
    ['lines.1.note', key.subject],
  ]);
  const clear = schema.safeParse({ ...args, name: 'Anna Nowak' });
  expect(clear.error?.issues.map(({ message, path }) => [message, path])).toEqual([['erasure/in-the-clear', ['name']]]);
  expect(findEnvelopes({ name: 'Anna', seal: `see ${args.name}` })).toEqual([]);
});
