/**
 * The seeded ops of the suites that measure oplog, chain and sign by themselves: a chain of one device whose ops have canonical texts of about so many
 * bytes, each op minted, signed and linked as an application would do it with these packages alone.
 */
import { nodeHasher } from '@tallystick/chain/node';
import {
  type BookId,
  createIdMint,
  type DeviceId,
  type IdMint,
  type JsonObject,
  type Op,
  type OpHash,
  type OpRecord,
  parseBookId,
  parseOpHash,
  parseScope,
  parseVerbRef,
} from '@tallystick/oplog';
import { createRecordVerifier, type DeviceKey, type Ed25519, signOp } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { createClock, createDice, createSeededKeys, openingMs } from '@tallystick/testkit';
import type { Hasher, VerifyRecord } from '@tallystick/chain';

/** What the names of the results speak of: bytes of one op's canonical text, give or take what numbers need. */
export const OP_BYTES = 450;
const STEP_MS = 20;

export interface Crypto {
  readonly hasher: Hasher;
  readonly ed25519: Ed25519;
}

export const nodeCrypto: Crypto = { hasher: nodeHasher, ed25519: nodeEd25519 };

/** A device that writes one chain, in a scope that holds nothing else. */
export interface Author {
  readonly book: BookId;
  readonly device: DeviceId;
  /** The op that enrolled it: what sequence 1 links to. */
  readonly enrolment: OpHash;
  readonly key: DeviceKey;
  /** Mints, encodes, hashes and signs the next op of the chain. */
  write(args: JsonObject): OpRecord;
}

export async function createAuthor({ hasher, ed25519 }: Crypto = nodeCrypto): Promise<Author> {
  const enrolment = known(parseOpHash(hasher.sha256Hex('the op that enrolled the author')));
  const book = known(parseBookId(hasher.sha256Hex('the book of the author')));
  const key = await createSeededKeys('author', { hasher, ed25519 }).create('device');
  const clock = createClock();
  const ids: IdMint = createIdMint({ now: clock.nowMs, random: anyNoise() });
  const [scope, verb] = [known(parseScope('hq')), known(parseVerbRef('sale.complete@1'))];
  let [seq, prev] = [1, enrolment];
  return {
    book,
    device: key.device,
    enrolment,
    key,
    write(args) {
      clock.advance(STEP_MS);
      const op: Op = { args, at: clock.nowMs(), device: key.device, id: ids.mint(), prev, scope, seq, verb };
      const record = signOp(op, key, book, hasher);
      if (record instanceof Promise) throw new TypeError('the signer of the bench answers at once');
      seq += 1;
      prev = record.hash;
      return record;
    },
  };
}

/** Seeded bytes at about the price of the platform's random ones. Made beforehand: throwing the dice would cost more than minting the id. */
function anyNoise(): (count: number) => Uint8Array {
  const noise = createDice(450).bytes(1 << 12);
  let at = 0;
  return (count) => {
    if (at + count > noise.length) at = 0;
    at += count;
    return noise.slice(at - count, at);
  };
}

/** Checks the author's signatures. */
export function verifierOf({ book, key }: Author, { ed25519 }: Crypto = nodeCrypto): VerifyRecord {
  return createRecordVerifier({
    book,
    ed25519,
    publicKeyOf: (keyId, device) => (keyId === key.keyId && device === key.device ? key.publicKey : undefined),
  });
}

/** Args that make an op of `OP_BYTES`: a line of a sale, named by text that does not repeat. */
export function anyArgs(count: number): readonly JsonObject[] {
  const dice = createDice(450);
  return Array.from({ length: count }, (_, index) => ({
    currency: 'GBP',
    line: {
      name: Buffer.from(dice.bytes(45)).toString('base64'),
      quantity: 1 + dice.below(9),
      sku: `SKU-${String(1 + dice.below(200)).padStart(4, '0')}`,
      unitPriceMilliMinor: 100_000 + dice.below(900_000),
    },
    soldAt: openingMs + index,
  }));
}

/** A chain of so many ops. */
export async function writeChain(count: number): Promise<{ author: Author; records: readonly OpRecord[] }> {
  const author = await createAuthor();
  return { author, records: anyArgs(count).map((args) => author.write(args)) };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a constant of the bench is not well formed');
  return value;
}
