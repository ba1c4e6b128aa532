// Shares of a key: any `threshold` of `count` bring it back, fewer say nothing about it (docs/spec/backup.md, "Shares").
import { portableHasher } from '@tallystick/chain';
import { decodeHex, encodeHex } from '@tallystick/oplog';
import { combine, split } from 'shamir-secret-sharing';
import { CustodyError, type CustodyResult, refuse, type ShareCode } from './errors.ts';
import { checkExpected, keyOfSeed, type OpenedKey, type RestoreOptions } from './key.ts';

export interface SharePlan {
  /** How many it takes: 2 to `count`. */
  readonly threshold: number;
  /** How many there are: 2 to 16. */
  readonly count: number;
}

export interface Share extends SharePlan {
  /** 1 to `count`, for people: "share 2 of 3". */
  readonly index: number;
  /** 10 hex digits that the shares of one splitting have in common. */
  readonly setId: string;
  /** First 8 hex digits of the id of the key. */
  readonly keyPrefix: string;
  /** 33 bytes: 32 values and the place where they were taken. */
  readonly value: Uint8Array;
}

export const shareSizeBytes = 48;
const checksumSizeBytes = 4;
const maxCount = 16;
const domain = new TextEncoder().encode('tallystick/share/1\n');

/** Throws `custody/threshold` for a plan that cannot be. */
export async function splitKey({ seed, keyId }: OpenedKey, { threshold, count }: SharePlan): Promise<Share[]> {
  const isPlan = Number.isInteger(threshold) && Number.isInteger(count);
  if (!isPlan || threshold < 2 || threshold > count || count > maxCount) {
    throw new CustodyError(
      'custody/threshold',
      `no ${threshold} of ${count} shares: 2 to ${maxCount}, all of them at most`,
    );
  }
  const setId = encodeHex(crypto.getRandomValues(new Uint8Array(5)));
  const values = await split(Uint8Array.from(seed), count, threshold);
  const keyPrefix = keyId.slice(0, 8);
  return values.map((value, i) => ({ threshold, count, index: i + 1, setId, keyPrefix, value }));
}

/**
 * The key of these shares, in any order; more than it takes is fine. Refuses shares of two sets, one share twice and too few,
 * and says which.
 */
export async function combineShares(
  shares: readonly Share[],
  options: RestoreOptions = {},
): Promise<CustodyResult<OpenedKey, ShareCode>> {
  const first = shares[0];
  if (first === undefined) return refuse('custody/share-count', 'no shares', { have: 0, need: 2 });
  const strangers = placesOutsideLargestSet(shares);
  if (strangers.length > 0) {
    return refuse('custody/share-set', 'these shares are not of one set', { places: strangers });
  }
  const twice = placesOfRepeats(shares);
  if (twice.length > 0) return refuse('custody/share-twice', 'a share is there twice', { places: twice });
  const need = first.threshold;
  if (shares.length < need) {
    const message = `${shares.length} of the ${need} shares it takes`;
    return refuse('custody/share-count', message, { have: shares.length, need });
  }
  const key = await keyOfSeed(await combine(shares.map(({ value }) => Uint8Array.from(value))), options);
  if (key.keyId.startsWith(first.keyPrefix)) return checkExpected(key, options);
  key.seed.fill(0);
  return refuse('custody/share-key', 'together they give another key than they name: one of them was forged');
}

function placesOutsideLargestSet(shares: readonly Share[]): number[] {
  const nameOf = ({ setId, keyPrefix, threshold, count }: Share) => [setId, keyPrefix, threshold, count].join(' ');
  const sizeByName = new Map<string, number>();
  for (const share of shares) sizeByName.set(nameOf(share), (sizeByName.get(nameOf(share)) ?? 0) + 1);
  const [largest] = [...sizeByName].sort(([, a], [, b]) => b - a)[0] ?? [];
  return placesWhere(shares, (share) => nameOf(share) !== largest);
}

function placesOfRepeats(shares: readonly Share[]): number[] {
  const isSame = (a: Share, b: Share) => a.index === b.index || a.value[32] === b.value[32];
  return placesWhere(shares, (share, i) => shares.slice(0, i).some((earlier) => isSame(earlier, share)));
}

function placesWhere(shares: readonly Share[], holds: (share: Share, i: number) => boolean): number[] {
  return shares.flatMap((share, i) => (holds(share, i) ? [i + 1] : []));
}

/** 48 bytes, the last four of them a checksum. */
export function encodeShare({ threshold, count, index, setId, keyPrefix, value }: Share): Uint8Array {
  const bytes = new Uint8Array(shareSizeBytes);
  bytes[0] = 0x10 | (index - 1);
  bytes[1] = ((threshold - 1) << 4) | (count - 1);
  bytes.set(decodeHex(setId), 2);
  bytes.set(decodeHex(keyPrefix), 7);
  bytes.set(value, 11);
  bytes.set(checksumOf(bytes), shareSizeBytes - checksumSizeBytes);
  return bytes;
}

/** The checksum goes first: a mistyped share is never taken for one of another version or set. */
export function decodeShare(bytes: Uint8Array): CustodyResult<Share, ShareCode> {
  if (bytes.length !== shareSizeBytes) return refuse('custody/share-form', `a share has ${shareSizeBytes} bytes`);
  const checksum = checksumOf(bytes);
  if (!checksum.every((byte, i) => byte === bytes[shareSizeBytes - checksumSizeBytes + i])) {
    return refuse('custody/share-checksum', 'the checksum does not fit: something in it is mistyped');
  }
  const [head = 0, plan = 0] = bytes;
  if (head >> 4 !== 1)
    return refuse('custody/share-version', `a share of version ${head >> 4}, which this does not know`);
  const [index, threshold, count] = [(head & 15) + 1, (plan >> 4) + 1, (plan & 15) + 1];
  const value = bytes.slice(11, 44);
  if (threshold < 2 || threshold > count || index > count || value[32] === 0) {
    return refuse('custody/share-form', 'no splitting gives such a share');
  }
  const [setId, keyPrefix] = [encodeHex(bytes.subarray(2, 7)), encodeHex(bytes.subarray(7, 11))];
  return { ok: true, value: { threshold, count, index, setId, keyPrefix, value } };
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, shareSizeBytes - checksumSizeBytes);
  const preimage = new Uint8Array(domain.length + body.length);
  preimage.set(domain);
  preimage.set(body, domain.length);
  return portableHasher.sha256(preimage).subarray(0, checksumSizeBytes);
}
