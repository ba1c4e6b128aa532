import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** Tells the service worker which files to keep. */
const offline: Plugin = {
  name: 'offline',
  apply: 'build',
  closeBundle() {
    const files = readdirSync('dist/assets')
      .sort()
      .map((file) => `/assets/${file}`);
    const version = createHash('sha256')
      .update(readFileSync('dist/index.html'))
      .update(files.join())
      .digest('hex')
      .slice(0, 16);
    const worker = readFileSync('dist/sw.js', 'utf8');
    writeFileSync(
      'dist/sw.js',
      worker.replace("['__FILES__']", JSON.stringify(['/', ...files])).replace('__VERSION__', version),
    );
  },
};

export default defineConfig({
  plugins: [offline],
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0 },
});
