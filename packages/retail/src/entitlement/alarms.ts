/** What does not fit together once branches and claims meet. Each alarm names the device that has to answer for it. */
import type { EntitlementReader } from './evidence.ts';

/**
 * `unclaimed`: handed out, and nobody claimed it. `unredeemed`: claimed, and nothing was handed out (release it). `differs`: more or less was handed
 * out than claimed. `unissued`: claimed, and no issue of it is here. `lost`: not covered, and posted in the name of the device.
 */
export type EntitlementAlarmKind = 'unclaimed' | 'unredeemed' | 'differs' | 'unissued' | 'lost';

export interface EntitlementAlarm {
  readonly kind: EntitlementAlarmKind;
  readonly token: string;
  readonly redemption: string;
  /** The till that handed out, or that claimed where nothing was. */
  readonly device: string;
  readonly currency: string;
  readonly handedMinor: number;
  readonly claimedMinor: number;
  readonly lostMinor: number;
}

/** All alarms of a replica that has all scopes. One that has not sees alarms for what it does not have. */
export function entitlementAlarms(book: EntitlementReader): readonly EntitlementAlarm[] {
  const rows = book.query(
    `WITH handed AS (
       SELECT token, redemption, currency, min(device) AS device, sum(amountMinor) AS minor FROM redemptions GROUP BY 1, 2, 3
     ), claimed AS (
       SELECT c.token, c.redemption, c.currency, c.device, c.amountMinor AS minor, coalesce(o.lostMinor, 0) AS lost,
              NOT EXISTS (SELECT 1 FROM entitlements e WHERE e.scope = c.scope AND e.token = c.token) AS unissued
         FROM entitlementClaims c LEFT JOIN claimOutcomes o USING (scope, token, redemption)
        WHERE NOT EXISTS (SELECT 1 FROM claimReleases r WHERE r.scope = c.scope AND r.token = c.token AND r.redemption = c.redemption)
     ), ends AS (
       SELECT token, redemption, currency FROM handed WHERE minor <> 0 UNION SELECT token, redemption, currency FROM claimed
     )
     SELECT e.token, e.redemption, e.currency, coalesce(h.device, c.device) AS device, coalesce(h.minor, 0) AS handedMinor,
            coalesce(c.minor, 0) AS claimedMinor, coalesce(c.lost, 0) AS lostMinor, coalesce(c.unissued, 0) AS unissued
       FROM ends e LEFT JOIN handed h USING (token, redemption, currency) LEFT JOIN claimed c USING (token, redemption, currency)
      ORDER BY e.token, e.redemption, e.currency`,
    [],
  );
  return rows.flatMap((row) => {
    const [handedMinor, claimedMinor] = [Number(row['handedMinor']), Number(row['claimedMinor'])];
    const lostMinor = Number(row['lostMinor']);
    const kinds: EntitlementAlarmKind[] = [];
    if (claimedMinor === 0) kinds.push('unclaimed');
    else if (handedMinor === 0) kinds.push('unredeemed');
    else if (handedMinor !== claimedMinor) kinds.push('differs');
    if (row['unissued'] === 1) kinds.push('unissued');
    else if (lostMinor !== 0) kinds.push('lost');
    const [token, redemption, device] = [String(row['token']), String(row['redemption']), String(row['device'])];
    const facts = {
      token,
      redemption,
      device,
      currency: String(row['currency']),
      handedMinor,
      claimedMinor,
      lostMinor,
    };
    return kinds.map((kind) => ({ kind, ...facts }));
  });
}
