/** Making a snapshot of the settled prefix: one shard per table and scope, and the signed manifest last, so that a place that has it has everything. */
import type { DeviceKey } from '@tallystick/sign';
import { claimOf, isFolded } from './attest.ts';
import { digestOfTables } from './digest.ts';
import { stateTablesOf } from './state-digest.ts';
import type { ImagePlace, SqlDriver } from './driver.ts';
import { KernelError } from './errors.ts';
import type { Replica } from './replica.ts';
import type { Scope } from './scope.ts';
import { encodeShard } from './shard.ts';
import type { Steps } from './steps.ts';
import { encodeManifest, MANIFEST, type Shard, type SnapshotManifest, type SnapshotScope } from './snapshot.ts';
import { settledOnly } from './taking-in.ts';

/** What a snapshot came to. */
export interface SnapshotReport {
  readonly manifest: SnapshotManifest;
  readonly shards: number;
  /** As kept, compressed. */
  readonly bytes: number;
}

/**
 * Saves every scope's settled prefix into `place`. Throws `snapshot/log` where one is not folded to its end, and `kernel/not-enrolled` where nobody could
 * check the signature: by a device that was renewed and that nobody has enrolled yet. Call inside `exclusive`.
 */
export async function saveSnapshot(
  replica: Replica,
  key: DeviceKey,
  at: number,
  place: Pick<ImagePlace, 'save'>,
): Promise<SnapshotReport> {
  const { book, crypto } = replica;
  if (book === undefined) throw new KernelError('kernel/no-book', 'there is no book yet');
  if (replica.admitter.keyOf(key.device, key.keyId) === undefined)
    throw new KernelError(
      'kernel/not-enrolled',
      `device ${key.device} is not enrolled yet: nobody could read its snapshot`,
    );
  await fetchAll(replica);
  let kept = 0;
  const scopes: SnapshotScope[] = [];
  for (const scope of replica.scopes()) {
    const saved = await saveScope(replica, scope, async (name, bytes) => {
      kept += bytes.length;
      await place.save(name, [bytes]);
    });
    if (saved !== undefined) scopes.push(saved);
  }
  const enrolments = replica.sql.prepare(
    'SELECT device, keyId, key, enrolment, isRoot FROM enrolments ORDER BY device, enrolment',
  );
  const manifest: SnapshotManifest = {
    tallystick: 'snapshot/1',
    book,
    device: key.device,
    keyId: key.keyId,
    at,
    enrolments: [...enrolments.iterate([])] as unknown as SnapshotManifest['enrolments'],
    scopes,
  };
  await place.save(MANIFEST, [await encodeManifest(manifest, (message) => key.sign(message), crypto)]);
  return { manifest, shards: scopes.reduce((sum, { shards }) => sum + shards.length, 0), bytes: kept };
}

/** Loads every table that is not here. Call outside a transaction: where everything is here, nothing is written. */
export async function fetchAll(replica: Replica): Promise<void> {
  if (replica.schema.residency.size > 0) await replica.inSteps(() => fetchEach(replica));
}

function* fetchEach(replica: Replica): Steps<void> {
  for (const { scope, table } of replica.schema.residency.absent)
    if (!(yield* replica.fetchTable(scope, table)))
      throw new KernelError(
        'kernel/not-resident',
        `table ${table} of ${scope} is not here, and there is no snapshot to load it from`,
      );
}

async function saveScope(
  replica: Replica,
  { name, folded }: Scope,
  keep: (name: string, bytes: Uint8Array) => Promise<void>,
): Promise<SnapshotScope | undefined> {
  const scope = name as SnapshotScope['scope'];
  const { size, frontier, note } = replica.log.tip(scope);
  if (size === 0) return undefined;
  if (!isFolded(replica, scope))
    throw new KernelError('snapshot/log', `scope ${name} is folded to ${folded} of ${size}`);
  return settledOnly(replica, scope, async (settled) => {
    const shards = await saveShards(replica, name, keep);
    const byName = shards.toSorted((a, b) => (a.table < b.table ? -1 : 1));
    // The same rows have the same digest: they are read once, as shards, and not once more for the claim.
    const tables = Object.fromEntries(byName.map(({ table, digest }) => [table, digest]));
    const claim = claimOf(replica, settled, digestOfTables('state', tables, replica.crypto.hasher));
    const byGravity = byName.sort((a, b) => b.gravity - a.gravity);
    const row = replica.sql.prepare('SELECT lastId FROM scopes WHERE scope = ?').get([name]);
    return { scope, ...claim, frontier, note, lastId: String(row?.[0] ?? ''), shards: byGravity };
  });
}

/** Every table of the scope that has rows, kept; in the order in which they were read. */
async function saveShards(
  replica: Replica,
  scope: string,
  keep: (name: string, bytes: Uint8Array) => Promise<void>,
): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  // One table is read while the one before it is compressed and kept, and no third is held.
  let kept: Promise<void> = Promise.resolve();
  for (const table of stateTablesOf(replica.schema)) {
    const encoded = encodeShard(replica.sql, table, scope, replica.crypto);
    if (encoded === undefined) continue;
    await kept;
    kept = encoded.bytes.then((bytes) => keep(encoded.shard.digest, bytes));
    // Awaited before the next one, and at the end; where another table cannot be read, that is what is thrown.
    kept.catch(() => undefined);
    shards.push({ ...encoded.shard, gravity: gravityOf(replica.sql, table[0], scope) });
  }
  await kept;
  return shards;
}

/** Of a history as of its table. */
function gravityOf(sql: SqlDriver, table: string, scope: string): number {
  const row = sql
    .prepare('SELECT touches FROM gravity WHERE scope = ? AND name = ?')
    .get([scope, table.replace(/_history$/, '')]);
  return Number(row?.[0] ?? 0);
}
