// A shop small enough for a bare worker: opens a book, enrols a till, trades, hands the records over as bytes and admits them
// on the other side. All from fixed seeds and times, so that every platform and provider must come to the same bytes.
import { type Hasher, openRecord, verifyRuns } from '@tallystick/chain';
import {
  type BookId,
  encodeHex,
  type JsonObject,
  type OpHash,
  type OpRecord,
  parseBookId,
  parseOpId,
  parseScope,
  parseVerbRef,
} from '@tallystick/oplog';
import { createMemoryLogStore } from '@tallystick/oplog/memory';
import { decodeBundle, encodeBundle } from '@tallystick/oplog/transport';
import { createMemoryKeyStore, createRecordVerifier, type DeviceKey, type Ed25519, signOp } from '@tallystick/sign';
import { createRoster } from '@tallystick/sign/roster';

export interface Admission {
  /** Every record the shop made, hex, in order. */
  readonly records: readonly string[];
  /** Hashes the other side stored, in order. */
  readonly stored: readonly string[];
  readonly devices: readonly string[];
  /** What became of the sale whose signature was altered on the way, and of the one whose text was. */
  readonly forged: readonly string[];
}

interface Draft {
  readonly key: DeviceKey;
  readonly seq: number;
  readonly verb: string;
  readonly args: JsonObject;
  readonly prev?: OpHash;
  /** Of the opening of the book alone undefined. */
  readonly book?: BookId;
}

const openedAtMs = 1_764_500_000_000;
const saleCount = 5;
/** Places in the record of the last sale: a key id, R, S, then the text. */
const firstByteOfS = 64;
const secondDigitOfAmount = 96 + '{"args":{"amountMinor":1'.length;

function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the shop is malformed');
  return value;
}

/** The records of one book in causal order: its opening, the enrolment of a till, and the till's sales. */
async function trade(ed25519: Ed25519, hasher: Hasher): Promise<OpRecord[]> {
  const store = createMemoryKeyStore(ed25519, hasher);
  const root = await store.import('root', new Uint8Array(32).fill(1));
  const till = await store.import('till', new Uint8Array(32).fill(2));
  const records: OpRecord[] = [];
  const write = async ({ key, verb, args, seq, prev, book }: Draft): Promise<OpHash> => {
    const id = minted(parseOpId(`019acf63-7a00-7000-8000-${String(records.length + 1).padStart(12, '0')}`));
    const [scope, verbRef] = [minted(parseScope('hq')), minted(parseVerbRef(verb))];
    const base = { args, at: openedAtMs + records.length, device: key.device, id, scope, seq, verb: verbRef };
    const record = await signOp(prev === undefined ? base : { ...base, prev }, key, book, hasher);
    records.push(record);
    return record.hash;
  };
  const opening = { key: encodeHex(root.publicKey), name: 'Tea house', verbs: ['sale.complete@1'] };
  const genesis = await write({ key: root, seq: 1, verb: 'book.open@1', args: opening });
  const book = minted(parseBookId(genesis));
  const enrolment = { device: till.device, key: encodeHex(till.publicKey), name: 'Till', role: 'till' };
  let prev = await write({ key: root, seq: 2, verb: 'device.enroll@1', args: enrolment, prev: genesis, book });
  for (let seq = 1; seq <= saleCount; seq++) {
    prev = await write({ key: till, seq, verb: 'sale.complete@1', args: { amountMinor: 250 * seq }, prev, book });
  }
  return records;
}

/** The other side: a log that starts empty and knows only the id of the book. */
function createReplica(book: BookId, ed25519: Ed25519, hasher: Hasher) {
  const log = createMemoryLogStore();
  const roster = createRoster(hasher);
  const verify = createRecordVerifier({ book, ed25519, publicKeyOf: roster.publicKeyOf });
  return {
    log,
    roster,
    /** The codes of what it did not take. */
    async admit(bytes: Uint8Array): Promise<string[]> {
      const opened = openRecord(bytes, hasher);
      if (!opened.ok) return [opened.code];
      const record = opened.value;
      const report = await verifyRuns([record], {
        headOf: log.head,
        enrolmentOf: (device) =>
          roster.get(device)?.enrolment ?? (record.op.prev === undefined ? record.hash : undefined),
        has: log.has,
        opOf: (hash) => log.get(hash)?.record.op,
        verify,
      });
      for (const accepted of report.accepted) {
        const applied = roster.apply(accepted);
        if (!applied.ok) return [applied.code];
        log.append([accepted]);
      }
      return [...report.refused, ...report.waiting].map(({ code }) => code);
    },
  };
}

export async function tradeAndAdmit(ed25519: Ed25519, hasher: Hasher): Promise<Admission> {
  const records = await trade(ed25519, hasher);
  const replica = createReplica(minted(parseBookId(records[0]?.hash)), ed25519, hasher);
  const { frames } = decodeBundle(encodeBundle(records));
  const last = minted(frames.at(-1));
  for (const frame of frames.slice(0, -1)) {
    const refused = await replica.admit(frame);
    if (refused.length > 0) throw new Error(`a record was not admitted: ${refused.join(' ')}`);
  }
  const forged: string[] = [];
  for (const place of [firstByteOfS, secondDigitOfAmount]) {
    forged.push(...(await replica.admit(last.map((byte, i) => (i === place ? byte ^ 1 : byte)))));
  }
  const refused = await replica.admit(last);
  if (refused.length > 0) throw new Error(`the last record was not admitted: ${refused.join(' ')}`);
  const stored = replica.log.pending(minted(parseScope('hq')));
  return {
    records: frames.map(encodeHex),
    stored: stored.map(({ hash }) => hash),
    devices: replica.roster.devices().map(({ role, name }) => `${role}: ${name}`),
    forged,
  };
}
