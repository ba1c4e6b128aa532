// `npm run vectors`: every published test vector in the folder that `TALLYSTICK_VECTORS` names (`../shared/vectors` otherwise),
// through every back end that this repository has for it. One line a file and back end; a case judged otherwise is a failure,
// and so is a missing folder where `CI` is set.
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portableHasher } from '@tallystick/chain';
import { nodeHasher } from '@tallystick/chain/node';
import { nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { nodeEd25519 } from '@tallystick/sign/node';
import { isValid } from '../witnesses/vectors/sign.mjs';
import { findBrowsers, runPage } from './browsers/browsers.ts';
import { bundlePage, runSuitesInNode } from './browsers/bundle.ts';
import {
  type BackEnds,
  type Case,
  type Judge,
  parseWycheproof,
  portableJudges,
  type PublishedFile,
} from './browsers/published-cases.ts';
import { type Tally, tallyFixtures, tallyVerdicts } from './browsers/tally.ts';
import type { VerdictList } from './browsers/verdicts.ts';
import { isMissing, sharedPath } from './test-environment.ts';

const ownJudges: readonly (readonly [file: RegExp, judge: Judge])[] = [
  [/^wycheproof-aes-gcm\.json$/, judgeAesGcm],
  [/^wycheproof-hkdf-sha256\.json$/, judgeHkdf],
];
const judges = [...portableJudges, ...ownJudges];

/** What a browser has, and node:crypto. */
const backEnds: BackEnds = {
  ed25519: { noble: nobleEd25519.verify, node: nodeEd25519.verify, webcrypto: webCryptoEd25519().verify },
  hashers: { portable: portableHasher, node: nodeHasher },
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

function judgeOf({ file }: PublishedFile): Judge | undefined {
  return judges.find(([pattern]) => pattern.test(file))?.[1];
}

async function casesOf(published: PublishedFile, judge: Judge): Promise<Case[]> {
  return Array.fromAsync(judge(published, backEnds));
}

/** Judges every file in Node; a file nothing here has a back end for is tallied under `none`. */
export async function tallyFiles(files: readonly PublishedFile[]): Promise<Tally[]> {
  const tallies: Tally[] = [];
  for (const published of files) {
    const judge = judgeOf(published);
    if (judge === undefined) tallies.push({ file: published.file, backEnd: 'none', cases: 0, wrong: [] });
    else tallies.push(...tallyCases(published.file, await casesOf(published, judge)));
  }
  return tallies;
}

function tallyCases(file: string, cases: readonly Case[]): Tally[] {
  const counts = new Map<string, { cases: number; wrong: string[] }>();
  for (const { name, wanted, verdictByBackEnd } of cases) {
    for (const [backEnd, verdict] of Object.entries(verdictByBackEnd)) {
      const count = counts.get(backEnd) ?? { cases: 0, wrong: [] };
      counts.set(backEnd, count);
      count.cases += 1;
      if (verdict !== wanted) count.wrong.push(name);
    }
  }
  if (counts.size === 0) return [{ file, backEnd: 'any', cases: 0, wrong: ['it holds no case'] }];
  return [...counts].map(([backEnd, count]) => ({ file, backEnd, ...count }));
}

/** What every back end of a browser must say of every file that a browser judges. */
export async function wantedVerdicts(files: readonly PublishedFile[]): Promise<VerdictList[]> {
  const lists: VerdictList[] = [];
  for (const published of files) {
    const judge = portableJudges.find(([pattern]) => pattern.test(published.file))?.[1];
    if (judge === undefined) continue;
    const cases = await casesOf(published, judge);
    const verdicts = cases.map(({ name, wanted }) => [name, wanted] as const);
    const names = Object.keys(cases[0]?.verdictByBackEnd ?? {}).filter((backEnd) => backEnd !== 'node');
    lists.push(...names.map((backEnd) => ({ file: published.file, backEnd, verdicts })));
  }
  return lists;
}

/** The published cases and our own vectors in each browser there is. */
async function tallyBrowsers(files: readonly PublishedFile[]): Promise<Tally[]> {
  const bundles = await bundlePage();
  const [wanted, inNode] = [await wantedVerdicts(files), await runSuitesInNode(bundles)];
  const tallies: Tally[] = [];
  for (const browser of findBrowsers()) {
    if (isMissing(browser.needs, browser.open)) continue;
    const report = await runPage(browser, bundles, files);
    console.log(`${browser.name}: ${report.userAgent}`);
    isMissing(`Ed25519 in the WebCrypto of ${browser.name}`, report.hasEd25519);
    tallies.push(...tallyVerdicts(browser.name, report, wanted), ...tallyFixtures(browser.name, report, inNode));
  }
  return tallies;
}

/** The folder of published vectors, or undefined where there is none. */
export function publishedFolder(): string | undefined {
  const named = process.env['TALLYSTICK_VECTORS'];
  if (named === undefined) return sharedPath('vectors');
  return existsSync(named) ? named : undefined;
}

async function main(): Promise<void> {
  const folder = publishedFolder();
  if (isMissing('the folder of outside vectors', folder) || folder === undefined) return;
  const files = readPublished(folder);
  const inNode = await tallyFiles(files);
  const tallies = [...inNode, ...(await tallyBrowsers(files))];
  for (const { file, backEnd, cases, wrong } of tallies) {
    const verdict = backEnd === 'none' ? 'not run: nothing here implements it' : wrong.length === 0 ? 'PASS' : 'FAIL';
    console.log(`${file} back-end=${backEnd} cases=${cases} wrong=${wrong.length} ${verdict}`);
    for (const name of wrong.slice(0, 5)) console.log(`  ${name}`);
  }
  const run = tallies.filter(({ backEnd }) => backEnd !== 'none');
  const wrong = run.reduce((sum, tally) => sum + tally.wrong.length, 0);
  console.log(`outside vectors: ${run.reduce((sum, { cases }) => sum + cases, 0)} verdicts, ${wrong} wrong`);
  const isEmpty = inNode.every(({ backEnd }) => backEnd === 'none');
  if (isEmpty) console.log(`nothing in ${folder} is a file of cases`);
  if (wrong > 0 || isEmpty || run.some(({ cases }) => cases === 0)) process.exitCode = 1;
}

if (import.meta.main) await main();
