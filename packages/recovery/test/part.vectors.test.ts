// The vectors of docs/spec/recovery.md.
import { nodeHasher } from '@tallystick/chain/node';
import { statementPreimage } from '@tallystick/kernel/backup';
import { type BookId, decodeHex } from '@tallystick/oplog';
import { nodeEd25519 } from '@tallystick/sign/node';
import { expect, it } from 'vitest';
import vectors from '../../../fixtures/recovery/part.json' with { type: 'json' };
import { readPart } from '../src/part.ts';

it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, { input, expect: wanted }) => {
  const read = readPart(new TextEncoder().encode(input.text), nodeHasher);
  const book = input.book as BookId;
  async function judged(): Promise<unknown> {
    if (!read.ok) return { ok: false, code: read.code };
    const { header, line, signature } = read.value;
    if (header.book !== book) return { ok: false, code: 'recovery/foreign' };
    const message = statementPreimage('recovery/1', book, line, nodeHasher);
    const isSigned = await nodeEd25519.verify(decodeHex(input.key), message, decodeHex(signature));
    return isSigned ? { ok: true, number: header.number, kind: header.kind } : { ok: false, code: 'recovery/forged' };
  }
  expect(await judged()).toEqual(wanted);
});
