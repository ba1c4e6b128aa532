// One stream of server-sent events: written when its reader takes, a comment when there is nothing to say, and an end at a certain age.
import { RelayError } from './errors.ts';

interface Source {
  isEmpty(): boolean;
  /** Whole events, or '' where nothing is for this reader. Its error ends the stream, as an event of its own. */
  next(): Promise<string>;
}

export interface EventStream {
  /** There is something in the source. */
  wake(): void;
  end(): void;
  body(source: Source): ReadableStream<Uint8Array>;
}

const retryMs = 2_000;
const beat = ': beat\n\n';
const encoder = new TextEncoder();

/** `onEnd` is called once, whoever ended it: this side, the reader or its age. */
export function createEventStream(
  { tailBeatMs, tailLifeMs }: { readonly tailBeatMs: number; readonly tailLifeMs: number },
  onEnd: () => void,
): EventStream {
  let isOver = false;
  let resume = (): void => undefined;
  let close = (): void => undefined;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(age);
    resume();
    close();
    onEnd();
  };
  const age = setTimeout(end, tailLifeMs);
  // Counted from what was sent last, so that nobody learns from a beat that something grew which is not for him.
  let beatAtMs = performance.now() + tailBeatMs;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, beatAtMs - performance.now()));
      resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    wake: () => resume(),
    end,
    body: (source) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          close = () => controller.close();
          controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
        },
        async pull(controller) {
          try {
            let text = '';
            while (text === '') {
              if (source.isEmpty()) await pause();
              if (isOver) return;
              text = await source.next();
              if (text === '' && performance.now() >= beatAtMs) text = beat;
            }
            beatAtMs = performance.now() + tailBeatMs;
            if (!isOver) controller.enqueue(encoder.encode(text));
          } catch (error) {
            const code = error instanceof RelayError ? error.code : 'relay/failed';
            if (!isOver) controller.enqueue(encoder.encode(`event: refused\ndata: ${JSON.stringify({ code })}\n\n`));
            end();
          }
        },
        cancel() {
          close = () => undefined;
          end();
        },
      }),
  };
}
