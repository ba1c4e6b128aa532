// Who may begin the log of a scope (docs/spec/relay.md, "Opening"): scopes are counted, so whoever opened them all would leave none to those who run the shop.
import type { DeviceId, OpRecord } from '@tallystick/oplog';
import { headquarters as hq } from '@tallystick/sign/roster';
import { isChief, wasChief } from './access.ts';
import { RelayError } from './errors.ts';
import type { Push } from './push.ts';
import type { PushedLog } from './pushed-log.ts';
import type { RelayLimits } from './limits.ts';
import { createRates } from './rates.ts';

export interface Openings {
  /** Why the push may not begin this log, in a book of so many scopes; undefined where it may, or where the gate lets nothing of it in. */
  findRefusal(pushed: PushedLog, push: Push, scopes: number): Promise<RelayError | undefined>;
  /** The log begins with this op. */
  opened(pushed: PushedLog, first: OpRecord): void;
}

const daySeconds = 86_400;

export function createOpenings(
  { maxScopes, openingsPerDay, maxRates }: Pick<RelayLimits, 'maxScopes' | 'openingsPerDay' | 'maxRates'>,
  nowMs: () => number,
): Openings {
  const rates = createRates({ perSecond: openingsPerDay / daySeconds, burst: openingsPerDay }, maxRates, nowMs);
  const reserved = Math.floor(maxScopes / 8);
  return {
    async findRefusal(pushed, push, scopes) {
      const { book, roster } = pushed;
      if (scopes >= maxScopes) return new RelayError('relay/quota', `a book has at most ${maxScopes} scopes here`);
      const signers = await signersOf(pushed, push);
      if (signers.length === 0 || signers.some((device) => isChief(roster, device))) return undefined;
      if (scopes >= maxScopes - reserved)
        return new RelayError('relay/quota', 'the last scopes are for owners and managers');
      if (signers.some((device) => wasChief(roster, device))) return undefined;
      try {
        rates.require(signers.map((device) => `${book} ${device}`));
        return undefined;
      } catch (error) {
        return error as RelayError;
      }
    },
    opened({ book, roster }, { op }) {
      if (!wasChief(roster, op.device)) rates.spend(`${book} ${op.device}`, 1);
    },
  };
}

/** The devices of `hq` that signed an op of the push, and not those alone whose name it says. */
async function signersOf({ scope, roster, verify }: PushedLog, { frames }: Push): Promise<DeviceId[]> {
  const signers = new Set<DeviceId>();
  for (const frame of frames.toReversed()) {
    if (frame.kind !== 'record' || signers.has(frame.record.op.device)) continue;
    const { op, keyId } = frame.record;
    const mayWrite = roster.get(op.device, hq) !== undefined && roster.publicKeyOf(keyId, op.device) !== undefined;
    if (op.scope === scope && mayWrite && (await verify(frame.record))) signers.add(op.device);
  }
  return [...signers];
}
