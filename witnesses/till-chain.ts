/** A till's own chain as wire records, and the checks that judge it. */
import { verifyChain, type VerifyRecord } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { nodeCrypto } from '@tallystick/kernel/node';
import { decodeHex, type OpHash, type OpRecord } from '@tallystick/oplog';
import { createRecordVerifier } from '@tallystick/sign';
import { hq, sellMany, type TwoDevices } from './shop.ts';

export type Check = (chain: readonly OpRecord[]) => ReturnType<typeof verifyChain>;

export interface TillChain {
  readonly records: readonly OpRecord[];
  /** Every hash, link and signature. */
  readonly check: Check;
  /** The same for hashes and links, but it believes every signature: the fault of a broken verifier. */
  readonly checkCredulously: Check;
}

export async function tillChain({ till }: TwoDevices, sales: number): Promise<TillChain> {
  await sellMany(till, sales);
  const records = (await till.log.pending(hq)).filter((record) => record.op.device === till.device);
  const [row] = till.query<{ key: string; enrolment: string }>('SELECT key, enrolment FROM devices WHERE device = ?', [
    till.device,
  ]);
  if (row === undefined) throw new Error('the till is not enrolled');
  const publicKey = decodeHex(row.key);
  const verify = createRecordVerifier({
    book: till.id,
    ed25519: nodeCrypto.ed25519,
    publicKeyOf: (keyId) => ((keyId as string) === till.device ? publicKey : undefined),
  });
  const checkWith =
    (believed: VerifyRecord): Check =>
    (chain) =>
      verifyChain(chain, {
        start: { enrolment: row.enrolment as OpHash },
        verify: believed,
        hasher: nodeHasher,
        every: true,
      });
  return { records, check: checkWith(verify), checkCredulously: checkWith(() => true) };
}
