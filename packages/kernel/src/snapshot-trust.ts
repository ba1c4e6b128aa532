/**
 * Whether a snapshot may be believed (DESIGN section 5): two devices that may attest, one not its author, attested what it says of every scope. The proof
 * beside it holds those certificates and every op that brought a key which the manifest names, up to the book's first, whose hash is the book's id.
 */
import { type BookId, encodeHex, type OpHash, type OpRecord } from '@tallystick/oplog';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { createRecordVerifier, judgeEnrolment, type Role } from '@tallystick/sign';
import { openRecords } from './admit.ts';
import type { CryptoProvider } from './admitter.ts';
import { bookAttest, bookOpen, certificates } from './builtin.ts';
import { enrolledBy } from './enrolled-by.ts';
import { type Enrolment, Enrolments } from './enrolments.ts';
import { HQ } from './genesis.ts';
import type { Replica } from './replica.ts';
import { MANIFEST, openManifest, PROOF, type SnapshotManifest } from './snapshot.ts';
import type { SnapshotSource } from './snapshot-start.ts';
import { noteTrust, readTrust } from './trust-note.ts';

/** `untrusted` until two devices attested it, or a replay of the log from its first op came to the same (`audited`). */
export type SnapshotTrust = 'untrusted' | 'certified' | 'audited';

/** The log was folded from its first op on, and every row is as it says. */
export async function noteAudit(replica: Replica): Promise<void> {
  const note = readTrust(replica);
  if (note?.trust === 'untrusted') await noteTrust(replica, { ...note, trust: 'audited' });
}

export async function judgeTrust(
  manifest: SnapshotManifest,
  from: SnapshotSource,
  crypto: CryptoProvider,
): Promise<SnapshotTrust> {
  const bytes = await from.load(PROOF);
  if (bytes === undefined) return 'untrusted';
  const { records } = openRecords(decodeBundle(bytes).frames, crypto.hasher);
  const { proven, brought } = await provenRecords(records, manifest.book, crypto);
  const roles = rolesIn(proven, brought);
  const mayAttest = (device: string, scope: string): boolean => {
    const role = roleIn(roles, device, scope);
    return role !== undefined && bookAttest.roles.includes(role);
  };
  // The certificates say nothing of keys: each must come from the very op that the manifest names.
  const keys = new Set([...brought.values()].map((enrolment) => JSON.stringify(entryOf(enrolment))));
  const areKeysProven = manifest.enrolments.every((entry) => keys.has(JSON.stringify(entry)));
  const isAuthored = manifest.scopes.some(({ scope }) => mayAttest(manifest.device, scope));
  const isAttested = manifest.scopes.every((claim) => {
    const attests = proven.filter((record) => says(record, claim) && mayAttest(record.op.device, claim.scope));
    const devices = new Set(attests.map(({ op }) => op.device));
    return devices.size >= 2 && [...devices].some((device) => device !== manifest.device);
  });
  return areKeysProven && isAuthored && isAttested ? 'certified' : 'untrusted';
}

function entryOf({ device, keyId, publicKey, hash, isRoot }: Enrolment): SnapshotManifest['enrolments'][number] {
  return [device, keyId, encodeHex(publicKey), hash, isRoot ? 1 : 0];
}

function says(
  { op }: OpRecord,
  { scope, size, root, marked, manifest, digest }: SnapshotManifest['scopes'][number],
): boolean {
  if (op.verb !== bookAttest.ref || op.scope !== scope) return false;
  const claim: Readonly<Record<string, unknown>> = { scope, size, root, marked, manifest, digest };
  return Object.entries(claim).every(([name, value]) => op.args[name] === value);
}

/** The keys that these records bring into the book, back to the op that opened it: whose signatures on anything else may be checked. */
export async function provenKeys(
  records: readonly OpRecord[],
  book: BookId,
  crypto: CryptoProvider,
): Promise<readonly Pick<Enrolment, 'device' | 'keyId' | 'publicKey'>[]> {
  const bringing = records.filter((record) => enrolledBy(record, book, crypto.hasher) !== undefined);
  return [...(await provenRecords(bringing, book, crypto)).brought.values()];
}

interface Proven {
  readonly proven: readonly OpRecord[];
  /** What those of them that bring a key bring. */
  readonly brought: ReadonlyMap<OpRecord, Enrolment>;
}

/** Those whose own signature is good, by a key that another of them brought, back to the op that opened the book. */
async function provenRecords(records: readonly OpRecord[], book: BookId, crypto: CryptoProvider): Promise<Proven> {
  const enrolments = new Enrolments();
  const verify = createRecordVerifier({
    book,
    ed25519: crypto.ed25519,
    publicKeyOf: (keyId, device) => enrolments.keyOf(device, keyId),
  });
  const proven = new Set<OpRecord>();
  const brought = new Map<OpRecord, Enrolment>();
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const record of records) {
      if (proven.has(record) || !(await verify(record))) continue;
      proven.add(record);
      isNews = true;
      const enrolment = enrolledBy(record, book, crypto.hasher);
      if (enrolment === undefined) continue;
      enrolments.add(enrolment);
      brought.set(record, enrolment);
    }
  }
  return { proven: [...proven], brought };
}

/** By scope and device: the role under which somebody who might do so let it in. */
function rolesIn(proven: readonly OpRecord[], brought: ReadonlyMap<OpRecord, Enrolment>): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>();
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const record of proven) {
      const { op } = record;
      const enrolment = brought.get(record);
      const name = `${op.scope} ${enrolment?.device}`;
      if (enrolment?.isRoot !== true || roles.has(name)) continue;
      const isGenesis = op.verb === bookOpen.ref;
      const role = isGenesis ? 'owner' : (op.args['role'] as Role);
      if (!isGenesis && judgeEnrolment(roleIn(roles, op.device, op.scope), { role }) !== undefined) continue;
      roles.set(name, role);
      isNews = true;
    }
  }
  return roles;
}

/** A device of `hq` writes in every scope, one that another scope let in only there. */
function roleIn(roles: ReadonlyMap<string, Role>, device: string, scope: string): Role | undefined {
  return roles.get(`${scope} ${device}`) ?? roles.get(`${HQ} ${device}`);
}

/**
 * The proof of a snapshot of this book, as far as its certificates have come, and the ops behind them are stored here or stand in the earlier proof in
 * the same place: a log that begins later lacks those that brought the first keys.
 */
export async function proofOf(replica: Replica, from: SnapshotSource): Promise<Uint8Array | undefined> {
  const { log, sql, crypto, book } = replica;
  const bytes = await from.load(MANIFEST);
  if (bytes === undefined || book === undefined) return undefined;
  const { manifest } = await openManifest(bytes, book, crypto);
  const earlier = decodeBundle((await from.load(PROOF)) ?? new Uint8Array()).frames;
  const earlierByHash = new Map(openRecords(earlier, crypto.hasher).records.map((record) => [record.hash, record]));
  const found = new Map<OpHash, OpRecord>();
  const devices: string[] = [];
  const take = async (hash: OpHash): Promise<void> => {
    const record = found.has(hash) ? undefined : ((await log.get(hash))?.record ?? earlierByHash.get(hash));
    if (record === undefined) return;
    found.set(hash, record);
    devices.push(record.op.device);
  };
  const wanted = sql.prepare(`SELECT op FROM ${certificates.name} WHERE scope = ? AND size = ? AND digest = ?`);
  const named = manifest.scopes.flatMap(({ scope, size, digest }) => [...wanted.iterate([scope, size, digest])]);
  for (const [hash] of named) await take(hash as OpHash);
  for (const [, , , hash] of manifest.enrolments) await take(hash as OpHash);
  const brought = sql.prepare('SELECT enrolment FROM enrolments WHERE device = ? ORDER BY enrolment');
  for (let device = devices.pop(); device !== undefined; device = devices.pop()) {
    const hashes = [...brought.iterate([device])].map(([hash]) => hash as OpHash);
    for (const hash of hashes) await take(hash);
  }
  return encodeBundle([...found.values()]);
}
