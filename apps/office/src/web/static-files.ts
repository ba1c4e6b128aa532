// Serves the files of one folder, read when asked for: the built till, with the headers a PWA needs.
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { type Handler, HttpRefusal } from './http.ts';

const types: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json'],
  ['.webmanifest', 'application/manifest+json'],
  ['.wasm', 'application/wasm'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.txt', 'text/plain; charset=utf-8'],
]);

/** Files whose name carries a hash of their content never change; everything else is asked for again each time. */
const hashed = /-[\w-]{8,}\.\w+$/;

/** A handler that answers GET and HEAD out of `folder`; a folder path means its `index.html`. */
export function staticFiles(folder: string): Handler {
  return async (request, response, url) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new HttpRefusal(405, 'office/method', 'only GET is answered here');
    const path = await locate(folder, url.pathname);
    const body = path === undefined ? undefined : await readFile(path).catch(() => undefined);
    if (path === undefined || body === undefined)
      throw new HttpRefusal(404, 'office/not-found', `${url.pathname} is not here`);
    response.writeHead(200, {
      'content-type': types.get(extname(path)) ?? 'application/octet-stream',
      'content-length': body.length,
      'cache-control': hashed.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** The real path of a file below `folder`, or undefined: neither `..` nor a link leads out of it. */
async function locate(folder: string, pathname: string): Promise<string | undefined> {
  const decoded = decode(pathname);
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  const wanted = join(folder, decoded.endsWith('/') ? `${decoded}index.html` : decoded);
  const [root, path] = await Promise.all(
    [realpath(folder), realpath(wanted)].map((found) => found.catch(() => undefined)),
  );
  return root !== undefined && path?.startsWith(`${root}${sep}`) === true ? path : undefined;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}
