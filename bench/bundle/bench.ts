/** What the protocol core and the kernel weigh in a browser: minified and gzipped, each with all it needs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleKernel, gzippedBytes, kernelAlone, wholeKernel } from '../../scripts/kernel-bundle.ts';
import { type Case, mustBe, type Suite } from '../suite.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const core = ['oplog', 'chain', 'sign'] as const;

interface Weighed {
  readonly minified: number;
  readonly gzipped: number;
}

export const bundle: Suite = {
  name: 'bundle',
  summary: 'bytes of the protocol core and of the kernel in a browser: minified, gzipped',
  prepare: async () => ({
    cases: [
      bundleCase(
        'bundle-protocol',
        core.map((name) => `@tallystick/${name}`),
      ),
      bundleCase('bundle-protocol-every-entry', core.flatMap(portableEntries)),
      ...core.map((name) => bundleCase(`bundle-${name}`, [`@tallystick/${name}`])),
      kernelCase(),
    ],
    close: async () => undefined,
  }),
};

function bundleCase(name: string, modules: readonly string[]): Case {
  return {
    figures: [{ name, unit: 'bytes' }],
    count: async () => ({ minifiedBytes: (await weigh(modules)).minified, entries: modules.length }),
    run: async () => {
      const { minified, gzipped } = await weigh(modules);
      mustBe('the bundle holds its packages', minified > 1_000, true);
      return [gzipped];
    },
  };
}

/** What is loaded when a book opens: with the store of a browser, without it, and with a relay's client besides; and what comes later (docs/decisions/026-what-loads-when.md). */
function kernelCase(): Case {
  const withRelay = `${wholeKernel}
    import { createRelayClient } from '@tallystick/relay-protocol/client';
    console.log(createRelayClient);`;
  const names = ['bundle-kernel', 'bundle-kernel-later', 'bundle-kernel-alone', 'bundle-kernel-with-relay'];
  return {
    figures: names.map((name) => ({ name, unit: 'bytes' })),
    count: async () => {
      const { first, later } = await bundleKernel(wholeKernel);
      return {
        minifiedBytes: first.reduce((sum, { contents }) => sum + contents.length, 0),
        files: first.length,
        laterFiles: later.length,
      };
    },
    run: async () => {
      const { first, later } = await bundleKernel(wholeKernel);
      const [alone, relay] = [await bundleKernel(kernelAlone), await bundleKernel(withRelay)];
      return [first, later, alone.first, relay.first].map(gzippedBytes);
    },
  };
}

/** Every entry of a package that runs without Node. */
function portableEntries(name: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== './node');
  return entries.map((entry) => `@tallystick/${name}${entry.slice(1)}`);
}

/**
 * All exports of the modules in one script, nothing left outside: an import of Node would fail the build. As in the bundle of an application, the code
 * of every export is in it and their names are not; licences are.
 */
async function weigh(modules: readonly string[]): Promise<Weighed> {
  const { outputFiles } = await build({
    stdin: {
      contents: modules.map((name) => `export * from '${name}';`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new TypeError('nothing was built');
  return { minified: file.contents.length, gzipped: gzipSync(file.contents, { level: 9 }).length };
}
