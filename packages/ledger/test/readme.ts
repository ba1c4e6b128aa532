/** Runs the samples of a README as its reader would: in a folder of their own, with the packages installed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a README promises. */
export interface Readme {
  readonly text: string;
  /** Each sample with the output that the README says it prints. */
  readonly samples: readonly { readonly source: string; readonly prints: string }[];
}

export function readReadme(packageName: string): Readme {
  const text = readFileSync(repositoryPath(`packages/${packageName}/README.md`), 'utf8');
  const fenced = (language: string): string[] =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, body]) => body ?? '');
  const prints = fenced('text');
  const samples = fenced('ts').map((source, index) => ({ source, prints: prints[index] ?? '' }));
  return { text, samples };
}

/** What a sample really prints. */
export function runSample(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(repositoryPath('node_modules/@tallystick'), join(folder, 'node_modules/@tallystick'));
    symlinkSync(repositoryPath('packages/ledger/node_modules/zod'), join(folder, 'node_modules/zod'));
    const args = ['--input-type=module-typescript', '--eval', source];
    return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every refusal code that stands in a package's sources. */
export function codesOf(packageName: string): readonly string[] {
  const folder = repositoryPath(`packages/${packageName}/src`);
  const source = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const codes = [...source.matchAll(/refuse\(\s*'([a-z]+\/[a-z-]+)'/g)].map(([, code]) => code ?? '');
  return [...new Set(codes)].sort();
}

/** Every code that the tests of a package name. */
export function testedCodes(packageName: string): ReadonlySet<string> {
  const folder = repositoryPath(`packages/${packageName}/test`);
  const source = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  return new Set([...source.matchAll(/'([a-z]+\/[a-z-]+)'/g)].map(([, code]) => code ?? ''));
}

function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}
