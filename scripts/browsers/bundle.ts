// The page, the worker and our own vectors as single files, from the sources as they stand.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Outcome } from './suite.ts';

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** With its binary inside, so that no page has to serve it. */
const sqlAsScript = fileURLToPath(import.meta.resolve('sql.js/dist/sql-wasm-inline.js'));

/** An ES module of one entry here with all it imports; vitest in it is `suite.ts`. */
async function bundleEntry(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [at(entry)],
    alias: { vitest: at('suite.ts'), 'node:crypto': at('node-crypto.ts'), 'sql.js': sqlAsScript },
    // sql.js asks for it where it finds itself in Node.
    external: ['node:fs'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`no bundle of ${entry}`);
  return file.text;
}

export interface Bundles {
  readonly page: string;
  readonly worker: string;
  readonly logWorker: string;
  /** Exports `runFixtureSuites`. */
  readonly suites: string;
}

interface Suites {
  runFixtureSuites(): Promise<Outcome[]>;
}

export async function bundlePage(): Promise<Bundles> {
  const entries = ['page.ts', 'worker.ts', 'log-worker.ts', 'fixture-suites.ts'];
  const [page = '', worker = '', logWorker = '', suites = ''] = await Promise.all(entries.map(bundleEntry));
  return { page, worker, logWorker, suites };
}

/** Our own vectors in Node, by the very bytes that a browser runs. */
export async function runSuitesInNode({ suites }: Bundles): Promise<Outcome[]> {
  // sql.js asks for `node:fs` by it, and a module that comes as a data URL has none of its own.
  Object.assign(globalThis, { require: createRequire(import.meta.url) });
  const url = `data:text/javascript;base64,${Buffer.from(suites).toString('base64')}`;
  const { runFixtureSuites } = (await import(url)) as Suites;
  return runFixtureSuites();
}
