import type { SyncReport } from '@tallystick/kernel';
import { RelayError } from '@tallystick/relay-protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSyncLoop, type SyncLoop } from '../src/engine/sync-loop.ts';
import { nextDelayMs, soonMs, steadyMs } from '../src/model/backoff.ts';

const done: SyncReport = { pushed: 0, notTaken: [], warned: [], settled: 0, refolded: 0 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(exchange: () => Promise<SyncReport>, hasNetwork: () => boolean = () => true): SyncLoop {
  const onChange = vi.fn();
  return createSyncLoop({ exchange, onChange, hasNetwork, now: () => Date.now(), random: () => 0.5 });
}

describe('the sync loop', () => {
  it('exchanges at once, then steadily, and stops for good', async () => {
    const exchange = vi.fn(async () => done);
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    expect(exchange).toHaveBeenCalledTimes(1);
    expect(loop.link.kind).toBe('linked');
    await vi.advanceTimersByTimeAsync(steadyMs * 3);
    expect(exchange).toHaveBeenCalledTimes(4);
    loop.stop();
    await vi.advanceTimersByTimeAsync(steadyMs * 10);
    expect(exchange).toHaveBeenCalledTimes(4);
  });

  it('sends soon after an entry, also one made during an exchange', async () => {
    let finish: (report: SyncReport) => void = () => undefined;
    const exchange = vi.fn(() => new Promise<SyncReport>((resolve) => (finish = resolve)));
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    expect(loop.isUnderWay).toBe(true);
    loop.nudge();
    finish(done);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(exchange).toHaveBeenCalledTimes(2);
    finish(done);
    await vi.advanceTimersByTimeAsync(0);
    loop.nudge();
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(exchange).toHaveBeenCalledTimes(3);
  });

  it('never runs two exchanges at once', async () => {
    const exchange = vi.fn(() => new Promise<SyncReport>(() => undefined));
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    void loop.syncNow();
    loop.nudge();
    loop.networkChanged();
    await vi.advanceTimersByTimeAsync(steadyMs * 20);
    expect(exchange).toHaveBeenCalledTimes(1);
  });

  it('leaves a relay alone for as long as it asks, whatever is entered, and then comes back', async () => {
    const busy = new RelayError('relay/busy', 'x', { details: { retryAfterSeconds: 20 } });
    const exchange = vi.fn(async () => (exchange.mock.calls.length === 1 ? Promise.reject(busy) : done));
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    loop.nudge();
    // Each till adds a share of its own, here half.
    await vi.advanceTimersByTimeAsync(29_900);
    expect(exchange).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(exchange).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(steadyMs);
    expect(exchange).toHaveBeenCalledTimes(3);
    loop.stop();
  });

  it('leaves a busy relay alone when the network comes back, as every other till does then', async () => {
    const busy = new RelayError('relay/busy', 'x', { details: { retryAfterSeconds: 20 } });
    const exchange = vi.fn(async () => Promise.reject(busy));
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    loop.networkChanged();
    await vi.advanceTimersByTimeAsync(1_000);
    loop.nudge();
    await vi.advanceTimersByTimeAsync(28_900);
    expect(exchange).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(exchange).toHaveBeenCalledTimes(2);
    loop.stop();
  });

  it('backs off while nobody answers, and an entry does not hurry it', async () => {
    const exchange = vi.fn(async () => Promise.reject(new RelayError('relay/unreachable', 'x')));
    const loop = start(exchange);
    await vi.advanceTimersByTimeAsync(0);
    expect(loop.link.kind).toBe('relay-unreachable');
    loop.nudge();
    await vi.advanceTimersByTimeAsync(nextDelayMs(1, 0.5) - 1);
    expect(exchange).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(exchange).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(nextDelayMs(2, 0.5));
    expect(exchange).toHaveBeenCalledTimes(3);
  });

  it('says from the start that there is no network', () => {
    expect(
      start(
        async () => done,
        () => false,
      ).link.kind,
    ).toBe('no-network');
    expect(start(async () => done).link.kind).toBe('connecting');
  });

  it('says at once that the network went, and goes on at once when it is back', async () => {
    let isOnline = true;
    const exchange = vi.fn(async () => done);
    const loop = start(exchange, () => isOnline);
    await vi.advanceTimersByTimeAsync(0);
    isOnline = false;
    loop.networkChanged();
    expect(loop.link.kind).toBe('no-network');
    isOnline = true;
    loop.networkChanged();
    await vi.advanceTimersByTimeAsync(0);
    expect(loop.link.kind).toBe('linked');
  });
});

describe('the wait before the next exchange', () => {
  it('grows to a minute and never below half of its step', () => {
    expect([1, 2, 3, 10, 100].map((failures) => nextDelayMs(failures, 0))).toEqual([
      1_000, 2_000, 4_000, 30_000, 30_000,
    ]);
    expect(nextDelayMs(100, 0.999_999)).toBeLessThanOrEqual(60_000);
  });
});
