/** The repository's Markdown as its readers take it: samples that they run, links that they follow, commands that they type. */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
export const repository: string = fileURLToPath(new URL('../../', import.meta.url));

export interface Sample {
  /** File and line, as an editor takes it. */
  readonly place: string;
  readonly source: string;
  /** What it says it prints: the text block after it, or the comments that end its `console.log` lines. '' when it says nothing. */
  readonly prints: string;
}

/** Paths of every document, relative to the repository. */
export function documents(): readonly string[] {
  const patterns = [
    '*.md',
    'docs/**/*.md',
    '{packages,apps,bench,examples}/*/README.md',
    '{bench,witnesses}/README.md',
  ];
  return globSync(patterns, { cwd: repository, exclude: ['**/node_modules/**'] }).sort();
}

export function readDocument(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** Every `ts` block of a document. */
export function samplesOf(path: string, text: string): readonly Sample[] {
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, source = ''], index): Sample[] => {
    if (language !== 'ts') return [];
    const line = text.slice(0, blocks[index]?.index).split('\n').length;
    const next = blocks[index + 1];
    const prints = next?.[1] === 'text' ? (next[2] ?? '') : commentsOf(source);
    return [{ place: `${path}:${line}`, source, prints }];
  });
}

function commentsOf(source: string): string {
  const comments = [...source.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
  return comments.map((comment) => `${comment}\n`).join('');
}

/** Puts samples into a folder that looks like a reader's project: the packages and their peers are installed, nothing else is there. */
export function installSamples(folder: string, samples: readonly Sample[]): readonly string[] {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const [name, target] of [
    ['@bufbuild', 'packages/guards/node_modules/@bufbuild'],
    ['@tallystick', 'node_modules/@tallystick'],
    ['@types', 'node_modules/@types'],
    ['better-sqlite3', 'node_modules/better-sqlite3'],
    ['eslint', 'packages/eslint-plugin/node_modules/eslint'],
    ['sql.js', 'node_modules/sql.js'],
    ['zod', 'node_modules/zod'],
  ] as const)
    symlinkSync(join(repository, target), join(modules, name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const config = {
    extends: join(repository, 'tsconfig.base.json'),
    compilerOptions: { types: ['node'], declaration: false, isolatedDeclarations: false },
    include: ['*/sample.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  return samples.map(({ source }, index) => {
    // Each runs in a folder of its own: samples write files.
    mkdirSync(join(folder, String(index)));
    const path = join(folder, String(index), 'sample.ts');
    writeFileSync(path, source);
    return path;
  });
}

/** What a sample really prints. Rejects when it fails. */
export async function runSample(path: string): Promise<string> {
  const { stdout } = await execute(process.execPath, [path], { cwd: join(path, '..') });
  return stdout;
}

/** What the type checker says against the samples, '' when nothing. */
export async function checkSamples(folder: string): Promise<string> {
  const tsc = join(repository, 'node_modules/@typescript/native/bin/tsc');
  return execute(process.execPath, [tsc, '--project', join(folder, 'tsconfig.json')]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

/** Targets of links into the repository. */
export function localLinks(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Names of the npm scripts that a document tells its readers to run. */
export function npmCommands(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, name = '']) => name);
}
