/** The network between one member and the relay: it loses, doubles and delays, and may be cut in one direction only. */
import { createRelayClient, type RelayClient } from '@tallystick/relay-protocol';
import type { Dice } from './dice.ts';
import { type Fetch, GZIP_FROM_BYTES } from './network.ts';

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

/** The request once more. */
type Resend = () => Request;

/** From its bytes: of two clones, each would be read through a stream that waits for the other. */
async function resendOf(request: Request): Promise<Resend> {
  const { url, method, headers, signal } = request;
  const body = await request.arrayBuffer();
  return () => new Request(url, { method, headers, body, signal });
}

export function createLink(fetch: Fetch, dice: Dice): Link {
  let cut = { requests: false, answers: false };
  let lossy = 0;
  const sent: Resend[] = [];
  const through = async (request: Request): Promise<Response> => {
    if (cut.requests || (lossy > 0 && dice.chance(lossy))) throw new TypeError('fetch failed: the request was lost');
    let arriving = request;
    if (request.method !== 'GET') {
      const again = await resendOf(request);
      sent.push(again);
      if (sent.length > KEPT) sent.shift();
      if (lossy > 0 && dice.chance(lossy)) await fetch(again());
      arriving = again();
    }
    const response = await fetch(arriving);
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
      const again = sent[dice.below(Math.max(1, sent.length))];
      if (again !== undefined) await fetch(again());
    },
    get isImpaired() {
      return cut.requests || cut.answers || lossy > 0;
    },
  };
}
