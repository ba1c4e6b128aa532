// Keeps the till in touch with its relay: soon after each entry, every few seconds otherwise, ever more rarely while nobody
// answers, at once when the network comes back. One exchange at a time; it never holds up a sale.
import type { SyncReport } from '@tallystick/kernel';
import { nextDelayMs, soonMs } from '../model/backoff.ts';
import { linkAfterFailure, linkAfterReport, retryAfterMs } from './link.ts';
import type { Link } from './port.ts';

export interface SyncLoopOptions {
  readonly exchange: () => Promise<SyncReport>;
  /** Called when an exchange begins, when it ends, and when the network goes or comes. */
  readonly onChange: (report: SyncReport | undefined) => void;
  readonly hasNetwork: () => boolean;
  readonly now: () => number;
  readonly random: () => number;
  /** Whether the relay says by itself when there is news. */
  readonly isHeard?: () => boolean;
  readonly onStop?: () => void;
}

export interface SyncLoop {
  readonly link: Link;
  readonly isUnderWay: boolean;
  readonly lastSyncAt: number | undefined;
  /** Something is to be sent, or to be fetched. */
  nudge(): void;
  /** The network came or went. */
  networkChanged(): void;
  /** An exchange now; resolves when it is over. */
  syncNow(): Promise<void>;
  stop(): void;
}

export function createSyncLoop(options: SyncLoopOptions): SyncLoop {
  const { exchange, onChange, hasNetwork, now, random, isHeard = () => false, onStop } = options;
  let link: Link = hasNetwork() ? { kind: 'connecting' } : { kind: 'no-network', since: now() };
  let lastSyncAt: number | undefined;
  let failures = 0;
  let underWay: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  let isNudged = false;
  /** Until when a relay that has too much to do asked to be left alone, by a clock that nobody puts back. */
  let busyUntil = 0;

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(() => void run(), Math.max(delayMs, busyUntil - performance.now()));
  }

  function run(): Promise<void> {
    underWay ??= exchangeOnce().finally(() => {
      underWay = undefined;
      schedule(isNudged && failures === 0 ? soonMs : nextDelayMs(failures, random(), isHeard()));
    });
    return underWay;
  }

  async function exchangeOnce(): Promise<void> {
    isNudged = false;
    busyUntil = 0;
    let report: SyncReport | undefined;
    const work = exchange();
    queueMicrotask(() => onChange(undefined));
    try {
      report = await work;
      failures = 0;
      lastSyncAt = now();
      link = linkAfterReport(report, lastSyncAt);
    } catch (error) {
      // A busy relay tells all the same: who comes back exactly then meets all others once more.
      busyUntil = performance.now() + retryAfterMs(error) * (1 + random());
      failures += 1;
      link = linkAfterFailure(error, link, hasNetwork(), now());
    }
    queueMicrotask(() => onChange(report));
  }

  schedule(0);
  return {
    get link() {
      return link;
    },
    get isUnderWay() {
      return underWay !== undefined;
    },
    get lastSyncAt() {
      return lastSyncAt;
    },
    nudge() {
      isNudged = true;
      if (underWay === undefined && failures === 0) schedule(soonMs);
    },
    networkChanged() {
      if (hasNetwork()) {
        failures = 0;
        schedule(0);
      } else {
        link = { kind: 'no-network', since: now() };
        onChange(undefined);
      }
    },
    syncNow: () => run(),
    stop() {
      isStopped = true;
      onStop?.();
      clearTimeout(timer);
    },
  };
}
