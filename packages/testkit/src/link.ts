/** The network between one member and the relay: it loses, doubles and delays, and may be cut in one direction only. */
import { createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import type { Dice } from './dice.ts';
import type { Fetch } from './network.ts';

export interface Link {
  readonly client: RelayClient;
  /** Nothing gets through the ways that are cut: requests towards the relay, answers back. */
  cut(ways: { readonly requests: boolean; readonly answers: boolean }): void;
  /** One request or answer in so many is lost, and one request in so many arrives twice; 0 for none. */
  weather(oneIn: number): void;
  /** A request of some time ago arrives once more. */
  late(): Promise<void>;
  /** Whether a sync may fail for want of a network. */
  readonly isImpaired: boolean;
}

const KEPT = 16;
/** Streams of gzip take longer than all else of a small push, so only great ones go that way. */
const GZIP_FROM_BYTES = 1 << 16;

export function createLink(fetch: Fetch, dice: Dice): Link {
  let cut = { requests: false, answers: false };
  let lossy = 0;
  const sent: Request[] = [];
  const through = async (request: Request): Promise<Response> => {
    if (cut.requests || (lossy > 0 && dice.chance(lossy))) throw new TypeError('fetch failed: the request was lost');
    if (request.method !== 'GET') {
      sent.push(request.clone());
      if (sent.length > KEPT) sent.shift();
      if (lossy > 0 && dice.chance(lossy)) await fetch(request.clone());
    }
    const response = await fetch(request);
    if (cut.answers || (lossy > 0 && dice.chance(lossy))) throw new TypeError('fetch failed: the answer was lost');
    return response;
  };
  return {
    client: createRelayClient({
      url: 'http://relay.test',
      fetch: through,
      retry: { attempts: 3, baseMs: 1, random: () => 0 },
      gzipFromBytes: GZIP_FROM_BYTES,
    }),
    cut(ways) {
      cut = ways;
    },
    weather(oneIn) {
      lossy = oneIn;
    },
    async late() {
      const request = sent[dice.below(Math.max(1, sent.length))];
      if (request !== undefined) await fetch(request.clone());
    },
    get isImpaired() {
      return cut.requests || cut.answers || lossy > 0;
    },
  };
}
