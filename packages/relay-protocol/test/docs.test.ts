// README.md and docs/spec/relay.md say what the code does.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../src/index.ts';
import { statusByCode } from '../src/errors.ts';
import { verdicts, warnings } from '../src/verdict.ts';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${packageRoot}README.md`, 'utf8');
const spec = readFileSync(new URL('../../../docs/spec/relay.md', import.meta.url), 'utf8');

function fenced(markdown: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(markdown)?.[1];
  if (found === undefined) throw new Error(`no ${language} sample`);
  return found;
}

describe('README', () => {
  it('has a sample that prints what it says', () => {
    const args = ['--input-type=module-typescript', '--eval', fenced(readme, 'ts')];
    expect(execFileSync(process.execPath, args, { cwd: packageRoot, encoding: 'utf8' })).toBe(fenced(readme, 'text'));
  });

  it('names every export', async () => {
    const entries = [await import('@tallystick/relay-protocol'), await import('@tallystick/relay-protocol/node')];
    const names = entries.flatMap((entry) => Object.keys(entry));
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('or the spec names every code', () => {
    const source = readFileSync(`${packageRoot}src/errors.ts`, 'utf8');
    const codes = [...source.matchAll(/'(relay\/[a-z-]+)'/g)].map(([, code]) => code as string);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !readme.includes(`\`${code}\``) && !spec.includes(`\`${code}\``))).toEqual([]);
  });
});

describe('spec', () => {
  it('has every refusal with its status', () => {
    for (const [code, status] of Object.entries(statusByCode)) expect(spec).toContain(`| \`${code}\` | ${status} |`);
  });

  it('has every verdict and warning', () => {
    for (const verdict of verdicts) expect(spec).toContain(`| \`${verdict}\` |`);
    for (const warning of warnings) expect(spec).toContain(`\`${warning}\``);
  });

  it('has the limits', () => {
    const { maxBatchOps, maxBatchBytes, maxPageOps, maxPageBytes, maxForks, maxPushesInFlight, maxBooks } =
      defaultLimits;
    expect([maxBatchOps, maxBatchBytes, maxPageOps, maxPageBytes]).toEqual([1_000, 4 << 20, 2_000, 4 << 20]);
    expect([maxForks, maxPushesInFlight, maxBooks, defaultLimits.maxScopes]).toEqual([256, 64, 10_000, 10_000]);
    for (const value of ['1,000', '4 MiB', '2,000 and 4 MiB', '256', '64', '10,000 each']) {
      expect(spec).toContain(`| ${value} |`);
    }
  });
});
