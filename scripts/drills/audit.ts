// What must hold after a drill, told from the log alone: every op that was acknowledged is there once, at its place, and every token has the one owner
// that every contender was told.
import { nodeHasher } from '@tallystick/chain/node';
import type { OpRecord } from '@tallystick/oplog';
import { createClaimFold, createFollower, createRelayClient } from '@tallystick/relay-protocol';
import { nodeEd25519 } from '@tallystick/sign/node';
import { type Cast, claims } from '../../packages/cas/test/cast.ts';
import type { Ending } from './contest.ts';
import type { Engine, Send } from './engine.ts';

export interface Findings {
  readonly logSize: number;
  /** Claims that were answered and whose op is not in the log, or not where the answer said. */
  readonly lost: number;
  /** Tokens that more than one op was granted, or whose owner by the log was granted nothing. */
  readonly doubleGrants: number;
  /** Contenders who were told of another owner than the log has. */
  readonly misled: number;
  /** Claims of which it is still not known how they ended. */
  readonly unresolved: number;
  /** Ops that stand in the log twice. */
  readonly repeated: number;
}

/** The log of claims as this front end shows it, checked against the relay's signatures. */
export async function readLog(engine: Engine, cast: Cast, send: Send): Promise<OpRecord[]> {
  const follower = createFollower({
    client: createRelayClient({ url: 'http://relay.drill', fetch: send }),
    book: cast.book,
    scope: claims,
    relay: engine.relay,
    verifyNote: (key, message, signature) => nodeEd25519.verify(key, message, signature),
    hasher: nodeHasher,
    tip: { size: 0, frontier: [], note: '' },
  });
  const records: OpRecord[] = [];
  for (let page = await follower.next(); page !== undefined; page = await follower.next())
    records.push(...page.records);
  return records;
}

export function judgeEndings(log: readonly OpRecord[], endings: readonly Ending[]): Findings {
  const fold = createClaimFold();
  for (const record of log) fold.note(record);
  const places = new Map(log.map(({ hash }, position) => [String(hash), position]));
  let [lost, misled, unresolved] = [0, 0, 0];
  const grantsByToken = new Map<string, number>();
  for (const { token, op, outcome } of endings) {
    const place = places.get(op.hash);
    const owner = fold.holderOf(token)?.hash;
    grantsByToken.set(token, (grantsByToken.get(token) ?? 0) + (outcome.kind === 'granted' ? 1 : 0));
    if (outcome.kind !== 'granted' && outcome.kind !== 'held') unresolved += 1;
    else if (place === undefined || (outcome.kind === 'granted' && outcome.position !== place)) lost += 1;
    if (outcome.kind === 'granted' && owner !== op.hash) misled += 1;
    if (outcome.kind === 'held' && owner !== outcome.holder.hash) misled += 1;
  }
  const doubleGrants = [...grantsByToken.values()].filter((count) => count !== 1).length;
  return { logSize: log.length, lost, doubleGrants, misled, unresolved, repeated: log.length - places.size };
}
