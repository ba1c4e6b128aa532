// Which requests the service worker answers from its own copy of the app, and with what.

export type Route =
  | { readonly kind: 'network' }
  /** The app's page, whatever its address says after the path. */
  | { readonly kind: 'shell' }
  | { readonly kind: 'asset'; readonly path: string };

export interface RoutedRequest {
  readonly method: string;
  readonly url: string;
}

/** `files` are the paths of the build; everything that is not one of them, and not the page, is the network's. */
export function routeOf(request: RoutedRequest, origin: string, files: ReadonlySet<string>): Route {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin) return { kind: 'network' };
  if (url.pathname === '/' || url.pathname === '/index.html') return { kind: 'shell' };
  if (files.has(url.pathname)) return { kind: 'asset', path: url.pathname };
  return { kind: 'network' };
}
