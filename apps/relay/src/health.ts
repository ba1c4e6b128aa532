// How a relay is, asked from outside: by people, by runbooks, and by what keeps containers alive.
import { setTimeout as sleep } from 'node:timers/promises';

const askTimeoutMs = 5_000;
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
