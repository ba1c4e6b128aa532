// The office page: its markup, style and icon as they stand in `src/page`, and its script bundled once when the office starts.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Handler } from './http.ts';

const folder = fileURLToPath(new URL('../page/', import.meta.url));

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Answers the paths of the page; false for any other. */
export function createPageHandler(): (...call: Parameters<Handler>) => boolean {
  const bundle = buildSync({
    entryPoints: [`${folder}page.ts`],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
  });
  const markup = readFileSync(`${folder}index.html`, 'utf8');
  const styles = [...markup.matchAll(/href="\/([a-z]+\.css)"/g)].map(([, name = '']) => name);
  const files = new Map<string, [type: string, body: string | Uint8Array]>([
    ['/', ['text/html; charset=utf-8', markup]],
    ...styles.map((name): [string, [string, Buffer]] => [
      `/${name}`,
      ['text/css; charset=utf-8', readFileSync(`${folder}${name}`)],
    ]),
    ['/icon.svg', ['image/svg+xml', readFileSync(`${folder}icon.svg`)]],
    ['/page.js', ['text/javascript; charset=utf-8', bundle.outputFiles[0]?.text ?? '']],
  ]);
  return (request, response, url) => {
    const file = files.get(url.pathname);
    if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    response.writeHead(200, { 'content-type': file[0], ...headers });
    response.end(request.method === 'HEAD' ? undefined : file[1]);
    return true;
  };
}
