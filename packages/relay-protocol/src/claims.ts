// What an op claims, and who has what was claimed (docs/spec/relay.md, "Claims"): an opaque token belongs to the first op in its
// log that claimed it. A fold: every reader of the log comes to the same owner, and a relay checks its index against it.
import type { DeviceId, Op, OpHash, OpRecord } from '@tallystick/oplog';
import type { Holder } from './store.ts';

const tokenPattern = /^[\x21-\x7e]{1,128}$/;

/** The token that an op claims, whatever its verb: the member `claim` of its args, 1 to 128 visible ASCII characters. Otherwise it claims nothing. */
export function claimOf({ args }: Op): string | undefined {
  const token = args['claim'];
  return typeof token === 'string' && tokenPattern.test(token) ? token : undefined;
}

/** About 250 bytes a claim. */
export interface ClaimFold {
  /** Ops of the log that were noted. */
  readonly size: number;
  /** Takes notice of the op at position `size`. `isLate`: it came when its author was revoked or its last day over, so it claims nothing. */
  note(record: OpRecord, isLate?: boolean): void;
  /** Who has the token. */
  holderOf(token: string): Holder | undefined;
  /** Every op that claims it and is on the branch of its chain that counts, in the order of the log. */
  claimantsOf(token: string): readonly Holder[];
}

export function createClaimFold(): ClaimFold {
  const heads = new Map<DeviceId, OpHash>();
  const claimantsByToken = new Map<string, Holder[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    note({ op, hash }, isLate = false) {
      const position = size;
      size += 1;
      const head = heads.get(op.device);
      // As the gate has it: what does not go on from its chain's head is a fork.
      if (head !== undefined && (op.seq === 1 || op.prev !== head)) return;
      heads.set(op.device, hash);
      const token = isLate ? undefined : claimOf(op);
      if (token === undefined) return;
      const holder = { hash, device: op.device, position };
      const before = claimantsByToken.get(token);
      if (before === undefined) claimantsByToken.set(token, [holder]);
      else before.push(holder);
    },
    holderOf: (token) => claimantsByToken.get(token)?.[0],
    claimantsOf: (token) => claimantsByToken.get(token) ?? [],
  };
}
