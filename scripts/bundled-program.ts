// A program of this repository as one file. Tests start the command line hundreds of times, and most of what a start takes is finding and reading
// its several hundred modules.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
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

/** What says which versions of other packages stand here, and how a program is put into one file. */
const always = [join(import.meta.dirname, '../pnpm-lock.yaml'), import.meta.filename];

interface Made {
  /** When it was begun, in ms since 1970. */
  readonly beganMs: number;
  /** Absolute paths of all that went in, and of what said where it stands. */
  readonly inputs: readonly string[];
}

/** The last line of the program says what it was made of, so that no other process can put the one in the place without the other. */
const madeOf = '\n//# made of ';

/**
 * Path of the program `source`, an absolute path to `PACKAGE/src/NAME.ts`, in one file, which is made unless there is one newer than all that went into it.
 * Files of tests that ask at once may each make it; what they put there is whole.
 */
export async function bundledProgram(source: string): Promise<string> {
  const folder = join(dirname(source), '../node_modules/.cache/programs');
  const path = join(folder, `${basename(source, '.ts')}.js`);
  if (isCurrent(path)) return path;
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
  const sources = Object.keys(metafile.inputs).map((input) => join(dirname(source), input));
  const inputs = [...always, ...manifestsOf(sources), ...sources];
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(
    beside,
    `${outputFiles[0]?.text ?? ''}${madeOf}${JSON.stringify({ beganMs, inputs } satisfies Made)}\n`,
  );
  renameSync(beside, path);
  return path;
}

/** Of the packages whose sources these are. */
function manifestsOf(sources: readonly string[]): readonly string[] {
  const folders = sources.flatMap((path) => /^(.*\/)src\/.*$/.exec(path)?.[1] ?? []);
  const manifests = folders.map((folder) => join(folder, 'package.json'));
  return [...new Set(manifests)].filter((path) => existsSync(path));
}

function isCurrent(path: string): boolean {
  try {
    const text = readFileSync(path, 'utf8');
    const { beganMs, inputs } = JSON.parse(text.slice(text.lastIndexOf(madeOf) + madeOf.length)) as Made;
    return inputs.every((input) => statSync(input).mtimeMs < beganMs);
  } catch {
    return false;
  }
}
