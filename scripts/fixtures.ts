// Writes the vectors, or with `--check` compares them: each `fixtures/<protocol>/generate.ts` exports `generate`, which
// returns file names and their text, and nothing else but sources may stand beside it.
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Generate = () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

const kept = /^(?:published|README\.md|[a-z-]+\.ts)$/;

/** Differences between what the generators under `root` make and what is there, one line each; `checked` counts the files. */
export async function checkFixtures(root: string): Promise<{ checked: number; differences: string[] }> {
  const differences: string[] = [];
  let checked = 0;
  for (const generator of generators(root)) {
    const folder = dirname(generator);
    const made = await run(generator);
    for (const [name, text] of Object.entries(made)) {
      checked += 1;
      const present = readdirSync(folder).includes(name) ? readFileSync(join(folder, name), 'utf8') : undefined;
      if (present === undefined) differences.push(`${basename(folder)}/${name} is missing`);
      else if (present !== text) differences.push(`${basename(folder)}/${name} is not what its generator makes`);
    }
    for (const name of readdirSync(folder)) {
      const isKnown = kept.test(name) || Object.hasOwn(made, name);
      if (!isKnown) differences.push(`${basename(folder)}/${name} is made by no generator`);
    }
  }
  return { checked, differences };
}

export async function writeFixtures(root: string): Promise<number> {
  let written = 0;
  for (const generator of generators(root)) {
    for (const [name, text] of Object.entries(await run(generator))) {
      writeFileSync(join(dirname(generator), name), text);
      written += 1;
    }
  }
  return written;
}

function generators(root: string): string[] {
  return globSync('fixtures/*/generate.ts', { cwd: root })
    .sort()
    .map((path) => join(root, path));
}

async function run(generator: string): Promise<Readonly<Record<string, string>>> {
  const module = (await import(pathToFileURL(generator).href)) as { generate?: Generate };
  if (module.generate === undefined) throw new Error(`${generator} exports no generate()`);
  return module.generate();
}

async function main(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  if (!process.argv.includes('--check')) {
    console.log(`fixtures: ${await writeFixtures(root)} files written`);
    return;
  }
  const { checked, differences } = await checkFixtures(root);
  for (const line of differences) console.log(line);
  console.log(`vectors: ${checked} files, ${differences.length} differences`);
  if (differences.length > 0 || checked === 0) process.exitCode = 1;
}

if (import.meta.main) await main();
