/**
 * The invariants of a book (DESIGN sections 1, 3, 4, 5 and 7), held against a fleet when everything has come to everybody. The README lists them, each
 * with the planted bug that breaks it.
 */
import { createTree, leafHash, openRecord } from '@tallystick/chain';
import { encodeHex, type OpHash, type OpRecord, type Scope } from '@tallystick/oplog';
import { createRoster, type Roster } from '@tallystick/sign/roster';
import { auditShop } from './audit.ts';
import type { Fleet } from './fleet.ts';
import { replace } from './machine-room.ts';
import { renew } from './people.ts';
import type { Surroundings, World } from './world.ts';

export interface Judged {
  readonly digest: string;
  /** Ops that members were told are safe. */
  readonly acknowledged: number;
}

type Seat = Fleet['members'][number];
type Logs = ReadonlyMap<Scope, readonly OpRecord[]>;

/** The network heals, everybody gets the newer release, everything comes to everybody; then the invariants are asked for. */
export async function judge(world: World, surroundings: Surroundings): Promise<Judged> {
  const { fleet, told, safe } = world;
  await comeToRest(world);
  const digest = judgeAgreement(world);
  for (const member of fleet.members) judgeBooks(member, world.failures);
  const logs = await readRelay(world);
  await judgeOrder(world, logs);
  judgeTips(world, logs);
  const acknowledged = new Set([...safe, ...told.flatMap((hashes) => [...hashes])]);
  judgePromises(world, logs, acknowledged);
  // One member a seed, because folding everything again takes as long as everything before.
  await judgeRows(world, world.seed % fleet.members.length, surroundings);
  return { digest, acknowledged: acknowledged.size };
}

const MAX_ROUNDS = 6;

/** Everybody syncs, and gives everybody a file where the relay alone does not do, until all have the same. */
async function comeToRest(world: World): Promise<void> {
  const { fleet, links, machines } = world;
  for (const machine of machines) machine.crashAfter(Infinity);
  for (const link of links) {
    link.cut({ requests: false, answers: false });
    link.weather(0);
  }
  const notTaken = new Set<string>();
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    notTaken.clear();
    for (const member of fleet.members.keys()) {
      await upgradeWhereNeeded(world, member);
      const { denied, notTaken: left } = await fleet.sync(member);
      for (const { hash, verdict } of left) notTaken.add(`${hash} (${verdict})`);
      // The next round brings it what it may read as the other device.
      if (denied !== undefined) await renew(world, member);
      await replaceWhereStuck(world, member);
    }
    const [first, ...others] = fleet.members.map(standOf);
    if (others.every((stand) => stand === first) && !/"pending":[1-9]/.test(first ?? '')) {
      if (!(await recoverAll(world))) return;
      continue;
    }
    // What the relay does not take comes by file: at first what is stored, then what lay aside somewhere until that came.
    if (round === 2 || round === 3) await fleet.exchange();
    if (round > 3 && others.every((stand) => stand === first)) return;
  }
  world.failures.push(
    `the fleet does not come to rest: ${fleet.members.map(standOf).join(' ')}, not taken: ${[...notTaken].join()}`,
  );
}

async function upgradeWhereNeeded({ fleet, isUpgraded }: World, member: number): Promise<void> {
  if (isUpgraded[member] === true || fleet.book(member).status().lacking.length === 0) return;
  isUpgraded[member] = true;
  await fleet.reopen(member);
}

/** Each member adopts what the device that it replaces did without effect. False when nothing waits. */
async function recoverAll({ fleet, told }: World): Promise<boolean> {
  let hasRecovered = false;
  for (const [member, { book }] of fleet.members.entries())
    for (const commit of await book.recoverAll()) {
      if (!commit.ok) continue;
      told[member]?.add(commit.hash);
      hasRecovered = true;
    }
  return hasRecovered;
}

/**
 * A log that begins later cannot check a mark of `hq` from before that, which somebody who was away may bring (decision 019): a newer snapshot, of a
 * member that has folded the mark, helps.
 */
async function replaceWhereStuck(world: World, member: number): Promise<void> {
  const { fleet } = world;
  const stopsOf = (index: number) =>
    fleet
      .book(index)
      .status()
      .scopes.flatMap(({ stop }) => stop?.code ?? []);
  if (!stopsOf(member).includes('kernel/needs-hq')) return;
  // Whoever makes the snapshot must be folded to the end of what there is by then.
  for (const other of fleet.members.keys()) {
    if (other === member) continue;
    await fleet.sync(other);
    await upgradeWhereNeeded(world, other);
  }
  const from = [...fleet.members.keys()].find((other) => stopsOf(other).length === 0);
  if (from !== undefined) await replace(world, member, from);
}

function standOf({ book }: Seat): string {
  const held = book.status().scopes.filter(({ settled, pending, waiting }) => settled + pending + waiting > 0);
  return JSON.stringify(held.map(({ scope, settled, pending, waiting }) => ({ scope, settled, pending, waiting })));
}

/** Everybody folded the same to the same, refusals included, and no two certificates contradict each other. */
function judgeAgreement({ fleet, failures }: World): string {
  const [digest = '', ...others] = fleet.members.map(({ book }) => book.digest().digest);
  for (const [index, other] of others.entries())
    if (other !== digest) failures.push(`${fleet.members[index + 1]?.name} ends in another digest than the office`);
  const [refused, ...refusedElsewhere] = fleet.members.map(({ book }) =>
    JSON.stringify(book.query('SELECT scope, hash, code FROM refusals ORDER BY scope, hash')),
  );
  for (const [index, other] of refusedElsewhere.entries())
    if (other !== refused) failures.push(`${fleet.members[index + 1]?.name} refuses other ops than the office`);
  for (const { name, book } of fleet.members)
    for (const { about } of book.status().disagreements)
      failures.push(`${name} finds certificates that disagree about ${about}`);
  return digest;
}

/** Sums are the sums of what is recorded: ledger, stock, documents. */
function judgeBooks({ name, book }: Seat, failures: string[]): void {
  for (const { rule } of auditShop(book)) failures.push(`${name}: not so that ${rule}`);
  const failed = book.query<{ verb: string }>("SELECT DISTINCT verb FROM refusals WHERE code = 'kernel/verb-failed'");
  for (const { verb } of failed) failures.push(`${name}: ${verb} failed instead of answering`);
}

/** What the relay keeps, read past the kernel. */
async function readRelay({ fleet, relayStore }: World): Promise<Logs> {
  const { id } = fleet.book(0);
  const logs = new Map<Scope, readonly OpRecord[]>();
  for (const { scope, size } of await relayStore.scopes(id)) {
    const opened = (await relayStore.records(id, scope, 0, size)).map((bytes) =>
      openRecord(bytes, fleet.crypto.hasher),
    );
    logs.set(
      scope,
      opened.flatMap((record) => (record.ok ? [record.value] : [])),
    );
  }
  return logs;
}

/** Chains have no gap, an op comes after those it builds on, no id stands twice, and nobody forks but who was copied. */
async function judgeOrder(world: World, logs: Logs): Promise<void> {
  const { fleet, failures, mayFork } = world;
  const honest = new Map(
    fleet.members.flatMap(({ name, book }, member) => (mayFork.has(member) ? [] : [[book.device as string, name]])),
  );
  const roster = rosterOf(world, logs);
  const ids = new Set<string>();
  for (const [scope, records] of logs) {
    const placed = new Set<OpHash>();
    const lastSeqs = new Map<string, number>();
    for (const [position, { op, hash }] of records.entries()) {
      const where = `${scope} at ${position}`;
      const last = lastSeqs.get(op.device) ?? 0;
      if (op.seq > last + 1) failures.push(`${where}: op ${op.seq} of a chain comes after op ${last}`);
      const name = honest.get(op.device);
      if (op.seq <= last && name !== undefined) failures.push(`${where}: ${name} wrote two ops at place ${op.seq}`);
      const before = [...(op.seen?.heads ?? []), ...(op.seq > 1 && op.prev !== undefined ? [op.prev] : [])];
      for (const one of before)
        if (!placed.has(one) && !(await isRootless(fleet, roster, one)))
          failures.push(`${where}: an op comes before one that it builds on`);
      if (ids.has(op.id)) failures.push(`${where}: ${op.id} is the id of two ops`);
      ids.add(op.id);
      placed.add(hash);
      lastSeqs.set(op.device, Math.max(last, op.seq));
    }
  }
}

/** Whom the log of `hq` lets in, told from its bytes alone. */
function rosterOf({ fleet }: World, logs: Logs): Roster {
  const roster = createRoster(fleet.crypto.hasher);
  const lastSeqs = new Map<string, number>();
  for (const [scope, records] of logs)
    for (const record of scope === 'hq' ? records : []) {
      const last = lastSeqs.get(record.op.device) ?? 0;
      roster.apply(record, record.op.seq <= last);
      lastSeqs.set(record.op.device, Math.max(last, record.op.seq));
    }
  return roster;
}

/**
 * Whether the chain of the op begins at nothing that lets its device in, as that of a guest of a member that was revoked and did not know. No log can
 * place it then, and it holds up nobody who had built on it (the relay's gate).
 */
async function isRootless({ members }: Fleet, roster: Roster, hash: OpHash): Promise<boolean> {
  for (const { book } of members) {
    let record = (await book.log.get(hash))?.record;
    while (record?.op.prev !== undefined && record.op.seq > 1) record = (await book.log.get(record.op.prev))?.record;
    const { prev, device, scope } = record?.op ?? {};
    if (device !== undefined && scope !== undefined && prev !== undefined)
      return !roster.isEnrolment(device, prev, scope);
  }
  return false;
}

/** Everybody has the relay's logs to the last op, by size and root. */
function judgeTips({ fleet, failures }: World, logs: Logs): void {
  const { hasher } = fleet.crypto;
  for (const [scope, records] of logs) {
    const tree = createTree(hasher);
    for (const { bytes } of records) tree.append(leafHash(bytes, hasher));
    const want = encodeHex(tree.root());
    for (const { name, book } of fleet.members) {
      const tip = book.log.tip(scope);
      const root = encodeHex(createTree(hasher, tip).root());
      if (root !== want)
        failures.push(`${name} has ${tip.size} ops of ${scope} under another root than the relay's log`);
    }
  }
}

/** What anybody was told is safe has its place, and receipts say which. */
function judgePromises({ fleet, failures }: World, logs: Logs, acknowledged: ReadonlySet<OpHash>): void {
  const positions = new Map<OpHash, number>();
  for (const records of logs.values())
    for (const [position, { hash }] of records.entries()) positions.set(hash, position);
  for (const hash of acknowledged) {
    const position = positions.get(hash);
    if (position === undefined) failures.push(`${hash}, which somebody was told is safe, never got a place`);
    for (const { name, book } of fleet.members) {
      const promised = book.log.receiptPosition(hash);
      if (promised !== undefined && promised !== position)
        failures.push(`a receipt at ${name} gives ${hash} the place ${promised}, and it has ${position}`);
    }
  }
}

/** What a member shows is what its log folds to from nothing, row by row, with every signature and note of the log checked. */
async function judgeRows(world: World, member: number, { openStore }: Surroundings): Promise<void> {
  const { fleet, machines, failures } = world;
  const { name, book } = fleet.members[member] as Seat;
  const fresh = openStore();
  const archives = (await machines[member]?.archives()) ?? [];
  const older = { archives, ...(world.mayFork.has(member) ? { relay: fleet.relay.client() } : {}) };
  const { ok, problems } = await book.prove(fresh, older);
  await fresh.close();
  if (ok) return;
  for (const { table, row, why } of problems.slice(0, 3))
    failures.push(`${name} shows what its log does not: ${table} ${row} ${why}`);
}
