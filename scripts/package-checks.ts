// Checks what would be published: packs every public package, runs publint and attw on the tarball (where the published
// `exports` stand), and holds the size budgets of `.size-limit.json`. All checks run; any problem fails the whole.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { buildPackages, packPackage, publicPackages, root } from './packages.ts';

let problems = 0;

function report(what: string, lines: readonly string[]): void {
  console.log(`${lines.length === 0 ? 'ok  ' : 'FAIL'}  ${what}`);
  for (const line of lines) console.log(`      ${line}`);
  problems += lines.length;
}

async function checkWithPublint(tarball: string): Promise<string[]> {
  const bytes = readFileSync(tarball);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true, level: 'warning' });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

function runTool(script: string, args: readonly string[]): string[] {
  return runScript(join('node_modules', script), args);
}

function runScript(script: string, args: readonly string[] = []): string[] {
  const ended = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return ended.status === 0 ? [] : `${ended.stdout}${ended.stderr}`.trim().split('\n');
}

buildPackages();
const folder = mkdtempSync(join(tmpdir(), 'tallystick-pack-'));
try {
  for (const checked of publicPackages()) {
    const tarball = packPackage(checked, folder);
    report(`${checked.name} publint`, await checkWithPublint(tarball));
    const attw = ['--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii'];
    report(`${checked.name} attw`, runTool('@arethetypeswrong/cli/dist/index.js', [tarball, ...attw]));
  }
  report('the weight of the kernel in a browser', runScript('scripts/kernel-bundle.ts'));
  report('size budgets', runTool('size-limit/bin.js', []));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`package checks: ${problems === 0 ? 'no problems' : 'problems found'}`);
if (problems > 0) process.exitCode = 1;
