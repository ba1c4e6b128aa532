// The published Ed25519 edge cases in one shape: 32 byte keys, 64 byte signatures, and everything that is neither.
import { decodeHex } from '@tallystick/oplog';

export interface Ed25519Case {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** What the source says; where it leaves the choice to the implementation, undefined. */
  readonly valid: boolean | undefined;
}

interface CctvCase {
  readonly number: number;
  readonly key: string;
  readonly sig: string;
  readonly msg: string;
}

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[];
  }[];
}

/** Keys and signatures that mix in small-order and non-canonical points. */
export function parseCctvCases(json: string): Ed25519Case[] {
  return (JSON.parse(json) as CctvCase[]).map(({ number, key, sig, msg }) => ({
    name: `CCTV ${number}`,
    publicKey: decodeHex(key),
    message: new TextEncoder().encode(msg),
    signature: decodeHex(sig),
    valid: undefined,
  }));
}

export function parseWycheproofCases(json: string): Ed25519Case[] {
  return (JSON.parse(json) as WycheproofFile).testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      name: `Wycheproof ${tcId}`,
      publicKey: decodeHex(publicKey.pk),
      message: decodeHex(msg),
      signature: decodeHex(sig),
      valid: result === 'valid',
    })),
  );
}
