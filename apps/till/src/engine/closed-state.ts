// The state of a till without an open book.
import type { Phase, TillState } from './port.ts';

export function closedState(phase: Phase): TillState {
  return {
    phase,
    link: { kind: 'alone' },
    session: undefined,
    today: undefined,
    isComing: false,
    comingPercent: 100,
    isCounting: false,
    comingFault: undefined,
    unsent: 0,
    lastSyncAt: undefined,
    storageFault: undefined,
    refused: 0,
    corrections: { count: 0, unseen: 0 },
    stop: undefined,
    isCopied: false,
    fiscal: undefined,
    relayFindings: [],
    torn: undefined,
    clock: 'fine',
    key: undefined,
    backup: undefined,
  };
}
