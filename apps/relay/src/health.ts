// How a relay is: what it says of itself, and how it is asked, by people, by runbooks and by what keeps containers alive.
import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BookId, parseBookId, parseScope, type Scope } from '@tallystick/oplog';
import type { RelayStore } from '@tallystick/relay-protocol';

/** `draining`: it is about to stop. `store`: the logs cannot be read, or not in time. `disk`: there is next to no room for more. */
export type Condition = 'ok' | 'draining' | 'store' | 'disk';

export interface Health {
  /** What it is fit for now. */
  condition(): Promise<Condition>;
  /** `/healthz/live` is 200 for as long as it answers at all; `/healthz` and `/healthz/ready` are 200 while pushes are best sent here, else 503. */
  answer(pathname: string): Promise<Response>;
  /** From now on it is not ready. */
  drain(): void;
}

const hq = parseScope('hq') as Scope;
const nobody = parseBookId('0'.repeat(64)) as BookId;
const storeTimeoutMs = 5_000;
/** A write-ahead log may take 32 MiB before it is folded, and what is being pushed comes on top. */
const minFreeBytes = 128 << 20;

export function createHealth(store: RelayStore, dataDir: string, freeBytes = freeBytesOf): Health {
  let isDraining = false;
  async function condition(): Promise<Condition> {
    if (isDraining) return 'draining';
    const late = sleep(storeTimeoutMs, 'late' as const, { ref: false });
    try {
      const asked = async (): Promise<void> => {
        await store.log(nobody, hq);
        // Of several servers: where this one cannot commit, pushes are best sent elsewhere.
        await store.confirm?.();
      };
      if ((await Promise.race([asked(), late])) === 'late') return 'store';
    } catch {
      return 'store';
    }
    return freeBytes(dataDir) < minFreeBytes ? 'disk' : 'ok';
  }
  return {
    condition,
    async answer(pathname) {
      if (pathname === '/healthz/live') return Response.json({ status: 'ok' });
      if (pathname !== '/healthz' && pathname !== '/healthz/ready')
        return Response.json({ status: 'unknown' }, { status: 404 });
      const status = await condition();
      return Response.json({ status }, { status: status === 'ok' ? 200 : 503 });
    },
    drain: () => void (isDraining = true),
  };
}

/** What an ordinary user may still write where `folder` is. */
export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const askTimeoutMs = 10_000;
const pauseMs = 100;

/** What the relay at `url` says of itself: `ready`, or why not. Asks until it is ready, or `waitSeconds` are over. */
export async function askHealth(url: string, waitSeconds: number): Promise<string> {
  const endMs = Date.now() + waitSeconds * 1000;
  for (;;) {
    const said = await askOnce(url);
    if (said === 'ready' || Date.now() >= endMs) return said;
    await sleep(pauseMs);
  }
}

async function askOnce(url: string): Promise<string> {
  try {
    const path = `${url.replace(/\/+$/, '')}/healthz`;
    const response = await fetch(path, { signal: AbortSignal.timeout(askTimeoutMs) });
    const { status } = (await response.json()) as { status?: unknown };
    return response.ok && status === 'ok' ? 'ready' : `not ready: ${String(status)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    return `no answer: ${cause || (error instanceof Error ? error.message : String(error))}`;
  }
}
