// A loop that sleeps until there is something to do.
export interface Wake {
  wake(): void;
  /** Resolves when somebody woke it since the last time, after `ms`, or when `signal` fires. */
  next(ms: number, signal: AbortSignal): Promise<void>;
}

export function createWake(): Wake {
  let isAwake = false;
  let end = (): void => undefined;
  return {
    wake() {
      isAwake = true;
      end();
    },
    async next(ms, signal) {
      if (!isAwake && !signal.aborted)
        await new Promise<void>((done) => {
          const resolve = (): void => done();
          const timer = setTimeout(resolve, ms);
          signal.addEventListener('abort', resolve, { once: true });
          end = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', resolve);
            resolve();
          };
        });
      end();
      isAwake = false;
    },
  };
}
