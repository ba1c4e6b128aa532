// Registers the service worker that makes the till start without a network, and says when a new version waits. The new
// version takes over only when somebody asks for it: never under a sale.

export async function registerServiceWorker(onUpdate: (restart: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker.register('/sw.js').catch(() => undefined);
  if (registration === undefined) return;
  const offer = (waiting: ServiceWorker): void => onUpdate(() => takeUpdate(waiting));
  if (registration.waiting !== null && navigator.serviceWorker.controller !== null) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const installing = registration.installing;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed' && navigator.serviceWorker.controller !== null) offer(installing);
    });
  });
}

/** Asks now whether there is a newer version; `onUpdate` hears of it. */
export async function lookForUpdate(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  // Without a network there is none to be had.
  await registration?.update().catch(() => undefined);
}

function takeUpdate(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take-over');
}
