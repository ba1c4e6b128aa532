/** What does not fit together once branches and claims meet. Each alarm names the device that has to answer for it. */
import type { EntitlementReader } from './evidence.ts';

/**
 * `unclaimed`: handed out, and nobody claimed it. `unredeemed`: claimed, and nothing was handed out (release it). `differs`: more or less was handed
 * out than claimed, or other goods, or as another kind. `unissued`: claimed, and no issue of it is here. `lost`: not covered, and posted in the name of the device. `issued-twice`: a token
 * was issued in a second scope, which may cover it once more.
 */
export type EntitlementAlarmKind = 'unclaimed' | 'unredeemed' | 'differs' | 'unissued' | 'lost' | 'issued-twice';

export interface EntitlementAlarm {
  readonly kind: EntitlementAlarmKind;
  readonly token: string;
  readonly redemption: string;
  /**
   * Who answers for it: the till that handed out, or that claimed where nothing was. Of `unissued` whoever's key signed the token, as the till that
   * claimed read it (that till where it did not say, or nobody here has the key); of `issued-twice` who issued it again.
   */
  readonly device: string;
  /** The till that claimed; '' where nobody did. */
  readonly claimant: string;
  readonly currency: string;
  readonly handedMinor: number;
  readonly claimedMinor: number;
  readonly lostMinor: number;
}

/** All alarms of a replica that has all scopes. One that has not sees alarms for what it does not have. */
export function entitlementAlarms(book: EntitlementReader): readonly EntitlementAlarm[] {
  const rows = book.query(
    `WITH handed AS (
       SELECT token, redemption, currency, min(device) AS device, sum(amountMinor) AS minor,
              max(sku || ' ' || quantity) AS goods, max(kind) AS kind FROM redemptions GROUP BY 1, 2, 3
     ), claimed AS (
       SELECT c.token, c.redemption, c.currency, c.device, c.amountMinor AS minor, c.sku || ' ' || c.quantity AS goods, coalesce(o.lostMinor, 0) AS lost,
              (SELECT e.kind FROM entitlements e WHERE e.scope = c.scope AND e.token = c.token) AS kind,
              k.device AS issuer,
              NOT EXISTS (SELECT 1 FROM entitlements e WHERE e.scope = c.scope AND e.token = c.token) AS unissued
         FROM entitlementClaims c LEFT JOIN claimOutcomes o USING (scope, token, redemption)
         LEFT JOIN (SELECT keyId, max(device) AS device FROM devices_history GROUP BY keyId) k ON k.keyId = c.issuerKeyId
        WHERE NOT EXISTS (SELECT 1 FROM claimReleases r WHERE r.scope = c.scope AND r.token = c.token AND r.redemption = c.redemption)
     ), ends AS (
       SELECT token, redemption, currency FROM handed WHERE minor <> 0 UNION SELECT token, redemption, currency FROM claimed
     )
     SELECT e.token, e.redemption, e.currency, coalesce(h.device, c.device) AS device, coalesce(h.minor, 0) AS handedMinor,
            coalesce(c.minor, 0) AS claimedMinor, coalesce(c.lost, 0) AS lostMinor, coalesce(c.unissued, 0) AS unissued,
            coalesce(c.device, '') AS claimant, coalesce(h.goods <> c.goods OR h.kind <> c.kind, 0) AS isOther, coalesce(c.issuer, c.device, '') AS issuer
       FROM ends e LEFT JOIN handed h USING (token, redemption, currency) LEFT JOIN claimed c USING (token, redemption, currency)
      ORDER BY e.token, e.redemption, e.currency`,
    [],
  );
  const found = rows.flatMap((row) => {
    const [handedMinor, claimedMinor] = [Number(row['handedMinor']), Number(row['claimedMinor'])];
    const lostMinor = Number(row['lostMinor']);
    const kinds: EntitlementAlarmKind[] = [];
    if (claimedMinor === 0) kinds.push('unclaimed');
    else if (handedMinor === 0) kinds.push('unredeemed');
    else if (handedMinor !== claimedMinor || row['isOther'] === 1) kinds.push('differs');
    if (row['unissued'] === 1) kinds.push('unissued');
    else if (lostMinor !== 0) kinds.push('lost');
    const facts = {
      token: String(row['token']),
      redemption: String(row['redemption']),
      claimant: String(row['claimant']),
      currency: String(row['currency']),
      handedMinor,
      claimedMinor,
      lostMinor,
    };
    return kinds.map((kind) => ({
      kind,
      device: String(row[kind === 'unissued' ? 'issuer' : 'device']),
      ...facts,
    }));
  });
  return [...found, ...issuedTwice(book)];
}

/** A scope does not read another while it folds, so each took the issue for the first. By their ids the earlier is the one that counts. */
function issuedTwice(book: EntitlementReader): readonly EntitlementAlarm[] {
  const rows = book.query(
    `SELECT e.token, e.currency, e.device FROM entitlements e
      WHERE EXISTS (SELECT 1 FROM entitlements f WHERE f.token = e.token AND f.scope <> e.scope AND f.op < e.op)
      ORDER BY e.token, e.op`,
    [],
  );
  return rows.map((row) => ({
    kind: 'issued-twice',
    token: String(row['token']),
    redemption: '',
    device: String(row['device']),
    claimant: '',
    currency: String(row['currency']),
    handedMinor: 0,
    claimedMinor: 0,
    lostMinor: 0,
  }));
}
