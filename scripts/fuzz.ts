// Throws bytes and texts of every kind at every parser of the protocol core: none may throw, none may take long, and what is
// accepted must be what a writer would have written. Inputs come from a seed, so a failure can be run again:
// `node scripts/fuzz.ts [inputs] [seed]`.
import { readdirSync, readFileSync } from 'node:fs';
import {
  type Hasher,
  openNote,
  openRecord,
  parseCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
} from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { encodeTlogProof, parseCosignerKey, parseTlogProof } from '@tallystick/chain/op-proof';
import {
  decodeBundle,
  decodeRecord,
  encodeBundle,
  encodeCanonical,
  encodeOp,
  encodeRecord,
  parseCanonical,
  parseOp,
  parseOpId,
  parseVerbRef,
  signatureOf,
} from '@tallystick/oplog';
import { createFrameCollector } from '@tallystick/oplog/transport';
import { parseBookOpenArgs, parseEnrolArgs } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { parseTokenUrl } from '@tallystick/sign/token';

const hasher: Hasher = nodeHasher;
const decoder = new TextDecoder();

/** Answers whether the input was accepted; throws where the parser breaks a promise. */
export type Target = (bytes: Uint8Array) => boolean;

/** The relay of the vectors, so that its notes are opened. */
const relay = {
  name: 'relay.example',
  publicKey: Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
};

function promise(holds: boolean, what: string): true {
  if (!holds) throw new Error(what);
  return true;
}

const equal = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const ofText =
  (parse: (text: string) => boolean): Target =>
  (bytes) =>
    parse(decoder.decode(bytes));

export const targets: Readonly<Record<string, Target>> = {
  canonical: ofText((text) => {
    const parsed = parseCanonical(text);
    return parsed.ok && promise(encodeCanonical(parsed.value) === text, 'accepted what is not canonical');
  }),
  op: ofText((text) => {
    const parsed = parseOp(text);
    return parsed.ok && promise(encodeOp(parsed.value) === text, 'accepted what no writer writes');
  }),
  record: (bytes) => {
    const decoded = decodeRecord(bytes);
    if (!decoded.ok) return promise(!openRecord(bytes, hasher).ok, 'opened what does not decode') && false;
    const { keyId, text } = decoded.value;
    return promise(equal(encodeRecord(keyId, signatureOf({ bytes }), text), bytes), 'accepted what no writer writes');
  },
  bundle: (bytes) => {
    const { frames, tornAt } = decodeBundle(bytes);
    const whole = frames.filter((frame) => frame.length > 0);
    if (whole.length < frames.length) return false;
    return promise(
      equal(encodeBundle(whole.map((frame) => ({ bytes: frame }))), bytes.subarray(0, tornAt)),
      'lost bytes',
    );
  },
  names: ofText((text) => parseOpId(text) !== undefined || parseVerbRef(text) !== undefined),
  note: ofText((text) => {
    const opened = openNote(text, relay, () => true, hasher);
    return !(opened instanceof Promise) && opened.ok;
  }),
  checkpoint: ofText((text) => parseCheckpoint(text).ok),
  key: ofText((text) => parseVerifierKey(text, hasher).ok || parseCosignerKey(text, hasher).ok),
  proof: (bytes) => {
    const hashes = Array.from({ length: bytes.length >> 5 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
    const [leaf = bytes, root = bytes, ...proof] = hashes;
    const [index, size] = [
      (bytes[0] ?? 0) * 2 ** ((bytes[1] ?? 0) % 53),
      (bytes[2] ?? 0) * 2 ** ((bytes[3] ?? 0) % 53),
    ];
    const steps = { first: index, second: size, firstRoot: leaf, secondRoot: root, proof };
    return verifyInclusion({ index, size, leaf, root, proof }, hasher) || verifyConsistency(steps, hasher);
  },
  'tlog-proof': ofText((text) => {
    const parsed = parseTlogProof(text);
    return (
      parsed.ok &&
      promise(
        !parsed.value.checkpoint.endsWith('\n') || encodeTlogProof(parsed.value) === text,
        'read otherwise than written',
      )
    );
  }),
  signature: (bytes) => {
    const verdict = nodeEd25519.verify(bytes.subarray(0, 32), bytes.subarray(96), bytes.subarray(32, 96));
    return !(verdict instanceof Promise) && verdict;
  },
  args: ofText((text) => {
    const parsed = parseCanonical(text);
    return parsed.ok && (parseBookOpenArgs(parsed.value).ok || parseEnrolArgs(parsed.value).ok);
  }),
  token: ofText((text) => parseTokenUrl(text, hasher).ok),
  frames: ofText((text) => {
    const collector = createFrameCollector();
    collector.add(text);
    return collector.sets().some(({ state }) => state === 'whole');
  }),
};

export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly slowestMs: number;
  /** What broke, with the input in hex; the first few. */
  readonly faults: readonly string[];
}

/** A single input may take this long on a busy machine; what hangs takes for ever. */
const boundMs = 1000;

/** Runs every seed through each target as it is, and then `inputs` changed ones. */
export function fuzz(inputs: number, seed: number, tried: Readonly<Record<string, Target>> = targets): FuzzReport[] {
  const seeds = readSeeds();
  return Object.entries(tried).map(([target, run]) => {
    const random = createRandom(seed);
    const faults: string[] = [];
    let [accepted, slowestMs] = [0, 0];
    for (let i = 0; i < seeds.length + inputs; i++) {
      const input = seeds[i] ?? makeInput(seeds, random);
      const started = performance.now();
      try {
        if (run(input)) accepted += 1;
      } catch (error) {
        if (faults.length < 5) faults.push(`${String(error)}: ${Buffer.from(input).toString('hex').slice(0, 400)}`);
      }
      const tookMs = performance.now() - started;
      if (tookMs > boundMs && faults.length < 5) faults.push(`${Math.round(tookMs)} ms for ${input.length} bytes`);
      slowestMs = Math.max(slowestMs, tookMs);
    }
    return { target, inputs: seeds.length + inputs, accepted, slowestMs, faults };
  });
}

/** Every string in our vectors, as bytes: texts, and hex decoded; of ops also the args, of signatures key and message too. */
function readSeeds(): Uint8Array[] {
  const root = new URL('../fixtures/', import.meta.url);
  const strings = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      strings.add(value);
      const op = parseOp(value);
      if (op.ok) strings.add(encodeCanonical(op.value.args));
    } else if (typeof value === 'object' && value !== null) {
      const { key, signature, message } = value as Record<string, unknown>;
      if (typeof signature === 'string') strings.add(`${key}${signature}${message}`);
      Object.values(value).forEach(collect);
    }
  };
  for (const folder of ['op', 'chain', 'sign', 'token']) {
    for (const file of readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.json'))) {
      collect(JSON.parse(readFileSync(new URL(`${folder}/${file}`, root), 'utf8')));
    }
  }
  const texts = [...strings].filter((text) => text.length < 5000);
  const isHex = (text: string): boolean => /^(?:[0-9a-f]{2})+$/.test(text);
  return texts.flatMap((text) => (isHex(text) ? [Buffer.from(text), Buffer.from(text, 'hex')] : [Buffer.from(text)]));
}

type Random = (below: number) => number;

/** xorshift32: the same inputs for the same seed, everywhere. */
function createRandom(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const tokens = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '\n\n',
  '\n',
  '\u2014 ',
  '.',
  '#tally1.',
  'TALLY1.',
  'null',
  '1e9',
  '-0',
  '\\ud800',
  'index ',
  '+',
];

function makeInput(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (random(20) === 0) return Uint8Array.from({ length: random(200) }, () => random(256));
  let bytes = [...(seeds[random(seeds.length)] as Uint8Array)];
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const kind = random(6);
    if (kind === 0 && bytes.length > 0)
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << random(8));
    else if (kind === 1) bytes.splice(at, 0, ...Buffer.from(tokens[random(tokens.length)] as string));
    else if (kind === 2) bytes.splice(at, random(8));
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4) bytes.splice(at, 0, ...bytes.slice(at, at + random(40)));
    else bytes.splice(at, 0, ...(seeds[random(seeds.length)] as Uint8Array));
  }
  return Uint8Array.from(bytes);
}

function main(): void {
  const [total = 1_000_000, seed = 20_251_130] = process.argv.slice(2).map(Number);
  const reports = fuzz(Math.ceil(total / Object.keys(targets).length), seed);
  for (const { target, inputs, accepted, slowestMs, faults } of reports) {
    const verdict = faults.length === 0 ? 'PASS' : 'FAIL';
    console.log(
      `${target} inputs=${inputs} accepted=${accepted} slowest=${slowestMs.toFixed(1)}ms seed=${seed} ${verdict}`,
    );
    for (const fault of faults) console.log(`  ${fault}`);
  }
  const failed = reports.filter(({ faults }) => faults.length > 0).length;
  console.log(`fuzz: ${reports.reduce((sum, { inputs }) => sum + inputs, 0)} inputs, ${failed} parsers failed`);
  if (failed > 0) process.exitCode = 1;
}

if (import.meta.main) main();
