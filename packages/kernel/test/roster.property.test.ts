/** A relay's roster and the kernel's fold read the same history of keys and devices: who may write where, how each stands, and under which key. */
import { openBook } from '@tallystick/kernel';
import type { DeviceId, Scope } from '@tallystick/oplog';
import type { createRoster } from '@tallystick/sign/roster';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { provenDigest, type ShopBook } from './fleet.ts';
import { fileOf } from './records.ts';
import { memoryKeys, shopVerbs, stores, testEdge } from './shop.ts';
import { play, type Stage, type Step, step } from './stage.ts';

const at = (verb: Step['verb'], by: number, about: number, more: Partial<Step> = {}): Step => ({
  verb,
  by,
  about,
  inBranch: false,
  dice: 3,
  ...more,
});
/**
 * Device 0 is the root and lower than 1 in the list of recovery keys; 2 manages, 3 is a till, 4 manages the branch. An overruling with dice 0 is of the
 * newest act. Enrolled with dice 4 a device is an owner.
 */
const examples: [Step[], boolean][] = [
  [
    [at('revoke', 0, 1), at('overrule', 1, 0, { dice: 0 }), at('enroll', 0, 5), at('overrule', 1, 0, { dice: 0 })],
    true,
  ],
  [
    [at('policy', 0, 0), at('overrule', 1, 0, { dice: 0 }), at('rotate', 2, 0), at('overrule', 1, 0, { dice: 0 })],
    true,
  ],
  [[at('admit', 0, 5, { inBranch: true }), at('rotate', 5, 5, { inBranch: true }), at('revoke', 0, 5)], false],
  [
    [at('enroll', 0, 5, { dice: 5 }), at('day', 0, 0, { dice: 8 }), at('revoke', 5, 3), at('day', 3, 0, { dice: 1 })],
    false,
  ],
  // Barred by `hq`, enrolled in the branch all the same, and let back.
  [[at('revoke', 0, 5), at('enroll', 0, 5, { inBranch: true }), at('overrule', 1, 0, { dice: 0 })], true],
  [[at('revoke', 0, 5), at('enroll', 0, 5, { inBranch: true })], true],
  [[at('recovery', 0, 1, { dice: 1 }), at('overrule', 1, 0, { dice: 0 })], true],
  // Revoked by two, and one of them taken back.
  [
    [
      at('enroll', 0, 5, { dice: 4 }),
      at('revoke', 5, 0),
      at('revoke', 1, 0),
      at('overrule', 0, 0, { dice: 1 }),
      at('day', 3, 0),
    ],
    true,
  ],
];

/** What the kernel says of each device: where it may write, as what, and how it stands there as of the last mark. */
function foldedStandings(book: ShopBook): readonly (readonly unknown[])[] {
  const rows = book.query(
    `SELECT d.scope, d.device, d.role, d.enrolment, CASE
       WHEN d.status = 'revoked' OR (d.scope <> 'hq' AND r.status = 'revoked') THEN 'revoked'
       WHEN d.untilDay <> '' AND (SELECT max(day) FROM businessDays b WHERE b.scope IN ('hq', d.scope)) > d.untilDay THEN 'expired'
       ELSE 'active' END AS standing
     FROM devices d LEFT JOIN revocations r ON r.scope = 'hq' AND r.device = d.device
     ORDER BY d.scope, d.enrolment`,
  );
  return rows.map((row) => Object.values(row));
}

function relayedStandings(roster: ReturnType<typeof createRoster>): readonly (readonly unknown[])[] {
  const rows = roster
    .devices()
    .map(({ id, scope, role, enrolment }) => [scope, id, role, enrolment, roster.standing(id, scope)]);
  return rows.sort((a, b) => (`${a[0]} ${a[3]}` < `${b[0]} ${b[3]}` ? -1 : 1));
}

/** What a device that `hq` had revoked let in elsewhere, of which the kernel with a newer mark knows nothing. */
function isProvisional(row: readonly unknown[], roster: ReturnType<typeof createRoster>): boolean {
  const member = roster.get(row[1] as DeviceId, row[0] as Scope);
  return (member as { isProvisional?: boolean } | undefined)?.isProvisional === true;
}

/** By trying all keys of all devices in all their chains: exactly the one in force is taken. */
async function checkKeys(stage: Stage, book: ShopBook): Promise<void> {
  for (const row of book.query('SELECT scope, device, keyId FROM chains ORDER BY scope, device')) {
    const actor = stage.actors.find(({ keys }) => keys[0]?.device === row['device']);
    for (const key of actor?.keys ?? []) {
      const record = await stage.craft(key, 'stock.move@1', row['scope'] as Scope, () => ({ sku: 'tea', quantity: 1 }));
      expect(await stage.push(record), `${String(row['scope'])} ${key.keyId}`).toBe(key.keyId === row['keyId']);
    }
  }
}

describe('roster and fold', () => {
  it('agree about devices, standings and keys in every history', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 24 }), fc.boolean(), async (steps, withRecovery) => {
        const stage = await play(steps, withRecovery);
        const options = { keys: memoryKeys(), verbs: shopVerbs, edge: testEdge(5), book: stage.book };
        const book = await openBook({ store: stores['better-sqlite3'](), ...options, replicate: 'all' });
        await book.sync(stage.client);
        const folded = foldedStandings(book);
        const roster = stage.roster();
        const relayed = relayedStandings(roster);
        // In a branch the relay lets in what a revoked device of `hq` enrols there, as revoked: replicas with an older mark may count it.
        expect(relayed.filter((row) => !isProvisional(row, roster))).toEqual(folded);
        // What the relay would not take lets nobody in either.
        await book.import(fileOf(book, stage.refused));
        expect(foldedStandings(book)).toEqual(folded);
        await provenDigest(book);
        await checkKeys(stage, book);
        for (const [, , , , standing] of folded) seen.add(String(standing));
        for (const row of book.query('SELECT kind FROM keyActs a JOIN overrules o ON o.act = a.hash'))
          seen.add(`overruled ${String(row['kind'])}`);
        await book.close();
      }),
      { numRuns: 20, seed: 1, examples },
    );
    const wanted = [
      'active',
      'expired',
      'overruled enroll',
      'overruled policy',
      'overruled recovery',
      'overruled revoke',
      'overruled rotate',
      'revoked',
    ];
    expect([...seen].sort()).toEqual(wanted);
  });
});
