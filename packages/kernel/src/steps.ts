/**
 * Work on rows that goes on at once wherever what it needs is here, and waits only for what is not: whoever runs it knows where that is
 * (docs/decisions/103-what-is-seen-of-a-sync.md).
 */
import type { MaybePromise } from '@tallystick/oplog';

/** Yields what it needs, and is given it. */
export type Steps<T> = Generator<unknown, T, unknown>;

/** What a log, say, answers now or later. */
export function* answerOf<T>(answer: MaybePromise<T>): Steps<T> {
  return (yield answer) as T;
}

/** Runs it to its end, where nobody has to know of its waits. Before the first of them it has run when this returns. */
export async function finish<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    let { value } = step;
    if (value instanceof Promise) value = await value;
    step = steps.next(value);
  }
  return step.value;
}
