// `npm run vectors`: every published test vector in the folder that `TALLYSTICK_VECTORS` names (`../shared/vectors` otherwise),
// through every back end that this repository has for it. One line a file and back end; a case judged otherwise is a failure,
// and so is a missing folder where `CI` is set.
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyConsistency, verifyInclusion, nobleHasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { encodeCanonical, type Json, parseCanonical } from '@tallystick/oplog';
import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { isValid } from '../witnesses/vectors/sign.mjs';
import { runInChromium } from './outside-vectors-browser.ts';
import { isMissing, sharedPath } from './test-environment.ts';

/** What one back end made of one file. */
export interface Tally {
  readonly file: string;
  readonly backEnd: string;
  readonly cases: number;
  /** Names of the cases it judged otherwise than it must. */
  readonly wrong: readonly string[];
}

/** One published case: what each back end says of it, and what it must say. */
interface Case {
  readonly name: string;
  readonly wanted: unknown;
  readonly verdictByBackEnd: Readonly<Record<string, unknown>>;
}

type Judge = (text: string, folder: string) => AsyncGenerator<Case> | Generator<Case>;

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const base64 = (text: string): Uint8Array => Buffer.from(text, 'base64');

interface WycheproofFile<Group, Test> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Test & { tcId: number; result: string })[] })[];
}

function wycheproof<Group, Test>(text: string) {
  const { testGroups } = JSON.parse(text) as WycheproofFile<Group, Test>;
  return testGroups.flatMap((group) => group.tests.map((test) => ({ group, test })));
}

async function ed25519Verdicts(key: Uint8Array, message: Uint8Array, signature: Uint8Array) {
  const providers = { noble: nobleEd25519, node: nodeEd25519, webcrypto: webCryptoEd25519() };
  const verdicts: Record<string, boolean> = {};
  for (const [name, { verify }] of Object.entries(providers)) verdicts[name] = await verify(key, message, signature);
  return verdicts;
}

async function* judgeWycheproofEd25519(text: string): AsyncGenerator<Case> {
  for (const { group, test } of wycheproof<{ publicKey: { pk: string } }, { msg: string; sig: string }>(text)) {
    const verdictByBackEnd = await ed25519Verdicts(hex(group.publicKey.pk), hex(test.msg), hex(test.sig));
    yield { name: `${test.tcId}`, wanted: test.result === 'valid', verdictByBackEnd };
  }
}

/** Which of these are valid is each implementation's choice; ours is docs/spec/sign.md, read here by the independent checker. */
async function* judgeCctvEd25519(text: string): AsyncGenerator<Case> {
  for (const { number, key, sig, msg } of JSON.parse(text) as (Record<'key' | 'sig' | 'msg', string> & {
    number: number;
  })[]) {
    const message = new TextEncoder().encode(msg);
    const wanted: unknown = isValid(hex(key), message, hex(sig));
    yield {
      name: String(number),
      wanted,
      verdictByBackEnd: await ed25519Verdicts(hex(key), message, hex(sig)),
    };
  }
}

interface ProofCase {
  readonly file: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

function* judgeInclusion(text: string): Generator<Case> {
  type Input = ProofCase & { leafIdx: number; treeSize: number; root: string; leafHash: string };
  for (const { file, leafIdx, treeSize, root, leafHash, proof, wantErr } of JSON.parse(text) as Input[]) {
    const path = (proof ?? []).map(base64);
    const inclusion = { index: leafIdx, size: treeSize, leaf: base64(leafHash), root: base64(root), proof: path };
    const verdicts = { noble: verifyInclusion(inclusion, nobleHasher), node: verifyInclusion(inclusion, nodeHasher) };
    yield { name: file, wanted: !wantErr, verdictByBackEnd: verdicts };
  }
}

function* judgeConsistency(text: string): Generator<Case> {
  type Input = ProofCase & { size1: number; size2: number; root1: string; root2: string };
  for (const { file, size1, size2, root1, root2, proof, wantErr } of JSON.parse(text) as Input[]) {
    const [firstRoot, secondRoot] = [base64(root1), base64(root2)];
    const steps = { first: size1, second: size2, firstRoot, secondRoot, proof: (proof ?? []).map(base64) };
    const verdicts = { noble: verifyConsistency(steps, nobleHasher), node: verifyConsistency(steps, nodeHasher) };
    yield { name: file, wanted: !wantErr, verdictByBackEnd: verdicts };
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
function* judgeCanonical(text: string, path: string): Generator<Case> {
  const value = JSON.parse(readFileSync(path.replace('output', 'input'), 'utf8')) as Json;
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

interface AeadTest {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

/** With nonces of 96 bits, the only ones that all platforms take. */
async function* judgeAesGcm(text: string): AsyncGenerator<Case> {
  for (const { group, test } of wycheproof<{ ivSize: number }, AeadTest>(text)) {
    if (group.ivSize !== 96) continue;
    const [key, iv, aad, ct, tag] = [test.key, test.iv, test.aad, test.ct, test.tag].map((part) =>
      Buffer.from(part, 'hex'),
    );
    if (!key || !iv || !aad || !ct || !tag) continue;
    const open = {
      node: () => {
        const cipher = createDecipheriv(`aes-${key.length * 8}-gcm` as 'aes-256-gcm', key, iv, { authTagLength: 16 });
        return Buffer.concat([cipher.setAAD(aad).setAuthTag(tag).update(ct), cipher.final()]).toString('hex');
      },
      webcrypto: async () => {
        const secret = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
        const sealed = Buffer.concat([ct, tag]);
        return Buffer.from(
          await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: aad }, secret, sealed),
        ).toString('hex');
      },
    };
    const verdicts: Record<string, string> = {};
    for (const [name, decrypt] of Object.entries(open)) {
      try {
        verdicts[name] = await decrypt();
      } catch {
        verdicts[name] = 'refused';
      }
    }
    yield { name: `${test.tcId}`, wanted: test.result === 'valid' ? test.msg : 'refused', verdictByBackEnd: verdicts };
  }
}

async function* judgeHkdf(text: string): AsyncGenerator<Case> {
  interface HkdfTest extends Record<'ikm' | 'salt' | 'info' | 'okm', string> {
    readonly size: number;
  }
  for (const { test } of wycheproof<object, HkdfTest>(text)) {
    const [ikm, salt, info] = [test.ikm, test.salt, test.info].map((part) => Buffer.from(part, 'hex'));
    if (!ikm || !salt || !info) continue;
    const derive = {
      node: () => hkdfSync('sha256', ikm, salt, info, test.size),
      webcrypto: async () => {
        const secret = await crypto.subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
        return crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, secret, test.size * 8);
      },
    };
    const verdicts: Record<string, string> = {};
    for (const [name, run] of Object.entries(derive)) {
      try {
        verdicts[name] = Buffer.from(await run()).toString('hex');
      } catch {
        verdicts[name] = 'refused';
      }
    }
    yield { name: `${test.tcId}`, wanted: test.result === 'valid' ? test.okm : 'refused', verdictByBackEnd: verdicts };
  }
}

const judges: readonly (readonly [file: RegExp, judge: Judge])[] = [
  [/^wycheproof-ed25519\.json$/, judgeWycheproofEd25519],
  [/^cctv-ed25519\.json$/, judgeCctvEd25519],
  [/^rfc6962-inclusion\.json$/, judgeInclusion],
  [/^rfc6962-consistency\.json$/, judgeConsistency],
  [/^jcs\/output\/.*\.json$/, judgeCanonical],
  [/^wycheproof-aes-gcm\.json$/, judgeAesGcm],
  [/^wycheproof-hkdf-sha256\.json$/, judgeHkdf],
];

/** Judges every file of the folder; a file nothing here has a back end for is tallied under `none`. */
export async function tallyFolder(folder: string): Promise<Tally[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.json') && !file.startsWith('jcs/input/'));
  const tallies: Tally[] = [];
  for (const file of files.sort()) {
    const judge = judges.find(([pattern]) => pattern.test(file))?.[1];
    if (judge === undefined) tallies.push({ file, backEnd: 'none', cases: 0, wrong: [] });
    else tallies.push(...(await tallyFile(file, judge, join(folder, file))));
  }
  return tallies;
}

async function tallyFile(file: string, judge: Judge, path: string): Promise<Tally[]> {
  const counts = new Map<string, { cases: number; wrong: string[] }>();
  for await (const { name, wanted, verdictByBackEnd } of judge(readFileSync(path, 'utf8'), path)) {
    for (const [backEnd, verdict] of Object.entries(verdictByBackEnd)) {
      const count = counts.get(backEnd) ?? { cases: 0, wrong: [] };
      counts.set(backEnd, count);
      count.cases += 1;
      if (verdict !== wanted) count.wrong.push(name);
    }
  }
  return [...counts].map(([backEnd, count]) => ({ file, backEnd, ...count }));
}

async function main(): Promise<void> {
  const named = process.env['TALLYSTICK_VECTORS'];
  const folder = named === undefined ? sharedPath('vectors') : existsSync(named) ? named : undefined;
  if (isMissing('the folder of outside vectors', folder) || folder === undefined) return;
  const tallies = [...(await tallyFolder(folder)), ...runInChromium()];
  for (const { file, backEnd, cases, wrong } of tallies) {
    const verdict = backEnd === 'none' ? 'not run: nothing here implements it' : wrong.length === 0 ? 'PASS' : 'FAIL';
    console.log(`${file} back-end=${backEnd} cases=${cases} wrong=${wrong.length} ${verdict}`);
    for (const name of wrong.slice(0, 5)) console.log(`  ${name}`);
  }
  const run = tallies.filter(({ backEnd }) => backEnd !== 'none');
  const wrong = run.reduce((sum, tally) => sum + tally.wrong.length, 0);
  console.log(`outside vectors: ${run.reduce((sum, { cases }) => sum + cases, 0)} verdicts, ${wrong} wrong`);
  if (wrong > 0 || run.length === 0 || run.some(({ cases }) => cases === 0)) process.exitCode = 1;
}

if (import.meta.main) await main();
