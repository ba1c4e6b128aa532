// The till's build: the page, its worker, and a service worker that carries the list of everything the two need.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import manifest from './package.json' with { type: 'json' };

const root = fileURLToPath(new URL('.', import.meta.url));
const dist = join(root, 'dist');

/** Puts the paths and a version hash of all built files into dist/sw.js. */
function precache(): Plugin {
  return {
    name: 'precache',
    apply: 'build',
    closeBundle() {
      const worker = join(dist, 'sw.js');
      const files = filesUnder(dist).filter((path) => path !== worker);
      const hash = createHash('sha256');
      for (const file of files) hash.update(relative(dist, file)).update(readFileSync(file));
      const paths = files.map((file) => `/${relative(dist, file).split(sep).join('/')}`.replace('/index.html', '/'));
      const list = JSON.stringify({ version: hash.digest('hex').slice(0, 16), files: paths });
      const code = readFileSync(worker, 'utf8');
      if (!code.includes('__PRECACHE__')) throw new Error('dist/sw.js has no place for the list of files');
      writeFileSync(worker, code.replaceAll('__PRECACHE__', list));
    },
  };
}

const jsonSchemaLines = [
  /^ *inst\._zod\.processJSONSchema = .*$/gm,
  /^ *(?:in|out)put: createStandardJSONSchemaMethod\(.*$/gm,
  /^ *return createToJSONSchemaMethod\(.*$/gm,
];

/**
 * Leaves out that every schema of zod can be shown as a JSON schema, which a till never asks for: no bundler can, because the methods hang on all schemas, and they weigh a
 * twentieth of what a start fetches. Where zod says it in other words the build fails.
 */
function withoutJsonSchemas(): Plugin {
  return {
    name: 'without-json-schemas',
    transform(code, id) {
      if (!id.endsWith('/zod/v4/classic/schemas.js')) return undefined;
      return jsonSchemaLines.reduce((left, line) => {
        if (left.search(line) < 0) throw new Error(`zod has no ${String(line)} any more`);
        return left.replaceAll(line, '');
      }, code);
    },
  };
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const config: UserConfig = defineConfig({
  root,
  base: '/',
  define: { __APP_VERSION__: JSON.stringify(manifest.version) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [precache(), withoutJsonSchemas()],
  // Hints for a bundler, which nothing bundles any more: half a kilobyte of what a start fetches.
  worker: {
    format: 'es',
    plugins: () => [withoutJsonSchemas()],
    rolldownOptions: { output: { comments: { annotation: false } } },
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: join(root, 'index.html'), sw: join(root, 'src/sw/sw.ts') },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});

export default config;
