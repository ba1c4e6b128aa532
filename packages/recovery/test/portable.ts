// What must be the same wherever a till runs: the vectors of docs/spec/recovery.md, and a book kept, handed over as one file, judged and brought back. Runs in Node and,
// through scripts/browsers, in every browser.
import { portableHasher } from '@tallystick/chain';
import { createOrganisationIdentity } from '@tallystick/custody';
import { type Book, defineVerb, openBook, sumTable } from '@tallystick/kernel';
import { statementPreimage } from '@tallystick/kernel/backup';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { type BookId, decodeHex } from '@tallystick/oplog';
import { createMemoryKeyStore, nobleEd25519 } from '@tallystick/sign';
import initSqlJs from 'sql.js';
import { expect, it } from 'vitest';
import { z } from 'zod';
import vectors from '../../../fixtures/recovery/part.json' with { type: 'json' };
import { createBackupKeeper, filesOf, joinFiles, judgeBackups, memoryPlace, restoreBook } from '../src/index.ts';
import { readPart } from '../src/part.ts';

export function runVectors(): void {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, { input, expect: wanted }) => {
    const read = readPart(new TextEncoder().encode(input.text), portableHasher);
    const book = input.book as BookId;
    async function judged(): Promise<unknown> {
      if (!read.ok) return { ok: false, code: read.code };
      const { header, line, signature } = read.value;
      if (header.book !== book) return { ok: false, code: 'recovery/foreign' };
      const message = statementPreimage('recovery/1', book, line, portableHasher);
      const isSigned = await nobleEd25519.verify(decodeHex(input.key), message, decodeHex(signature));
      return isSigned ? { ok: true, number: header.number, kind: header.kind } : { ok: false, code: 'recovery/forged' };
    }
    expect(await judged()).toEqual(wanted);
  });
}

const stock = sumTable('stock', { key: { sku: 'text' }, sums: ['onHand'] });
const receive = defineVerb({
  name: 'stock.receive',
  version: 1,
  roles: ['owner'],
  tables: [stock],
  args: z.strictObject({ sku: z.string().regex(/^[!-?A-~]*$/), quantity: z.int() }),
  plan: (_view, _op, { sku, quantity }) => [stock.add({ sku }, { onHand: quantity })],
});
const verbs = [receive] as const;

export function runStory(): void {
  it('comes back from one file as it was, and from none that was cut, changed or made by others', async () => {
    const sqlite = await initSqlJs();
    const crypto = { hasher: portableHasher, ed25519: nobleEd25519 };
    const keys = createMemoryKeyStore(nobleEd25519, portableHasher);
    const shop = await openBook({ store: sqljsStore({ sqlite }), keys, crypto, verbs });
    const owner = await createOrganisationIdentity();
    const place = memoryPlace();
    const keeperOf = (book: Book<typeof verbs>, recipient: string) =>
      createBackupKeeper({
        book,
        hasher: portableHasher,
        recipients: () => [recipient],
        places: [place],
        state: { load: () => undefined, save: () => undefined },
      });
    const keeper = keeperOf(shop, owner.recipient);
    for (const quantity of [12, 5]) {
      await shop.commit('stock.receive', { sku: 'apple', quantity });
      await keeper.prepare();
      await keeper.backUp();
    }
    const file = await joinFiles(place);
    const openers = [{ kind: 'organisation', identity: owner.identity }] as const;
    const judged = async (bytes: Uint8Array) => {
      const { verdicts, chosen } = await judgeBackups(filesOf('backup', bytes).files, { openers, crypto });
      return { codes: verdicts.map(({ code }) => code ?? 'good').sort(), chosen };
    };
    const { codes, chosen } = await judged(new TextEncoder().encode(btoa(String.fromCharCode(...file))));
    expect(codes).toEqual(['good', 'good']);
    if (chosen === undefined) throw new Error('nothing was chosen');
    const { book } = await restoreBook({ chosen, store: sqljsStore({ sqlite }), keys, crypto, verbs });
    expect(book.query('SELECT onHand FROM stock')).toEqual([{ onHand: 17 }]);
    const early = await book.commit('stock.receive', { sku: 'apple', quantity: 1 });
    expect(early.ok ? 'ok' : early.code).toEqual('kernel/unanchored');
    await book.anchor();
    expect((await book.commit('stock.receive', { sku: 'apple', quantity: 1 })).ok).toBe(true);
    await book.close();

    expect((await judged(file.slice(0, -1))).codes).toEqual(['good', 'recovery/truncated']);
    expect((await judged(file.map((byte, at) => (at === file.length - 1 ? byte ^ 1 : byte)))).codes).toEqual([
      'good',
      'recovery/damaged',
    ]);
    const stranger = await createOrganisationIdentity();
    expect(
      (
        await judgeBackups(filesOf('x', file).files, {
          openers: [{ kind: 'organisation', identity: stranger.identity }],
          crypto,
        })
      ).chosen,
    ).toBeUndefined();
    await shop.close();
  });
}
