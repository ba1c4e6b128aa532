/** An op that its device did not sign is refused. */
import { openRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { encodeRecord, type OpRecord, signatureOf, textOf } from '@tallystick/oplog';
import type { Witness } from './claim.ts';
import { hq, withShop } from './shop.ts';
import { tillChain } from './till-chain.ts';

const SALES = 6;

export const sign: Witness = {
  name: 'sign',
  claims: ['forged-body', 'wrong-key', 'null-signature'],
  run: ({ broken, claim }) =>
    withShop(async (shop) => {
      const { records, check, checkCredulously } = await tillChain(shop, SALES);
      const last = records.at(-1) as OpRecord;
      const other = (await shop.office.log.pending(hq))[0] as OpRecord;
      const forgeries: Readonly<Record<string, Uint8Array>> = {
        'forged-body': encodeRecord(last.keyId, signatureOf(last), textOf(last).replace('apple', 'grape')),
        'wrong-key': encodeRecord(last.keyId, signatureOf(other), textOf(last)),
        'null-signature': encodeRecord(last.keyId, new Uint8Array(64), textOf(last)),
      };
      for (const [forgery, bytes] of Object.entries(forgeries)) {
        const forged = openRecord(bytes, nodeHasher);
        // A forgery that is no record at all would be refused for another reason than its signature.
        if (!forged.ok) throw new Error(`${forgery} is no record: ${forged.message}`);
        // The fault: a verifier that believes every signature.
        const verdict = await (broken ? checkCredulously : check)([...records.slice(0, -1), forged.value]);
        const code = verdict.ok ? 'accepted' : verdict.code;
        claim({ ops: records.length }, { claim: forgery, code }, code === 'chain/signature');
      }
    }),
};
