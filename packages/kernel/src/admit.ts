/**
 * The door for records from outside: strict decoding, hashes, links, one signature a run (DESIGN section 3). What passes may be stored; what
 * does not is answered with a code and kept aside. Nothing here folds.
 */
import {
  type Hasher,
  openRecord,
  type RunsReport,
  type Unaccepted,
  type VerifyRecord,
  verifyRuns,
} from '@tallystick/chain';
import type { ChainHead, DeviceId, LogStore, Op, OpHash, OpRecord } from '@tallystick/oplog';
import { decodeHex } from '@tallystick/oplog';
import { createRecordVerifier, type Ed25519 } from '@tallystick/sign';
import type { BookId, KeyId } from '@tallystick/oplog';
import { bookOpen, deviceEnroll } from './builtin.ts';
import type { SqlDriver } from './driver.ts';

/** SHA-256 and Ed25519 as this platform has them. */
export interface CryptoProvider {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
}

export interface Admission {
  /** Linked and covered by a valid signature, in an order in which each op follows those it links to. */
  readonly accepted: readonly OpRecord[];
  /** Linked to the book but on a second branch of their chain. */
  readonly forks: number;
  readonly notAccepted: readonly Unaccepted[];
  readonly known: number;
  readonly verified: number;
}

export interface Undecodable {
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

interface Enrolment {
  readonly key: Uint8Array;
  readonly enrolment: OpHash;
}

/** Opens wire records strictly; those that are no records are answered by their index. */
export function openRecords(
  frames: readonly Uint8Array[],
  hasher: Hasher,
): { records: OpRecord[]; undecodable: Undecodable[] } {
  const records: OpRecord[] = [];
  const undecodable: Undecodable[] = [];
  frames.forEach((frame, index) => {
    const opened = openRecord(frame, hasher);
    if (opened.ok) records.push(opened.value);
    else undecodable.push({ index, code: opened.code, message: opened.message });
  });
  return { records, undecodable };
}

/** Who may write into this book as far as the stored ops say, whatever their verdicts: the keys under which signatures are checked. */
export class Admitter {
  readonly #book: BookId;
  readonly #log: LogStore;
  readonly #driver: SqlDriver;
  readonly #verify: VerifyRecord;
  readonly #enrolments = new Map<string, Enrolment>();

  constructor(book: BookId, log: LogStore, driver: SqlDriver, crypto: CryptoProvider) {
    this.#book = book;
    this.#log = log;
    this.#driver = driver;
    const publicKeyOf = (keyId: KeyId, device: DeviceId): Uint8Array | undefined =>
      (keyId as string) === device ? this.#enrolments.get(device)?.key : undefined;
    this.#verify = createRecordVerifier({ book, ed25519: crypto.ed25519, publicKeyOf });
    this.load();
  }

  /** Reads the enrolments of the stored ops. */
  load(): void {
    this.#enrolments.clear();
    for (const [device, key, enrolment] of this.#driver
      .prepare('SELECT device, key, enrolment FROM enrolments')
      .iterate([])) {
      this.#enrolments.set(device as string, {
        key: decodeHex(key as string),
        enrolment: enrolment as OpHash,
      });
    }
  }

  /** The op that enrolled a device, whatever its verdict. */
  enrolmentOf(device: DeviceId): OpHash | undefined {
    return this.#enrolments.get(device)?.enrolment;
  }

  /** Remembers who is enrolled by these stored ops. Runs in the transaction that stores or folds them. */
  remember(records: readonly OpRecord[]): void {
    for (const { device, key, enrolment } of this.#learn(records)) {
      this.#driver
        .prepare('INSERT OR IGNORE INTO enrolments (device, key, enrolment) VALUES (?, ?, ?)')
        .run([device, key, enrolment]);
    }
  }

  /** Checks records against what is stored and against each other. An enrolment counts once its own signature is good. */
  async admit(records: readonly OpRecord[], every = false): Promise<Admission> {
    const accepted: OpRecord[] = [];
    const ops = new Map<OpHash, Op>();
    const heads = new Map<string, ChainHead>();
    let report: RunsReport | undefined;
    let open = records;
    let forks = 0;
    let known = 0;
    let verified = 0;
    const learned: string[] = [];
    // Each round admits what the enrolments of the round before made checkable; it ends when a round enrols nobody new.
    for (let round = 0; round <= records.length; round++) {
      report = await verifyRuns(open, {
        headOf: (device, scope) => heads.get(`${scope} ${device}`) ?? this.#log.head(device, scope),
        enrolmentOf: (device) => this.#enrolments.get(device)?.enrolment,
        has: (hash) => ops.has(hash) || this.#log.has(hash),
        opOf: async (hash) => ops.get(hash) ?? (await this.#log.get(hash))?.record.op,
        verify: this.#verify,
        every,
      });
      forks += report.forks.length;
      known += report.known.length;
      verified += report.verified;
      for (const record of report.accepted) {
        accepted.push(record);
        ops.set(record.hash, record.op);
        const name = `${record.op.scope} ${record.op.device}`;
        if ((heads.get(name)?.seq ?? 0) < record.op.seq) heads.set(name, { seq: record.op.seq, hash: record.hash });
      }
      const fresh = this.#learn(report.accepted);
      learned.push(...fresh.map(({ device }) => device));
      if (fresh.length === 0) break;
      open = report.waiting.map((entry) => entry.record);
      if (open.length === 0) break;
    }
    // What is only admitted may still fail to be stored; `remember` learns it again when it is.
    for (const device of learned) this.#enrolments.delete(device);
    return { accepted, forks, notAccepted: [...(report?.refused ?? []), ...(report?.waiting ?? [])], known, verified };
  }

  #learn(records: readonly OpRecord[]): { device: DeviceId; key: string; enrolment: OpHash }[] {
    const fresh: { device: DeviceId; key: string; enrolment: OpHash }[] = [];
    for (const record of records) {
      const enrolled = enrolledBy(record, this.#book);
      if (enrolled === undefined || this.#enrolments.has(enrolled.device)) continue;
      this.#enrolments.set(enrolled.device, { key: decodeHex(enrolled.key), enrolment: record.hash });
      fresh.push({ ...enrolled, enrolment: record.hash });
    }
    return fresh;
  }
}

/** The device that an op brings into the book, whether or not its author may: the fold decides that. */
export function enrolledBy(record: OpRecord, book: BookId): { device: DeviceId; key: string } | undefined {
  const { op, hash } = record;
  const key = op.args['key'];
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) return undefined;
  if (op.verb === bookOpen.ref && op.prev === undefined && (hash as string) === book) return { device: op.device, key };
  const device = op.args['device'];
  return op.verb === deviceEnroll.ref && typeof device === 'string' ? { device: device as DeviceId, key } : undefined;
}
