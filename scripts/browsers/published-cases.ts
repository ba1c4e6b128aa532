// The published vectors that a browser runs too: Ed25519, XChaCha20-Poly1305, RFC 6962 proofs and canonical JSON. Portable: each file is text that
// the caller read, and each back end is one the caller has.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type Hasher, verifyConsistency, verifyInclusion } from '@tallystick/chain';
import { decodeHex, encodeCanonical, encodeHex, type Json } from '@tallystick/oplog';
import { parseCanonical } from '@tallystick/oplog/strict';
import type { Ed25519 } from '@tallystick/sign';

/** One published case: what each back end says of it, and what it must say. */
export interface Case {
  readonly name: string;
  /** Undefined where the source leaves it to the implementation and the caller has no `rule`. */
  readonly wanted: unknown;
  readonly verdictByBackEnd: Readonly<Record<string, unknown>>;
}

export interface PublishedFile {
  /** Relative to the folder of vectors, with `/`. */
  readonly file: string;
  readonly text: string;
  /** Of a file in `jcs/output`: the text of the file of that name in `jcs/input`. */
  readonly input?: string;
}

export interface BackEnds {
  readonly ed25519: Readonly<Record<string, Ed25519['verify']>>;
  readonly hashers: Readonly<Record<string, Hasher>>;
  /** Which signatures are valid where the source leaves the choice: an independent reading of docs/spec/sign.md. */
  readonly rule?: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

export type Judge = (published: PublishedFile, backEnds: BackEnds) => AsyncGenerator<Case> | Generator<Case>;

interface WycheproofFile<Group, Test> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Test & { tcId: number; result: string })[] })[];
}

export function parseWycheproof<Group, Test>(text: string) {
  const { testGroups } = JSON.parse(text) as WycheproofFile<Group, Test>;
  return testGroups.flatMap((group) => group.tests.map((test) => ({ group, test })));
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function ed25519Verdicts(
  { ed25519 }: BackEnds,
  ...[publicKey, message, signature]: Parameters<Ed25519['verify']>
): Promise<Record<string, boolean>> {
  const verdicts: Record<string, boolean> = {};
  for (const [name, verify] of Object.entries(ed25519)) verdicts[name] = await verify(publicKey, message, signature);
  return verdicts;
}

async function* judgeWycheproofEd25519({ text }: PublishedFile, backEnds: BackEnds): AsyncGenerator<Case> {
  for (const { group, test } of parseWycheproof<{ publicKey: { pk: string } }, { msg: string; sig: string }>(text)) {
    const [publicKey, message, signature] = [decodeHex(group.publicKey.pk), decodeHex(test.msg), decodeHex(test.sig)];
    const verdictByBackEnd = await ed25519Verdicts(backEnds, publicKey, message, signature);
    yield { name: `${test.tcId}`, wanted: test.result === 'valid', verdictByBackEnd };
  }
}

async function* judgeCctvEd25519({ text }: PublishedFile, backEnds: BackEnds): AsyncGenerator<Case> {
  type Input = Record<'key' | 'sig' | 'msg', string> & { number: number };
  for (const { number, key, sig, msg } of JSON.parse(text) as Input[]) {
    const [publicKey, message, signature] = [decodeHex(key), new TextEncoder().encode(msg), decodeHex(sig)];
    const verdictByBackEnd = await ed25519Verdicts(backEnds, publicKey, message, signature);
    yield { name: `${number}`, wanted: backEnds.rule?.(publicKey, message, signature), verdictByBackEnd };
  }
}

/** Envelopes are sealed by this cipher; it is the same code in Node and in browsers. Nonces are 192 bits long or none. */
function* judgeXChaCha20({ text }: PublishedFile): Generator<Case> {
  type Test = Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag', string>;
  for (const { test } of parseWycheproof<object, Test>(text)) {
    const sealed = `${test.ct}${test.tag}`;
    const isValid = test.result === 'valid';
    let [opened, made] = ['refused', 'refused'];
    try {
      const cipher = () => xchacha20poly1305(decodeHex(test.key), decodeHex(test.iv), decodeHex(test.aad));
      made = encodeHex(cipher().encrypt(decodeHex(test.msg)));
      opened = encodeHex(cipher().decrypt(decodeHex(sealed)));
    } catch {
      // Refused, in opening or because of the nonce.
    }
    const wanted = isValid ? `${test.msg} ${sealed}` : 'refused';
    const noble = isValid ? `${opened} ${made}` : opened;
    yield { name: `${test.tcId}`, wanted, verdictByBackEnd: { noble } };
  }
}

interface ProofCase {
  readonly file: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

function byHasher({ hashers }: BackEnds, verify: (hasher: Hasher) => boolean): Record<string, boolean> {
  return Object.fromEntries(Object.entries(hashers).map(([name, hasher]) => [name, verify(hasher)]));
}

function* judgeInclusion({ text }: PublishedFile, backEnds: BackEnds): Generator<Case> {
  type Input = ProofCase & { leafIdx: number; treeSize: number; root: string; leafHash: string };
  for (const { file, leafIdx, treeSize, root, leafHash, proof, wantErr } of JSON.parse(text) as Input[]) {
    const path = (proof ?? []).map(decodeBase64);
    const [leaf, rootHash] = [decodeBase64(leafHash), decodeBase64(root)];
    const inclusion = { index: leafIdx, size: treeSize, leaf, root: rootHash, proof: path };
    const verdictByBackEnd = byHasher(backEnds, (hasher) => verifyInclusion(inclusion, hasher));
    yield { name: file, wanted: !wantErr, verdictByBackEnd };
  }
}

function* judgeConsistency({ text }: PublishedFile, backEnds: BackEnds): Generator<Case> {
  type Input = ProofCase & { size1: number; size2: number; root1: string; root2: string };
  for (const { file, size1, size2, root1, root2, proof, wantErr } of JSON.parse(text) as Input[]) {
    const [firstRoot, secondRoot] = [decodeBase64(root1), decodeBase64(root2)];
    const steps = { first: size1, second: size2, firstRoot, secondRoot, proof: (proof ?? []).map(decodeBase64) };
    const verdictByBackEnd = byHasher(backEnds, (hasher) => verifyConsistency(steps, hasher));
    yield { name: file, wanted: !wantErr, verdictByBackEnd };
  }
}

/** The code our subset refuses a JSON value with, or undefined when the value is inside it. */
function outsideSubset(value: unknown): string | undefined {
  if (value === null) return 'canonical/null';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? undefined : 'canonical/number';
  if (typeof value !== 'object') return undefined;
  const members: readonly unknown[] = Object.values(value);
  return members.map(outsideSubset).find((code) => code !== undefined);
}

/** `text` is an output file. Inside our subset it is ours and its input leads to it; outside both ways refuse, with a code. */
function* judgeCanonical({ text, input = '' }: PublishedFile): Generator<Case> {
  const value = JSON.parse(input) as Json;
  const code = outsideSubset(value);
  const parsed = parseCanonical(text);
  let written: string;
  try {
    written = encodeCanonical(value);
  } catch (error) {
    written = (error as { code: string }).code;
  }
  const read = parsed.ok ? text : parsed.code;
  // Where a value breaks two rules, either code is right.
  const plain = (answer: string): string => (answer === 'canonical/number' ? 'canonical/null' : answer);
  const wanted = code === undefined ? text : 'canonical/null';
  yield { name: 'read', wanted, verdictByBackEnd: { oplog: code === undefined ? read : plain(read) } };
  yield { name: 'written', wanted, verdictByBackEnd: { oplog: code === undefined ? written : plain(written) } };
}

export const portableJudges: readonly (readonly [file: RegExp, judge: Judge])[] = [
  [/^wycheproof-ed25519\.json$/, judgeWycheproofEd25519],
  [/^wycheproof-xchacha20-poly1305\.json$/, judgeXChaCha20],
  [/^cctv-ed25519\.json$/, judgeCctvEd25519],
  [/^rfc6962-inclusion\.json$/, judgeInclusion],
  [/^rfc6962-consistency\.json$/, judgeConsistency],
  [/^jcs\/output\/.*\.json$/, judgeCanonical],
];
