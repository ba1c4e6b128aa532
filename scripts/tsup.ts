// The one tsup configuration every library package uses: ESM, source maps and declarations, one output file an entry.
import { defineConfig, type Options } from 'tsup';

/** `entries` are the names of the package's entry points: `index` for `.`, `node` for `./node`. */
export function library(entries: readonly string[]): Options {
  return defineConfig({
    entry: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
    format: ['esm'],
    target: 'es2022',
    platform: 'neutral',
    external: [/^node:/],
    dts: { compilerOptions: { types: ['node'] } },
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    removeNodeProtocol: false,
    outDir: 'dist',
  }) as Options;
}
