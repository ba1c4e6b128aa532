// Keeps the page and all it needs, so that it opens without a network. The list of files is written here by the build; see vite.config.ts.
const cacheName = 'browser-pos __VERSION__';
const files = ['__FILES__'];

// A new version waits until no tab uses the old one, which may yet ask for parts of itself.
addEventListener('install', (event) => event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files))));
addEventListener('activate', (event) => event.waitUntil(removeOthers().then(() => clients.claim())));
addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== location.origin) return;
  event.respondWith(
    caches.match(event.request.mode === 'navigate' ? '/' : pathname).then((kept) => kept ?? fetch(event.request)),
  );
});

async function removeOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
}
