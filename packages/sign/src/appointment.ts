// Which relay gives a book its positions from a place of `hq` on (docs/spec/sign.md, "Appointment"): the args of the op that says it, and which of several counts.
import {
  type Json,
  type OpHash,
  parseRootHash,
  parseScope,
  type Result,
  type RootHash,
  type Scope,
} from '@tallystick/oplog';
import { badArgs, parseMembers } from './device-args.ts';

export const appointVerb = 'relay.appoint@1';

/** How far one log reached that the relay before gave its positions, as far as the author knew. */
export interface LogExtent {
  readonly scope: Scope;
  readonly size: number;
  readonly root: RootHash;
}

/** Args of `relay.appoint@1`. Relays are named by their C2SP verifier keys. */
export interface AppointArgs {
  /** 1 for the first relay that is appointed. */
  readonly epoch: number;
  readonly relay: string;
  /** The relay whose place it takes. */
  readonly from: string;
  /** Where devices reach it, where they are not told otherwise. */
  readonly address?: string;
  /** Sorted by scope: the new log begins with these. */
  readonly logs: readonly LogExtent[];
}

/** An appointment that has effect. */
export interface Appointment extends AppointArgs {
  readonly hash: OpHash;
  /** Of its author among the recovery keys, 0 for the highest. */
  readonly rank: number;
}

export const maxExtents = 256;
const maxEpoch = 1_000_000;
const maxKeyLength = 300;
const maxAddressLength = 500;
// As a C2SP verifier key is written; what the key is, is judged by who checks notes under it.
const keyPattern = /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}$/;
const addressPattern = /^https?:\/\/[\x21-\x7e]+$/;

/** Refusal: `sign/args`. */
export function parseAppointArgs(value: Json): Result<AppointArgs> {
  const args = parseMembers(value, ['epoch', 'from', 'logs', 'relay'], ['address']);
  const { address, epoch, from, logs, relay } = args ?? {};
  const isCounted = typeof epoch === 'number' && epoch >= 1 && epoch <= maxEpoch;
  const isReached =
    address === undefined ||
    (typeof address === 'string' && address.length <= maxAddressLength && addressPattern.test(address));
  const extents = parseExtents(logs);
  if (!isCounted || !isReached || !isRelayKey(relay) || !isRelayKey(from) || extents === undefined)
    return badArgs(appointVerb);
  return { ok: true, value: { epoch, relay, from, logs: extents, ...(address === undefined ? {} : { address }) } };
}

function parseExtents(logs: Json | undefined): readonly LogExtent[] | undefined {
  if (!Array.isArray(logs) || logs.length > maxExtents) return undefined;
  const extents: LogExtent[] = [];
  for (const log of logs as readonly Json[]) {
    const members = parseMembers(log, ['root', 'scope', 'size']);
    const [scope, root, size] = [parseScope(members?.scope), parseRootHash(members?.root), members?.size];
    const before = extents.at(-1)?.scope ?? '';
    if (scope === undefined || root === undefined || typeof size !== 'number' || size < 1 || scope <= before)
      return undefined;
    extents.push({ scope, size, root });
  }
  return extents;
}

function isRelayKey(value: Json | undefined): value is string {
  return typeof value === 'string' && value.length <= maxKeyLength && keyPattern.test(value);
}

/**
 * Whether an appointment takes the place of the one in force: it is of the next epoch; or of the same one, by a higher key, and among equals the one with the
 * smaller hash, so that all who know both follow the same.
 */
export function replaces(
  next: Pick<Appointment, 'epoch' | 'rank'> & { readonly hash: string },
  inForce: (Pick<Appointment, 'epoch' | 'rank'> & { readonly hash: string }) | undefined,
): boolean {
  if (next.epoch !== inForce?.epoch) return next.epoch === (inForce?.epoch ?? 0) + 1;
  return next.rank < inForce.rank || (next.rank === inForce.rank && next.hash < inForce.hash);
}
