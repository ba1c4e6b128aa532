// The service worker: keeps one whole version of the app, and serves it with the network on or off. A version is installed
// completely or not at all, and is replaced only when the page asks for it or no tab uses the old one.
import { routeOf } from './routes.ts';

interface WaitEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends WaitEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface WorkerScope {
  readonly location: Location;
  readonly caches: CacheStorage;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: WaitEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: RequestEvent) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

// Filled in by the build: every file of this version, and a hash over their contents.
declare const __PRECACHE__: { readonly version: string; readonly files: readonly string[] };

const precache = __PRECACHE__;
const cacheName = `tallystick-till-${precache.version}`;
const files: ReadonlySet<string> = new Set(precache.files);
const scope = globalThis as unknown as WorkerScope;

scope.addEventListener('install', (event) => {
  event.waitUntil(install());
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(dropOldVersions().then(() => scope.clients.claim()));
});

scope.addEventListener('message', (event) => {
  if (event.data === 'take-over') void scope.skipWaiting();
});

scope.addEventListener('fetch', (event) => {
  const route = routeOf(event.request, scope.location.origin, files);
  if (route.kind === 'network') return;
  event.respondWith(serve(route.kind === 'shell' ? '/' : route.path, event.request));
});

async function install(): Promise<void> {
  const cache = await scope.caches.open(cacheName);
  await cache.addAll(precache.files.map((path) => new Request(path, { cache: 'reload' })));
}

async function dropOldVersions(): Promise<void> {
  for (const name of await scope.caches.keys()) {
    if (name.startsWith('tallystick-till-') && name !== cacheName) await scope.caches.delete(name);
  }
}

async function serve(path: string, request: Request): Promise<Response> {
  const cache = await scope.caches.open(cacheName);
  return (await cache.match(path)) ?? fetch(request);
}
