// Every single bit of a signed record: none may change unnoticed, whoever signed and whichever check is asked.
import { openRecord, verifyChain, verifyRuns } from '@tallystick/chain';
import type { OpRecord } from '@tallystick/oplog';
import { expect, it } from 'vitest';
import { createRecordVerifier, signOp } from '../src/index.ts';
import { nodeEd25519 } from '../src/node.ts';
import { hasher, makeOp, newKey, now, openBook } from './fixtures.ts';

const key = newKey();
const { genesis, book } = openBook(key);
const chain = [genesis];
for (let seq = 2; seq <= 4; seq++) {
  const prev = (chain.at(-1) as OpRecord).hash;
  const draft = { key, verb: 'sale.complete@1', args: { quantity: seq, sku: 'tea' }, prev, seq };
  chain.push(now(signOp(makeOp(draft), key, book, hasher)));
}
const last = chain.length - 1;
const publicKeyOf = (keyId: string): Uint8Array | undefined => (keyId === key.keyId ? key.publicKey : undefined);
const verify = createRecordVerifier({ book, ed25519: nodeEd25519, publicKeyOf });

function flip({ bytes }: OpRecord, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

it('refuses a record with any one bit changed', async () => {
  const record = chain[last] as OpRecord;
  expect(await verify(record)).toBe(true);
  for (let bit = 0; bit < record.bytes.length * 8; bit++) {
    const opened = openRecord(flip(record, bit), hasher);
    expect(opened.ok && (await verify(opened.value)), `bit ${bit}`).toBe(false);
  }
});

it('accepts no chain with any one bit changed, but in a signature that a later one covers, and none when every one is checked', async () => {
  const covered = chain[1] as OpRecord;
  for (let bit = 0; bit < covered.bytes.length * 8; bit += 3) {
    const opened = openRecord(flip(covered, bit), hasher);
    if (!opened.ok) continue;
    const damaged = chain.with(1, opened.value);
    const isSignature = bit >= 256 && bit < 768;
    expect((await verifyChain(damaged, { hasher, verify })).ok, `bit ${bit}`).toBe(isSignature);
    expect(await verifyChain(damaged, { hasher, verify, every: true }), `bit ${bit}`).toMatchObject({
      ok: false,
      index: 1,
    });
    const none = { headOf: () => undefined, has: () => false, opOf: () => undefined, enrolmentOf: () => genesis.hash };
    const { accepted } = await verifyRuns(damaged, { ...none, verify });
    expect(accepted.length, `bit ${bit}`).toBe(isSignature ? chain.length : 1);
    const audited = await verifyRuns(damaged, { ...none, verify, every: true });
    expect(audited.accepted.length, `bit ${bit}`).toBe(1);
  }
});
