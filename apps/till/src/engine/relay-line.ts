// The line of an open shop to its relay: where it is asked, what an exchange with it does beside the sync itself, and news that it brings. It comes beside a
// start, which shows the goods without it.
import type { SyncReport } from '@tallystick/kernel';
import type { Scope } from '@tallystick/oplog';
import { createRelayClient, type RelayClient } from '@tallystick/relay-protocol/client';
import { adoptCopied } from './adopt-copied.ts';
import { forgetReadAside } from './aside-unread.ts';
import type { OpenShop } from './open-shop.ts';
import { tearIsMended } from './torn-log.ts';

export type OnLine = Pick<OpenShop, 'book' | 'log' | 'clock' | 'persons'>;

export interface RelayLine {
  exchange(): Promise<SyncReport>;
  /** Resolves when the signal ends it; `onHeard` says whether the relay tells by itself what is new. */
  listen(options: ListenOptions): Promise<void>;
}

export interface ListenOptions {
  readonly signal: AbortSignal;
  readonly onHeard: (isOpen: boolean) => void;
  readonly onNews: () => void;
}

const exchangeTimeoutMs = 15_000;
/** From hearing of news to asking for them, at least. */
const newsMs = 250;
/** What an exchange ends in where the relay of the book is not the one that was asked. */
const elsewhere: ReadonlySet<string> = new Set(['relay/unreachable', 'kernel/relay-key', 'kernel/relay-moved']);

/** `url` is where the till was set up with it. */
export function openRelayLine({ book, log, clock, persons }: OnLine, url: string): RelayLine {
  const clientAt = (address: string): RelayClient => {
    const plain = createRelayClient({ url: address, retry: { attempts: 1, timeoutMs: exchangeTimeoutMs } });
    return {
      ...plain,
      push: async (...handedIn) => {
        const answer = await plain.push(...handedIn);
        clock.heard(answer.results);
        return answer;
      },
    };
  };
  // The book says where it went, where the relay that this till was set up with was replaced; the new one may have the address of the old one, and the one in the
  // book may not lead there from here.
  const addresses = (): string[] => [...new Set([book.status().relayAddress ?? url, url])];
  let turn = 0;
  let client = clientAt(addresses()[0] as string);
  return {
    exchange: async () => {
      const known = addresses();
      const address = known[turn % known.length] as string;
      if (address !== client.url) client = clientAt(address);
      try {
        const { value: report, isMore } = await persons.exchange(() => book.sync(client));
        await tearIsMended(log);
        await forgetReadAside(log, book.device);
        // What is adopted or said now is handed in at once.
        return (await adoptCopied(book)) || isMore ? await book.sync(client) : report;
      } catch (error) {
        if (elsewhere.has((error as { readonly code?: string }).code ?? '')) turn += 1;
        throw error;
      }
    },
    listen: ({ signal, onHeard, onNews }) => {
      const tell = ({ scope, size }: { scope: Scope; size: number }): void => {
        // What this till has just handed in is no news to it.
        if (!signal.aborted && book.log.tip(scope).size < size) onNews();
      };
      const asked = { ...client, tail: (...request: Parameters<RelayClient['tail']>) => client.tail(...request) };
      return book.listen(asked, {
        signal,
        // A fleet that hears the same does not ask at the same moment.
        onNews: (news) => setTimeout(tell, newsMs * (1 + Math.random()), news),
        onState: onHeard,
      });
    },
  };
}
