// The published Ed25519 cases in Chromium: runs the browser test of the sign package and reads the counts it leaves in its report.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tally } from './outside-vectors.ts';
import { chromiumPath, isMissing } from './test-environment.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Cases judged, by file and back end. */
    outsideVectors?: readonly { readonly file: string; readonly backEnd: string; readonly cases: number }[];
  }
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly meta?: { readonly outsideVectors?: readonly Omit<Tally, 'wrong'>[] };
    }[];
  }[];
}

/** One tally a file and back end; none, said aloud, where there is no Chromium. A test that fails is a wrong case. */
export function runInChromium(): Tally[] {
  if (isMissing('Chromium', chromiumPath())) return [];
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-vectors-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'browser', '--reporter=json'];
    const test = 'packages/sign/test/ed25519.browser.test.ts';
    const root = fileURLToPath(new URL('..', import.meta.url));
    spawnSync(process.execPath, [...vitest, `--outputFile=${report}`, test], { cwd: root, stdio: 'ignore' });
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = results.filter(({ status }) => status !== 'passed').map(({ fullName }) => fullName);
    const tallies = results.flatMap(({ meta }) => meta?.outsideVectors ?? []);
    const named = tallies.length > 0 ? tallies : [{ file: test, backEnd: 'Chromium', cases: 0 }];
    return named.map((tally) => ({ ...tally, wrong: failed }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
