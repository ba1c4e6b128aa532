/**
 * Reading a stored log while believing none of it: every record is decoded strictly, hashed, linked and covered by a signature, and each scope's
 * Merkle root is computed again. What does not verify is named; pages that do are handed on.
 */
import { createTree, leafHash } from '@tallystick/chain';
import {
  type BookId,
  type ChainHead,
  decodeHex,
  type DeviceId,
  type KeyId,
  type LogStore,
  type OpRecord,
  orderTail,
  type Scope as ScopeName,
  type Tip,
} from '@tallystick/oplog';
import { createRecordVerifier } from '@tallystick/sign';
import { verifyRuns } from '@tallystick/chain';
import { type CryptoProvider, enrolledBy, openRecords } from './admit.ts';
import { HQ } from './genesis.ts';

export interface LogProblem {
  readonly scope: string;
  /** Position in the scope's log, or undefined for a pending op. */
  readonly position: number | undefined;
  readonly hash: string;
  readonly code: string;
  readonly message: string;
}

export interface VerifyOptions {
  /** Check each op's own signature instead of one a run. */
  readonly every?: boolean;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly ops: number;
  /** Signatures checked. */
  readonly signatures: number;
  /** The first problem is the first broken op of its scope. */
  readonly problems: readonly LogProblem[];
}

/** Records of one scope that verify: with `tip` the next of its settled prefix, without it its pending ops in order. */
export interface VerifiedPage {
  readonly scope: ScopeName;
  readonly records: readonly OpRecord[];
  readonly tip: Tip | undefined;
}

const PAGE = 2000;

export class VerifiedLog {
  readonly problems: LogProblem[] = [];
  ops = 0;
  signatures = 0;
  readonly #log: LogStore;
  readonly #crypto: CryptoProvider;
  readonly #every: boolean;
  readonly #book: BookId;
  readonly #heads = new Map<string, ChainHead>();
  readonly #enrolments = new Map<string, { readonly key: Uint8Array; readonly hash: OpRecord['hash'] }>();

  constructor(log: LogStore, crypto: CryptoProvider, options: VerifyOptions = {}) {
    this.#log = log;
    this.#crypto = crypto;
    this.#every = options.every ?? false;
    this.#book = (log.meta('book') ?? '') as BookId;
  }

  /** Settled prefixes first, `hq` before the scopes that mark it, then the pending ops. A broken scope ends at its first problem. */
  async *pages(): AsyncGenerator<VerifiedPage> {
    const scopes = [...this.#log.scopes()].sort((a, b) => (a === HQ ? -1 : b === HQ ? 1 : a < b ? -1 : 1));
    for (const scope of scopes) yield* this.#settledPages(scope);
    for (const scope of scopes) {
      const records = await this.#check(orderTail(await this.#log.pending(scope)), scope, undefined);
      if (records.length > 0) yield { scope, records, tip: undefined };
    }
  }

  async *#settledPages(scope: ScopeName): AsyncGenerator<VerifiedPage> {
    const { hasher } = this.#crypto;
    const tip = this.#log.tip(scope);
    const tree = createTree(hasher);
    while (tree.size < tip.size) {
      const position = tree.size;
      const page = await this.#log.settled(scope, position, Math.min(PAGE, tip.size - position));
      const records = await this.#check(page, scope, position);
      for (const record of records) tree.append(leafHash(record.bytes, hasher));
      const note = tree.size === tip.size ? tip.note : '';
      if (records.length > 0) yield { scope, records, tip: { size: tree.size, frontier: tree.frontier(), note } };
      if (page.length === 0)
        this.#problem(scope, position, '', 'log/missing', `no record at position ${position} of ${tip.size}`);
      if (page.length === 0 || records.length < page.length) return;
    }
    if (tree.frontier().join() !== tip.frontier.join()) {
      this.#problem(
        scope,
        undefined,
        '',
        'log/root',
        `the first ${tip.size} records do not have the tree that is recorded`,
      );
    }
  }

  /** Answers the records that verify. In a settled page nothing after the first bad one counts. */
  async #check(stored: readonly OpRecord[], scope: ScopeName, start: number | undefined): Promise<readonly OpRecord[]> {
    const place = (index: number): number | undefined => (start === undefined ? undefined : start + index);
    const { records, undecodable } = openRecords(
      stored.map((record) => record.bytes),
      this.#crypto.hasher,
    );
    for (const { index, code, message } of undecodable)
      this.#problem(scope, place(index), stored[index]?.hash ?? '', code, message);
    const bad = new Set(undecodable.map(({ index }) => index));
    const claimed = stored.filter((_record, index) => !bad.has(index));
    const true_ = records.filter((record, index) => {
      const claim = claimed[index] as OpRecord;
      if (record.hash === claim.hash && record.op.scope === scope) return true;
      this.#problem(
        scope,
        place(stored.indexOf(claim)),
        claim.hash,
        'log/hash',
        `what is stored under this hash is op ${record.hash} of scope ${record.op.scope}`,
      );
      return false;
    });
    const accepted = await this.#verify(true_, (record, code, message) => {
      this.#problem(scope, place(stored.findIndex((claim) => claim.hash === record.hash)), record.hash, code, message);
    });
    this.ops += accepted.size;
    const good = true_.filter((record) => accepted.has(record));
    if (start === undefined) return good;
    const broken = stored.findIndex((claim) => !good.some((record) => record.hash === claim.hash));
    return good.length === stored.length ? good : good.slice(0, Math.max(0, broken));
  }

  async #verify(
    records: readonly OpRecord[],
    report: (record: OpRecord, code: string, message: string) => void,
  ): Promise<Set<OpRecord>> {
    const accepted = new Set<OpRecord>();
    let open = records;
    for (let round = 0; round <= records.length && open.length > 0; round++) {
      const runs = await verifyRuns(open, {
        headOf: (device, scope) => this.#heads.get(`${scope} ${device}`),
        enrolmentOf: (device) => this.#enrolments.get(device)?.hash,
        has: (hash) => this.#log.has(hash),
        opOf: async (hash) => (await this.#log.get(hash))?.record.op,
        verify: createRecordVerifier({
          book: this.#book,
          ed25519: this.#crypto.ed25519,
          publicKeyOf: (key, device) => this.#keyOf(key, device),
        }),
        every: this.#every,
      });
      this.signatures += runs.verified;
      for (const record of runs.accepted) this.#take(record, accepted);
      const isStuck = !runs.accepted.some((record) => enrolledBy(record, this.#book) !== undefined);
      for (const entry of isStuck ? [...runs.refused, ...runs.waiting] : runs.refused)
        report(entry.record, entry.code, entry.message);
      if (isStuck) break;
      open = runs.waiting.map((entry) => entry.record);
    }
    return accepted;
  }

  #take(record: OpRecord, accepted: Set<OpRecord>): void {
    accepted.add(record);
    const { device, scope, seq } = record.op;
    const name = `${scope} ${device}`;
    if ((this.#heads.get(name)?.seq ?? 0) < seq) this.#heads.set(name, { seq, hash: record.hash });
    const enrolled = enrolledBy(record, this.#book);
    if (enrolled !== undefined && !this.#enrolments.has(enrolled.device)) {
      this.#enrolments.set(enrolled.device, { key: decodeHex(enrolled.key), hash: record.hash });
    }
  }

  #keyOf(key: KeyId, device: DeviceId): Uint8Array | undefined {
    return (key as string) === device ? this.#enrolments.get(device)?.key : undefined;
  }

  #problem(scope: string, position: number | undefined, hash: string, code: string, message: string): void {
    this.problems.push({ scope, position, hash, code, message });
  }
}

/** Checks a whole stored log without folding it. */
export async function verifyLog(
  log: LogStore,
  crypto: CryptoProvider,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const verified = new VerifiedLog(log, crypto, options);
  for await (const _page of verified.pages()) continue;
  const { ops, signatures, problems } = verified;
  return { ok: problems.length === 0, ops, signatures, problems };
}
