// The vectors of docs/spec/sign.md, and of docs/spec/chain.md as far as they need device keys. Runs in Node and in a browser.
import { hashOp, portableHasher as hasher, openRecord, verifyChain, verifyRuns } from '@tallystick/chain';
import {
  decodeHex,
  encodeHex,
  type Op,
  type OpHash,
  type OpRecord,
  parseBookId,
  parseDeviceId,
  parseKeyId,
  parseScope,
  parseOpHash,
  signatureOf,
} from '@tallystick/oplog';
import { parseOp } from '@tallystick/oplog/strict';
import { describe, expect, it } from 'vitest';
import chainVectors from '../../../fixtures/chain/chain.json' with { type: 'json' };
import runsVectors from '../../../fixtures/chain/runs.json' with { type: 'json' };
import enrolmentVectors from '../../../fixtures/sign/enrolment.json' with { type: 'json' };
import keyVectors from '../../../fixtures/sign/key.json' with { type: 'json' };
import opSignatureVectors from '../../../fixtures/sign/op-signature.json' with { type: 'json' };
import recordVectors from '../../../fixtures/sign/record.json' with { type: 'json' };
import rosterVectors from '../../../fixtures/sign/roster.json' with { type: 'json' };
import rotationVectors from '../../../fixtures/sign/rotation.json' with { type: 'json' };
import signatureVectors from '../../../fixtures/sign/signature.json' with { type: 'json' };
import {
  acceptPublicKey,
  createMemoryKeyStore,
  createRecordVerifier,
  judgeEnrolment,
  judgeRotation,
  keyIdOf,
  nobleEd25519,
  type Role,
  rotateVerb,
  signaturePreimage,
  signOp,
  webCryptoEd25519,
} from '../src/index.ts';
import { createRoster } from '../src/roster.ts';
import { createKeyInForce } from '../src/rotation.ts';

const providers = [nobleEd25519, webCryptoEd25519()];

interface ChainInput {
  readonly book: string;
  readonly key: string;
  readonly records: readonly { hash: string; hex: string }[];
  readonly start?: { seq: number; hash: OpHash } | { enrolment: OpHash };
  readonly every?: boolean;
}

function minted<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the vector is malformed');
  return value;
}

/** The record under the hash the vector gives it; one whose bytes are no record is only bytes, as a damaged store has it. */
function recordOf({ hash, hex }: { hash: string; hex: string }, anyRecord: OpRecord | undefined): OpRecord {
  const bytes = decodeHex(hex);
  const opened = openRecord(bytes, hasher);
  const record = opened.ok ? opened.value : minted(anyRecord);
  return { ...record, bytes, hash: minted(parseOpHash(hash)) };
}

/** The code of what is thrown, with the matchers that every browser's suite has. */
async function codeThrown(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  return undefined;
}

export function runVectors(): void {
  describe('vectors', () => {
    it.each(keyVectors)('key: $name', ({ input, expect: expected }) => {
      expect(acceptPublicKey(decodeHex(input.key))).toBe(expected.accepted);
    });

    it.each(signatureVectors)('signature: $name', async ({ input, expect: expected }) => {
      const [key, message, signature] = [input.key, input.message, input.signature].map(decodeHex);
      for (const provider of providers) {
        const verdict = await provider.verify(minted(key), minted(message), minted(signature));
        expect(verdict, provider.name).toBe(expected.valid);
      }
    });

    it.each(opSignatureVectors)('op signature: $name', async ({ input, expect: expected }) => {
      const { seed, book, op } = input as unknown as { seed: string; book?: string; op: Op };
      for (const provider of providers) {
        const seeded = { ...provider, generate: () => provider.fromSeed(decodeHex(seed)) };
        const key = await createMemoryKeyStore(seeded, hasher).create('device');
        const signing = async (): Promise<OpRecord> => signOp(op, key, parseBookId(book), hasher);
        if ('code' in expected) {
          expect(await codeThrown(signing)).toBe(expected.code);
          continue;
        }
        const record = await signing();
        expect({
          hash: record.hash,
          keyId: record.keyId,
          message: encodeHex(signaturePreimage(minted(parseBookId(book ?? record.hash)), record.hash)),
          signature: encodeHex(signatureOf(record)),
          record: encodeHex(record.bytes),
        }).toEqual(expected);
      }
    });

    it.each(enrolmentVectors)('enrolment: $name', ({ input, expect: expected }) => {
      const refusal = judgeEnrolment(input.author as Role | undefined, { role: input.role as Role });
      expect(refusal === undefined).toBe(expected.allowed);
    });

    it.each(rosterVectors)('roster: $name', ({ input, expect: expected }) => {
      const roster = createRoster(hasher);
      const { ops, keyIds } = input as { ops: readonly string[]; keyIds?: readonly string[] };
      const answers = ops.map((text, i) => {
        const op = parseOp(text);
        if (!op.ok) throw new Error(op.message);
        const record = {
          op: op.value,
          hash: hashOp(text, hasher),
          keyId: keyIds?.[i] ?? op.value.device,
          bytes: new Uint8Array(0),
        };
        const answer = roster.apply(record as unknown as OpRecord);
        return answer.ok ? 'ok' : answer.code;
      });
      const devices = roster.devices().map(({ id, key, name, role, scope, enrolment }) => {
        return { id, key, name, role, scope, enrolment };
      });
      const standing = devices.map(
        ({ id, scope }) => `${roster.standing(minted(parseDeviceId(id)), minted(parseScope(scope)))}`,
      );
      expect({ answers, devices, standing }).toEqual(expected);
    });

    it.each(recordVectors)('record: $name', async ({ input, expect: expected }) => {
      const record = openRecord(decodeHex(input.record), hasher);
      const publicKey = decodeHex(input.key);
      const keyId = keyIdOf(publicKey, hasher);
      const isOwn = (id: string, device: string): boolean => id === keyId && device === String(keyId);
      for (const ed25519 of providers) {
        const verify = createRecordVerifier({
          book: minted(parseBookId(input.book)),
          ed25519,
          publicKeyOf: (id, device) => (isOwn(id, device) ? publicKey : undefined),
        });
        expect({ valid: record.ok && (await verify(record.value)) }).toEqual(expected);
      }
    });

    it.each(rotationVectors)('rotation: $name', async ({ input, expect: expected }) => {
      const records = input.records.map((hex) => {
        const opened = openRecord(decodeHex(hex), hasher);
        if (!opened.ok) throw new Error(opened.message);
        return opened.value;
      });
      const [genesis] = records as [OpRecord];
      const firstKey = decodeHex(genesis.op.args['key'] as string);
      const publicKeyOf = createKeyInForce({
        keyOf: (device, keyId) => (String(keyId) === String(device) ? firstKey : undefined),
        firstKeyOf: (device) => ({ keyId: minted(parseKeyId(device)), publicKey: firstKey }),
        hasRotated: () => true,
        offered: (hash) => records.find((record) => record.hash === hash),
        stored: () => undefined,
        hasher,
      });
      const verdictsOf = async (every: boolean): Promise<string[]> => {
        const report = await verifyRuns(records, {
          headOf: () => undefined,
          enrolmentOf: () => genesis.hash,
          has: () => false,
          opOf: () => undefined,
          verify: createRecordVerifier({ book: minted(parseBookId(input.book)), ed25519: nobleEd25519, publicKeyOf }),
          every,
        });
        const waits = (record: OpRecord): string =>
          `waits ${report.waiting.find((entry) => entry.record === record)?.code}`;
        return records.map((record) => (report.accepted.includes(record) ? 'accepted' : waits(record)));
      };
      const verdicts = await verdictsOf(true);
      // No signature after a rotation covers it, so whoever checks one a run comes to the same.
      expect(await verdictsOf(false)).toEqual(verdicts);
      const rotations: string[] = [];
      for (const { op, keyId } of records.filter((record) => record.op.verb === rotateVerb)) {
        const judged = await judgeRotation(op, keyId, nobleEd25519, hasher);
        rotations.push(judged.ok ? 'ok' : judged.code);
      }
      expect({ verdicts, rotations }).toEqual(expected);
    });

    it.each(runsVectors)('runs: $name', async ({ input, expect: expected }) => {
      const opened = (texts: readonly string[]): OpRecord[] =>
        texts.map((text) => {
          const record = openRecord(decodeHex(text), hasher);
          if (!record.ok) throw new Error(record.message);
          return record.value;
        });
      const [stored, records] = [opened(input.stored), opened(input.records)];
      const devices = new Map(
        input.devices.map(({ key, enrolment }) => [String(keyIdOf(decodeHex(key), hasher)), { key, enrolment }]),
      );
      const keyOf = (keyId: string): Uint8Array | undefined => {
        const device = devices.get(keyId);
        return device && decodeHex(device.key);
      };
      const report = await verifyRuns(records, {
        headOf: (device, scope) => {
          const chain = stored.filter(({ op }) => op.device === device && op.scope === scope);
          const head = chain.reduce<OpRecord | undefined>((a, b) => (a && a.op.seq >= b.op.seq ? a : b), undefined);
          return head && { seq: head.op.seq, hash: head.hash };
        },
        enrolmentOf: (device) => parseOpHash(devices.get(device)?.enrolment),
        has: (hash) => stored.some((record) => record.hash === hash),
        opOf: (hash) => stored.find((record) => record.hash === hash)?.op,
        verify: createRecordVerifier({
          book: minted(parseBookId(input.book)),
          ed25519: nobleEd25519,
          publicKeyOf: (keyId, device) => (String(keyId) === String(device) ? keyOf(keyId) : undefined),
        }),
        every: input.every,
      });
      const verdicts = records.map((record) => {
        if (report.accepted.includes(record)) return 'accepted';
        if (report.known.includes(record)) return 'known';
        const refused = report.refused.find((entry) => entry.record === record);
        const waits = report.waiting.find((entry) => entry.record === record);
        return refused === undefined ? `waits ${waits?.code}` : `refused ${refused.code}`;
      });
      const forks = report.forks.map(({ record }) => records.indexOf(record)).sort((a, b) => a - b);
      expect({ verdicts, forks }).toEqual(expected);
    });

    it.each(chainVectors)('chain: $name', async ({ input, expect: expected }) => {
      const { book, key, records, start, every = false } = input as ChainInput;
      const publicKey = decodeHex(key);
      const keyId = keyIdOf(publicKey, hasher);
      const [first] = records;
      const anyRecord = first && recordOf(first, undefined);
      const verify = createRecordVerifier({
        book: minted(parseBookId(book)),
        ed25519: nobleEd25519,
        publicKeyOf: (asked) => (asked === keyId ? publicKey : undefined),
      });
      const check = { hasher, verify, every, ...(start === undefined ? {} : { start }) };
      const verdict = await verifyChain(
        records.map((record) => recordOf(record, anyRecord)),
        check,
      );
      const { ok } = verdict;
      expect(ok ? verdict : { ok, code: verdict.code, index: verdict.index }).toEqual(expected);
    });
  });
}
