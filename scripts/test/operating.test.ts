// The runbooks of docs/operating.md, executed: every section `## Runbook: ...` is typed into a shell in an empty folder, and what it prints is held
// against what the page says.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';
import { followReadme, readmeSteps } from '../readme-run.ts';
import { freePorts } from '../free-ports.ts';
import { readDocument, repository } from './markdown.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-operating-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs = {
  relay: join(repository, 'apps/relay/src/main.ts'),
  tally: await bundledProgram(join(repository, 'apps/office/src/tally.ts')),
};
const bin = join(folder, 'bin');
const compileCache = join(repository, 'node_modules/.cache/tally');
mkdirSync(bin);
for (const [name, path] of Object.entries(programs)) {
  writeFileSync(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${path}" "$@"\n`);
  chmodSync(join(bin, name), 0o755);
}

/** The page with ports that nobody listens on. */
async function withFreePorts(text: string): Promise<string> {
  const named = [...new Set(text.match(/\b71\d\d\b/g))];
  const free = await freePorts(named.length);
  return text.replaceAll(/\b71\d\d\b/g, (port) => String(free[named.indexOf(port)]));
}

let runs = 0;
async function follow(page: string, heading: string): Promise<void> {
  const work = join(folder, String((runs += 1)));
  mkdirSync(work);
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
  // What is compiled once is kept beside the other things that tests make: a process starts three times as fast.
  const env = { NODE_COMPILE_CACHE: compileCache, ...process.env, PATH: path, LC_ALL: 'C' };
  await followReadme(readmeSteps(await withFreePorts(page), heading), work, env);
}

const page = readDocument('docs/operating.md');
const runbooks = [...page.matchAll(/^## (Runbook: .*)$/gm)].map(([, heading = '']) => heading);

describe('the runbooks', () => {
  it.each(runbooks)('%s', (heading) => follow(page, heading));

  it('are there for all that may happen, and no command stands outside of them', () => {
    const happens =
      /device is lost|key is stolen|relay lost|lose everything|damaged disk|clock is wrong|comes back at once/g;
    expect(runbooks.join().match(happens)).toHaveLength(7);
    const outside = page.split(/^## /m).filter((section) => !section.startsWith('Runbook: '));
    expect(outside.join('').match(/^```sh$/gm)).toBeNull();
  });

  it('are seen to fail: by a command, and by what it prints', async () => {
    const book = (commands: string, prints: string): string =>
      `## Runbook: x\n\n\`\`\`sh\n${commands}\n\`\`\`\n\n\`\`\`text\n${prints}\n\`\`\`\n`;
    await expect(follow(book('relay health http://127.0.0.1:7101', 'ready'), 'Runbook: x')).rejects.toThrow('failed');
    await expect(follow(book('echo away', 'ready'), 'Runbook: x')).rejects.toThrow('but print:\naway');
  });
});
