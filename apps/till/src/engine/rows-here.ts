// Which rows are here: all, but in a till that came back from a backup (later-rows.ts).
import type { OpenShop } from './open-shop.ts';
import type { TillBook } from './till-book.ts';

export interface LaterRows {
  readonly isComing: boolean;
  /** How much of them is here, in whole hundredths. */
  readonly percent: number;
  /** Why they could not be had when they were last asked for; they are asked for again now and then. */
  readonly fault: string | undefined;
  /** Whether a document came after all that are to come, so that everything of it is here. */
  isNewer(document: string): boolean;
  /** Resolves when every row is here, and asks for them now. Rejects where they cannot be had. */
  all(): Promise<void>;
  /** Nobody looks at the screen: a good time for them to come. */
  rest(): void;
  /** Somebody is at work. */
  entered(): void;
  stop(): void;
}

export const allHere: LaterRows = {
  isComing: false,
  percent: 100,
  fault: undefined,
  isNewer: () => true,
  all: () => Promise.resolve(),
  rest: () => undefined,
  entered: () => undefined,
  stop: () => undefined,
};

/** The book for what reads only of documents that came since. */
export function bookSince({ book, later }: Pick<OpenShop, 'book' | 'later'>): Pick<TillBook, 'device' | 'query'> {
  return later.isComing ? { device: book.device, query: (...asked) => book.queryHere(...asked) } : book;
}
