// A program of this repository as one file. Tests start the command line hundreds of times, and most of what a start takes is finding and reading
// its several hundred modules.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** Native, or CommonJS, or looking for files beside themselves. The program's own package must name each that it reaches. */
const external = ['better-sqlite3', 'esbuild', 'imapflow', 'nodemailer', 'sql.js'];

/** CommonJS that was taken in asks for Node's modules by this. */
const banner = `import { createRequire as createOuterRequire } from 'node:module';
const require = createOuterRequire(import.meta.url);`;

/** Each source goes on knowing where it stands, as files beside it are found from there. */
const knowingItsPlace: Plugin = {
  name: 'knowing-its-place',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      return { loader: 'ts', contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) };
    });
  },
};

interface Made {
  /** When it was begun, in ms since 1970. */
  readonly beganMs: number;
  /** Absolute paths of all that went in. */
  readonly inputs: readonly string[];
}

/**
 * Path of the program `source`, an absolute path to `PACKAGE/src/NAME.ts`, in one file, which is made unless there is one newer than all that went into it.
 * Files of tests that ask at once may each make it; what they put there is whole and the same.
 */
export async function bundledProgram(source: string): Promise<string> {
  const folder = join(dirname(source), '../node_modules/.cache/programs');
  const name = basename(source, '.ts');
  const [path, notes] = [join(folder, `${name}.js`), join(folder, `${name}.json`)];
  if (isCurrent(path, notes)) return path;
  mkdirSync(folder, { recursive: true });
  const beganMs = Date.now();
  const { outputFiles, metafile } = await build({
    entryPoints: [source],
    absWorkingDir: dirname(source),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: { js: banner },
    external,
    plugins: [knowingItsPlace],
    logLevel: 'error',
  });
  const inputs = Object.keys(metafile.inputs).map((input) => join(dirname(source), input));
  // Away before the file changes, and back after it: at no time do they speak of another one.
  rmSync(notes, { force: true });
  put(path, outputFiles[0]?.contents ?? '');
  put(notes, JSON.stringify({ beganMs, inputs } satisfies Made));
  return path;
}

function isCurrent(path: string, notes: string): boolean {
  try {
    statSync(path);
    const { beganMs, inputs } = JSON.parse(readFileSync(notes, 'utf8')) as Made;
    return inputs.every((input) => statSync(input).mtimeMs < beganMs);
  } catch {
    return false;
  }
}

function put(path: string, contents: string | Uint8Array): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, contents);
  renameSync(beside, path);
}
