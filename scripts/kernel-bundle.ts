// The kernel in a browser as a bundler parts it (docs/decisions/026-what-loads-when.md): the files that a program has loaded when it opens a book, and
// those that come when something is first asked. Run as a program it holds the weight of both, without the SQL engine, to a budget.
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from './packages.ts';

export interface BundledFile {
  readonly name: string;
  readonly contents: Uint8Array;
}

export interface KernelBundle {
  readonly first: readonly BundledFile[];
  readonly later: readonly BundledFile[];
}

/** Everything that the kernel exports, and the store of a browser. */
export const wholeKernel: string = `
export * from '@tallystick/kernel';
export { browserStore } from '@tallystick/kernel/browser';`;

/** The same without a place to keep anything: for a program that has a store of its own. */
export const kernelAlone: string = "export * from '@tallystick/kernel';";

/** Bundles a program. Throws where a part stands in the first files, or anything is in it that no kernel needs: the schema library of its verbs is the program's. */
export async function bundleKernel(program: string): Promise<KernelBundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root, sourcefile: 'program.js' },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['sql.js'],
    legalComments: 'none',
    outdir: 'bundle',
    absWorkingDir: root,
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const { outputs } = metafile;
  const begin = Object.keys(outputs).find((path) => outputs[path]?.entryPoint?.endsWith('program.js'));
  const first = new Set(begin === undefined ? [] : [begin]);
  for (const path of first) {
    for (const { path: next, kind, external } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && external !== true) first.add(next);
    for (const source of Object.keys(outputs[path]?.inputs ?? {})) mustBeNeeded(source);
  }
  if (first.size === 0) throw new Error('nothing was bundled');
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
  const isFirst = ({ name }: BundledFile): boolean => first.has(`bundle/${name}`);
  return { first: files.filter(isFirst), later: files.filter((file) => !isFirst(file)) };
}

function mustBeNeeded(source: string): void {
  if (/\/(?:zod|sql\.js|preact|@noble\/ed25519)\/|\/part-[a-z]+\.ts$|\/indexed-db-log\.ts$/.test(source))
    throw new Error(`${source} is in the first file of the kernel`);
}

/** Sum of the files as a server sends them, each by itself. */
export function gzippedBytes(files: readonly BundledFile[]): number {
  return files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

/** In bytes: the first files, and all of them together. Whoever raises one says in the decision what it bought. */
const budget = { first: 48_400, together: 105_700 } as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { first, later } = await bundleKernel(wholeKernel);
  const weights = { first: gzippedBytes(first), together: gzippedBytes([...first, ...later]) };
  for (const when of ['first', 'together'] as const) {
    console.log(`kernel in a browser, ${when}: ${weights[when]} of ${budget[when]} bytes`);
    if (weights[when] > budget[when]) process.exitCode = 1;
  }
}
