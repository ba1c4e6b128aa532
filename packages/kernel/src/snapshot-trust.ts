/**
 * Whether a snapshot may be believed (DESIGN section 5): two devices, one not its author, attested what it says of every scope. The proof beside it holds
 * those certificates and the ops that brought their authors into the book, up to its first op, whose hash is the book's id.
 */
import { type BookId, decodeBundle, encodeBundle, type OpHash, type OpRecord } from '@tallystick/oplog';
import { createRecordVerifier, type Role } from '@tallystick/sign';
import { type CryptoProvider, openRecords } from './admit.ts';
import { bookAttest, bookOpen, certificates, deviceEnroll } from './builtin.ts';
import { enrolledBy, Enrolments } from './enrolments.ts';
import type { Replica } from './replica.ts';
import { MANIFEST, openManifest, PROOF, type SnapshotManifest } from './snapshot.ts';
import type { SnapshotSource } from './snapshot-start.ts';

/** `untrusted` until two devices attested it, or a replay of the log from its first op came to the same (`audited`). */
export type SnapshotTrust = 'untrusted' | 'certified' | 'audited';

export interface TrustNote {
  /** Of the manifest's first line. */
  readonly hash: string;
  readonly device: string;
  readonly trust: SnapshotTrust;
}

const META_SNAPSHOT = 'snapshot';

export function readTrust({ log }: Replica): TrustNote | undefined {
  const text = log.meta(META_SNAPSHOT);
  if (text === undefined) return undefined;
  const [trust, hash = '', device = ''] = text.split(' ');
  return { trust: trust as SnapshotTrust, hash, device };
}

export async function noteTrust({ log }: Replica, { trust, hash, device }: TrustNote): Promise<void> {
  await log.setMeta(META_SNAPSHOT, `${trust} ${hash} ${device}`);
}

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
  const proven = await provenRecords(records, manifest.book, crypto);
  const isCertified = manifest.scopes.every((scope) => {
    const devices = new Set(proven.filter((record) => says(record, scope)).map(({ op }) => op.device));
    return devices.size >= 2 && [...devices].some((device) => device !== manifest.device);
  });
  return isCertified ? 'certified' : 'untrusted';
}

function says(
  { op }: OpRecord,
  { scope, size, root, marked, manifest, digest }: SnapshotManifest['scopes'][number],
): boolean {
  if (op.verb !== bookAttest.ref || op.scope !== scope) return false;
  const claim: Readonly<Record<string, unknown>> = { scope, size, root, marked, manifest, digest };
  return Object.entries(claim).every(([name, value]) => op.args[name] === value);
}

/** Those whose own signature is good, by devices that somebody who might do so enrolled, back to the op that opened the book. */
async function provenRecords(
  records: readonly OpRecord[],
  book: BookId,
  crypto: CryptoProvider,
): Promise<readonly OpRecord[]> {
  const enrolments = new Enrolments();
  const roles = new Map<string, Role>();
  const verify = createRecordVerifier({
    book,
    ed25519: crypto.ed25519,
    publicKeyOf: (keyId, device) => (roles.has(device) ? enrolments.keyOf(device, keyId) : undefined),
  });
  const proven = new Set<OpRecord>();
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const record of records) {
      if (proven.has(record) || !(await verify(record))) continue;
      proven.add(record);
      isNews = true;
      if (record.op.verb === deviceEnroll.ref && !deviceEnroll.roles.includes(roles.get(record.op.device) as Role))
        continue;
      const enrolled = enrolledBy(record, book, crypto.hasher);
      if (enrolled === undefined) continue;
      enrolments.add(enrolled);
      if (record.op.verb === bookOpen.ref) roles.set(enrolled.device, 'owner');
      else if (record.op.verb === deviceEnroll.ref) roles.set(enrolled.device, record.op.args['role'] as Role);
    }
  }
  return [...proven];
}

/** The proof of a snapshot of this book, as far as its certificates have come and the ops behind them are stored here. */
export async function proofOf(replica: Replica, from: SnapshotSource): Promise<Uint8Array | undefined> {
  const { log, sql, crypto, book } = replica;
  const bytes = await from.load(MANIFEST);
  if (bytes === undefined || book === undefined) return undefined;
  const { manifest } = await openManifest(bytes, book, crypto);
  const found = new Map<OpHash, OpRecord>();
  const devices: string[] = [];
  const take = async (hash: OpHash): Promise<void> => {
    const record = found.has(hash) ? undefined : (await log.get(hash))?.record;
    if (record === undefined) return;
    found.set(hash, record);
    devices.push(record.op.device);
  };
  const wanted = sql.prepare(`SELECT op FROM ${certificates.name} WHERE scope = ? AND size = ? AND digest = ?`);
  const named = manifest.scopes.flatMap(({ scope, size, digest }) => [...wanted.iterate([scope, size, digest])]);
  for (const [hash] of named) await take(hash as OpHash);
  const brought = sql.prepare('SELECT enrolment FROM enrolments WHERE device = ? ORDER BY enrolment');
  for (let device = devices.pop(); device !== undefined; device = devices.pop()) {
    const hashes = [...brought.iterate([device])].map(([hash]) => hash as OpHash);
    for (const hash of hashes) await take(hash);
  }
  return encodeBundle([...found.values()]);
}
