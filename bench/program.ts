/**
 * Programs that are measured in a process of their own, so that no run finds warm code or another run's memory. Each is built into one JavaScript file
 * first, as an application ships: reading TypeScript would cost time and memory that no user pays.
 */
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'tsup';

const execute = promisify(execFile);

/** Builds a program of this folder; answers where it stands. Packages with native code or wasm stay outside. */
export async function buildProgram(source: URL, folder: string): Promise<string> {
  await build({
    entry: [fileURLToPath(source)],
    outDir: folder,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    external: ['better-sqlite3', 'sodium-native', 'sql.js', 'pg-native'],
    outExtension: () => ({ js: '.mjs' }),
    splitting: false,
    // Drivers of databases are CommonJS, and ask for Node's own modules by `require`.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
    },
    config: false,
    clean: false,
    silent: true,
  });
  return join(folder, `${basename(fileURLToPath(source), '.ts')}.mjs`);
}

/** Runs a built program, which prints one JSON object. */
export async function runProgram<T>(program: string, args: readonly string[]): Promise<T> {
  const { stdout } = await execute(process.execPath, [program, ...args], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as T;
}
