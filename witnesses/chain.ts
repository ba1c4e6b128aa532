/** Whoever alters one byte of one op is found out, and the op is named. */
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import type { OpRecord } from '@tallystick/oplog';
import type { Witness } from './claim.ts';
import { withShop } from './shop.ts';
import { type Check, tillChain } from './till-chain.ts';

const SALES = 6;

export const chain: Witness = {
  name: 'chain',
  claims: ['clean', 'altered'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
      const { records, check, checkCredulously } = await tillChain(shop, SALES);
      // The fault: one byte in the middle of a chain that is given out as clean.
      const clean = broken ? records.toSpliced(2, 1, flipByte(records[2] as OpRecord, 200)) : records;
      claim({ ops: records.length }, { claim: 'clean', altered: 0 }, (await check(clean)).ok);

      // The fault: signatures are believed, so what stands in the signature's own bytes goes unseen.
      const { altered, named } = await alterEach(records, broken ? checkCredulously : check);
      claim({ altered }, { claim: 'altered', named }, named === altered);
    }),
};

/** Alters every byte of every op, one at a time. */
async function alterEach(records: readonly OpRecord[], check: Check): Promise<{ altered: number; named: number }> {
  let altered = 0;
  let named = 0;
  for (const [index, record] of records.entries()) {
    for (let at = 0; at < record.bytes.length; at++) {
      altered += 1;
      const opened = openRecord(flipByte(record, at).bytes, nodeHasher);
      const verdict = opened.ok ? await check(records.with(index, opened.value)) : { ok: false as const, index };
      if (!verdict.ok && verdict.index === index) named += 1;
    }
  }
  return { altered, named };
}

/** The same record with other bytes than its hash was made from. */
function flipByte(record: OpRecord, at: number): OpRecord {
  const bytes = Uint8Array.from(record.bytes);
  bytes[at] = (bytes[at] as number) ^ 1;
  return { ...record, bytes };
}
