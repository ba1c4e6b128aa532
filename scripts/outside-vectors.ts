// `npm run vectors`: every published test vector in the folder that `TALLYSTICK_VECTORS` names (`../shared/vectors` otherwise),
// through every back end that this repository has for it. One line a file and back end; a case judged otherwise is a failure,
// and so is a missing folder where `CI` is set.
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nobleHasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { isValid } from '../witnesses/vectors/sign.mjs';
import {
  type BackEnds,
  type Case,
  type Judge,
  parseWycheproof,
  portableJudges,
  type PublishedFile,
} from './browsers/published-cases.ts';
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

const ownJudges: readonly (readonly [file: RegExp, judge: Judge])[] = [
  [/^wycheproof-aes-gcm\.json$/, judgeAesGcm],
  [/^wycheproof-hkdf-sha256\.json$/, judgeHkdf],
];
const judges = [...portableJudges, ...ownJudges];

/** What a browser has, and node:crypto. */
const backEnds: BackEnds = {
  ed25519: { noble: nobleEd25519.verify, node: nodeEd25519.verify, webcrypto: webCryptoEd25519().verify },
  hashers: { noble: nobleHasher, node: nodeHasher },
  rule: isValid,
};

interface AeadTest {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

/** With nonces of 96 bits, the only ones that all platforms take. */
async function* judgeAesGcm({ text }: PublishedFile): AsyncGenerator<Case> {
  for (const { group, test } of parseWycheproof<{ ivSize: number }, AeadTest>(text)) {
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

async function* judgeHkdf({ text }: PublishedFile): AsyncGenerator<Case> {
  interface HkdfTest extends Record<'ikm' | 'salt' | 'info' | 'okm', string> {
    readonly size: number;
  }
  for (const { test } of parseWycheproof<object, HkdfTest>(text)) {
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

/** Every file of cases in the folder. */
export function readPublished(folder: string): PublishedFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.json') && !file.startsWith('jcs/input/'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      if (!file.startsWith('jcs/output/')) return { file, text };
      return { file, text, input: readFileSync(join(folder, file.replace('output', 'input')), 'utf8') };
    });
}

/** Judges every file of the folder; a file nothing here has a back end for is tallied under `none`. */
export async function tallyFolder(folder: string): Promise<Tally[]> {
  const tallies: Tally[] = [];
  for (const published of readPublished(folder)) {
    const judge = judges.find(([pattern]) => pattern.test(published.file))?.[1];
    if (judge === undefined) tallies.push({ file: published.file, backEnd: 'none', cases: 0, wrong: [] });
    else tallies.push(...(await tallyFile(published, judge)));
  }
  return tallies;
}

async function tallyFile(published: PublishedFile, judge: Judge): Promise<Tally[]> {
  const counts = new Map<string, { cases: number; wrong: string[] }>();
  for await (const { name, wanted, verdictByBackEnd } of judge(published, backEnds)) {
    for (const [backEnd, verdict] of Object.entries(verdictByBackEnd)) {
      const count = counts.get(backEnd) ?? { cases: 0, wrong: [] };
      counts.set(backEnd, count);
      count.cases += 1;
      if (verdict !== wanted) count.wrong.push(name);
    }
  }
  return [...counts].map(([backEnd, count]) => ({ file: published.file, backEnd, ...count }));
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
